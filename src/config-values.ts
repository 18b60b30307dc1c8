import { type IpRange, parseIpRange } from './domain/iam/ip-range.ts';
import { changeQuotas } from './domain/quota-changes.ts';
import type { Quotas } from './domain/quotas.ts';
import { isBucketName } from './domain/recording-configuration.ts';

/** A bad setting. The message is one line that names the variable, the rule and (unless secret) the value. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

export function readPort(
  name: string,
  text: string,
  rule = 'must be a port number, 0 to 65535',
): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw badValue(name, rule, text);
  return port;
}

export function readCores(name: string, text: string): number {
  const cores = /^[0-9]{1,4}(\.[0-9]{1,2})?$/.test(text) ? Number(text) : 0;
  if (cores === 0) throw badValue(name, 'must be a number above 0, e.g. 3.5', text);
  return cores;
}

export function readWorkers(name: string, text: string): number | 'auto' {
  if (text === 'auto') return text;
  const count = /^[0-9]{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= 64)) throw badValue(name, 'must be auto or a number, 0 to 64', text);
  return count;
}

export function readHost(name: string, text: string): string {
  const isName = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/.test(text);
  const isIpv6 = text.includes(':') && URL.canParse(`http://[${text}]`);
  if (endsInNumber(text) ? !isIpv4(text) : !isName && !isIpv6) {
    throw badValue(name, 'must be an IP address or a host name', text);
  }
  return text;
}

/** Whatever is before it, URLs take such a host for an IPv4 address (URL Standard 3.5, "ends in a number"). */
const endsInNumber = (host: string): boolean => /^([^:]*\.)?([0-9]+|0[xX][0-9A-Fa-f]*)$/.test(host);

/** As it is written everywhere: URLs and the system do not agree on `127.1` and `010.0.0.1`. */
const isIpv4 = (host: string): boolean => URL.parse(`http://${host}`)?.hostname === host;

export function readOrigin(name: string, text: string): string {
  const url = URL.parse(text);
  const isOrigin =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.href === `${url.origin}/`;
  // `href` forgets an empty query or fragment.
  if (!isOrigin || /[?#]/.test(text)) {
    const rule = 'must be an http or https URL without user, path and query';
    // A password, where there is one, stands before the @.
    throw badValue(name, rule, text.replace(/^.*@/s, '***@'));
  }
  return url.origin;
}

export function readPattern(
  name: string,
  text: string,
  { pattern, rule }: { pattern: RegExp; rule: string },
): string {
  if (!pattern.test(text)) throw badValue(name, rule, text);
  return text;
}

export function readAccessKey(accessKeyId: string, secretAccessKey: string) {
  // AWS's own shape of an access key id (IAM, AccessKey: 16 to 128 of [\w]); SDKs and proxies check it.
  if (!/^[A-Za-z0-9_]{16,128}$/.test(accessKeyId)) {
    // Without the value: it may be the secret, where the two were exchanged.
    throw new ConfigError('IVORY_ROOT_ACCESS_KEY_ID must be 16 to 128 letters, digits or _');
  }
  if (!/^[\x21-\x7e]{8,}$/.test(secretAccessKey)) {
    throw new ConfigError(
      'IVORY_ROOT_SECRET_ACCESS_KEY must be 8 or more printable ASCII characters without spaces',
    );
  }
  return Object.freeze({ accessKeyId, secretAccessKey });
}

/** The first choice is the default. */
export function readChoice<const Choice extends string>(
  name: string,
  text: string | undefined,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  if (text === undefined) return choices[0];
  const choice = choices.find((known) => known === text);
  if (!choice) throw badValue(name, `must be one of ${choices.join(', ')}`, text);
  return choice;
}

export function readIpRanges(name: string, text: string | undefined): readonly IpRange[] {
  const items = text?.split(',').map((item) => item.trim()) ?? [];
  return Object.freeze(
    items.map((item) => {
      const range = parseIpRange(item);
      if (!range) {
        throw badValue(
          name,
          'must be a list of addresses and CIDR ranges such as 10.0.0.0/8',
          item,
        );
      }
      return range;
    }),
  );
}

export function readQuotas(name: string, quotas: Quotas, changes: string | undefined): Quotas {
  if (changes === undefined) return Object.freeze({ ...quotas });
  try {
    return Object.freeze(changeQuotas(quotas, changes));
  } catch (error) {
    throw badValue(name, error instanceof Error ? error.message : String(error), changes);
  }
}

/** Two settings of which neither means anything alone. `undefined`: neither is set. */
export function readPair(
  [firstName, first]: readonly [name: string, text: string | undefined],
  [secondName, second]: readonly [name: string, text: string | undefined],
): readonly [string, string] | undefined {
  if (first && second) return [first, second];
  if (!first && !second) return undefined;
  const [present, missing] = first ? [firstName, secondName] : [secondName, firstName];
  throw new ConfigError(`${missing} must be set because ${present} is: set both or none`);
}

export function badValue(name: string, rule: string, value: string): ConfigError {
  return new ConfigError(`${name} ${rule}, got ${JSON.stringify(value)}`);
}

export function readGigabytes(name: string, text: string): number {
  const count = /^[0-9]{1,6}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (count === 0) throw badValue(name, 'must be a number above 0, e.g. 20', text);
  return count * 1024 ** 3;
}

export function readBuckets(name: string, text: string | undefined): readonly string[] {
  const buckets = text?.split(',').map((bucket) => bucket.trim()) ?? [];
  const bad = buckets.find((bucket) => bucket !== '*' && !isBucketName(bucket));
  if (bad !== undefined) throw badValue(name, 'must be names of buckets, or *', bad);
  return Object.freeze(buckets);
}
