import { changeQuotas, raiseQuotas } from './domain/quota-changes.ts';
import { IVS_QUOTAS, type Quotas } from './domain/quotas.ts';
import { isBucketName } from './domain/recording-configuration.ts';
import { VIDEO_ENCODERS, type VideoEncoder } from './domain/video-encoder.ts';

/** A bad setting. The message is one line that names the variable, the rule and (unless secret) the value. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Read once at start and frozen; a change needs a restart. */
export interface Config {
  readonly dataDirectory: string;
  readonly host: string;
  /** Port 0, here and below, lets the system choose: for tests. */
  readonly httpPort: number;
  readonly rtmpPort: number;
  readonly rtmpsPort: number;
  /** An origin, as viewers and encoders see it. Absent: `defaultPublicUrl` of the port that was really bound. */
  readonly publicUrl?: string;
  readonly accountId: string;
  /** Only shown, in the `export AWS_REGION` line: requests bring their own region. */
  readonly region: string;
  /** Absent: the one in the data directory. */
  readonly rootAccessKey?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Path of the keys beside root's. Absent: `access-keys.json` in the data directory, if it is there. */
  readonly accessKeysFile?: string;
  readonly quotas: Quotas;
  /** Whether the call rates of IVS hold. */
  readonly isThrottled: boolean;
  /** Whether any credentials will do, and everything can be reset: for tests of programs that use IVS. */
  readonly isEmulator: boolean;
  /** Paths of PEM files. Absent: a certificate of Ivory's own making. */
  readonly tls?: { readonly certificatePath: string; readonly keyPath: string };
  /** Absent: switched off, every channel is passed through. */
  readonly transcoding?: {
    /** ffmpeg's name of the encoder. */
    readonly encoder: VideoEncoder;
    /** Of a hardware encoder, where there is more than one. */
    readonly device?: string;
    /** What all ladders together may use. Absent: all there are. */
    readonly cores?: number;
  };
  /** Where the buckets of recordings are that are no directories. */
  readonly s3: {
    /** `*` stands for all. */
    readonly buckets: readonly string[];
    /** Absent: AWS. */
    readonly endpoint?: string;
    readonly region: string;
    /** Absent: where AWS's SDK looks for them. */
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** What recordings may use of the disk until their buckets have them. */
  readonly spoolLimitBytes: number;
  readonly logLevel: LogLevel;
}

export interface Setting {
  readonly name: `IVORY_${string}`;
  /** What an absent or empty variable means, as the README shows it. */
  readonly default: string;
  readonly meaning: string;
}

/** Every setting there is. The README's table has exactly these rows. */
export const SETTINGS = [
  { name: 'IVORY_DATA_DIR', default: './data', meaning: 'directory of everything that is kept' },
  { name: 'IVORY_HOST', default: '127.0.0.1', meaning: 'address that every port binds to' },
  { name: 'IVORY_HTTP_PORT', default: '8080', meaning: 'port of the API, playback and watch page' },
  { name: 'IVORY_RTMP_PORT', default: '1935', meaning: 'port of RTMP ingest' },
  { name: 'IVORY_RTMPS_PORT', default: '1936', meaning: 'port of RTMPS ingest' },
  {
    name: 'IVORY_PUBLIC_URL',
    default: 'http://<host>:<HTTP port>',
    meaning: 'address that viewers and encoders reach this server by',
  },
  { name: 'IVORY_ACCOUNT_ID', default: '000000000000', meaning: 'AWS account id in ARNs and URLs' },
  { name: 'IVORY_REGION', default: 'us-east-1', meaning: 'region in the printed export lines' },
  {
    name: 'IVORY_ROOT_ACCESS_KEY_ID',
    default: 'made at first start',
    meaning: 'access key id of the account, with the next one',
  },
  {
    name: 'IVORY_ROOT_SECRET_ACCESS_KEY',
    default: 'made at first start',
    meaning: 'secret access key of the account',
  },
  {
    name: 'IVORY_ACCESS_KEYS_FILE',
    default: 'access-keys.json in the data directory, if there',
    meaning: 'file of further access keys and their policies',
  },
  {
    name: 'IVORY_QUOTAS',
    default: 'those of IVS',
    meaning: 'quotas that differ, e.g. channels=20000,recording-configurations=40',
  },
  { name: 'IVORY_THROTTLE', default: 'off', meaning: 'ivs enforces the call rates of IVS' },
  {
    name: 'IVORY_EMULATOR',
    default: 'off',
    meaning: 'on takes any credentials and can be reset: for tests, on loopback only',
  },
  {
    name: 'IVORY_TLS_CERT',
    default: 'made at first start',
    meaning: 'PEM file of the certificate chain, with the next one',
  },
  { name: 'IVORY_TLS_KEY', default: 'made at first start', meaning: 'PEM file of the private key' },
  {
    name: 'IVORY_TRANSCODE',
    default: 'libx264',
    meaning: `encoder of the ladders: ${VIDEO_ENCODERS.join(', ')}; off passes every channel through`,
  },
  {
    name: 'IVORY_TRANSCODE_DEVICE',
    default: 'the first',
    meaning: 'device of a hardware encoder, e.g. /dev/dri/renderD129',
  },
  {
    name: 'IVORY_TRANSCODE_CORES',
    default: 'all there are',
    meaning: 'CPU cores that all ladders together may use; streams beyond are refused',
  },
  {
    name: 'IVORY_S3_BUCKETS',
    default: 'none',
    meaning:
      'buckets of recordings that are in S3, separated by commas, or *; others are directories',
  },
  {
    name: 'IVORY_S3_ENDPOINT',
    default: 'AWS',
    meaning: 'address of another S3, e.g. http://127.0.0.1:9000',
  },
  { name: 'IVORY_S3_REGION', default: 'us-east-1', meaning: 'region of the S3 buckets' },
  {
    name: 'IVORY_S3_ACCESS_KEY_ID',
    default: "where AWS's SDK looks for it",
    meaning: 'access key id for S3, with the next one',
  },
  {
    name: 'IVORY_S3_SECRET_ACCESS_KEY',
    default: "where AWS's SDK looks for it",
    meaning: 'secret access key for S3',
  },
  {
    name: 'IVORY_SPOOL_LIMIT_GB',
    default: '20',
    meaning: 'disk space for what buckets have not taken yet; recordings beyond fail',
  },
  { name: 'IVORY_LOG_LEVEL', default: 'info', meaning: LOG_LEVELS.join(', ') },
] as const satisfies readonly Setting[];

const REGION = /^[a-z0-9-]{1,64}$/;
const REGION_RULE = 'must be a region name such as us-east-1';

type SettingName = (typeof SETTINGS)[number]['name'];
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment as a configuration, or a `ConfigError` for its first bad value.
 * `warnings`: one line for each `IVORY_` variable that is not a setting, and for settings that don't go together.
 */
export function readConfig(env: Environment): { config: Config; warnings: readonly string[] } {
  /** An empty variable is an absent one: that is how compose files and shells spell it. */
  const given = (name: SettingName): string | undefined => env[name]?.trim() || undefined;

  const publicUrl = given('IVORY_PUBLIC_URL');
  const accessKeyId = given('IVORY_ROOT_ACCESS_KEY_ID');
  const secretAccessKey = given('IVORY_ROOT_SECRET_ACCESS_KEY');
  const certificatePath = given('IVORY_TLS_CERT');
  const keyPath = given('IVORY_TLS_KEY');
  requireBothOrNone(
    'IVORY_ROOT_ACCESS_KEY_ID',
    accessKeyId,
    'IVORY_ROOT_SECRET_ACCESS_KEY',
    secretAccessKey,
  );
  const s3Endpoint = given('IVORY_S3_ENDPOINT');
  const s3AccessKeyId = given('IVORY_S3_ACCESS_KEY_ID');
  const s3SecretAccessKey = given('IVORY_S3_SECRET_ACCESS_KEY');
  requireBothOrNone(
    'IVORY_S3_ACCESS_KEY_ID',
    s3AccessKeyId,
    'IVORY_S3_SECRET_ACCESS_KEY',
    s3SecretAccessKey,
  );
  requireBothOrNone('IVORY_TLS_CERT', certificatePath, 'IVORY_TLS_KEY', keyPath);
  const transcode = readChoice('IVORY_TRANSCODE', given('IVORY_TRANSCODE'), [
    ...VIDEO_ENCODERS,
    'off',
  ]);
  const device = given('IVORY_TRANSCODE_DEVICE');
  const cores = given('IVORY_TRANSCODE_CORES');
  const accessKeysFile = given('IVORY_ACCESS_KEYS_FILE');
  const isEmulator = readChoice('IVORY_EMULATOR', given('IVORY_EMULATOR'), ['off', 'on']) === 'on';
  const throttle = readChoice('IVORY_THROTTLE', given('IVORY_THROTTLE'), ['off', 'ivs']);

  const config: Config = Object.freeze({
    dataDirectory: given('IVORY_DATA_DIR') ?? './data',
    host: readHost('IVORY_HOST', given('IVORY_HOST') ?? '127.0.0.1'),
    httpPort: readPort('IVORY_HTTP_PORT', given('IVORY_HTTP_PORT') ?? '8080'),
    rtmpPort: readPort('IVORY_RTMP_PORT', given('IVORY_RTMP_PORT') ?? '1935'),
    rtmpsPort: readPort('IVORY_RTMPS_PORT', given('IVORY_RTMPS_PORT') ?? '1936'),
    ...(publicUrl && { publicUrl: readOrigin('IVORY_PUBLIC_URL', publicUrl) }),
    accountId: readPattern('IVORY_ACCOUNT_ID', given('IVORY_ACCOUNT_ID') ?? '000000000000', {
      pattern: /^[0-9]{12}$/,
      rule: 'must be 12 digits',
    }),
    region: readPattern('IVORY_REGION', given('IVORY_REGION') ?? 'us-east-1', {
      pattern: REGION,
      rule: REGION_RULE,
    }),
    ...(accessKeyId &&
      secretAccessKey && { rootAccessKey: readAccessKey(accessKeyId, secretAccessKey) }),
    ...(accessKeysFile && { accessKeysFile }),
    quotas: readQuotas(
      'IVORY_QUOTAS',
      isEmulator ? raiseQuotas(IVS_QUOTAS) : IVS_QUOTAS,
      given('IVORY_QUOTAS'),
    ),
    isThrottled: throttle === 'ivs',
    isEmulator,
    ...(certificatePath && keyPath && { tls: Object.freeze({ certificatePath, keyPath }) }),
    ...(transcode !== 'off' && {
      transcoding: Object.freeze({
        encoder: transcode,
        ...(device && { device }),
        ...(cores && { cores: readCores('IVORY_TRANSCODE_CORES', cores) }),
      }),
    }),
    s3: Object.freeze({
      buckets: readBuckets('IVORY_S3_BUCKETS', given('IVORY_S3_BUCKETS')),
      ...(s3Endpoint && { endpoint: readOrigin('IVORY_S3_ENDPOINT', s3Endpoint) }),
      region: readPattern('IVORY_S3_REGION', given('IVORY_S3_REGION') ?? 'us-east-1', {
        pattern: REGION,
        rule: REGION_RULE,
      }),
      ...(s3AccessKeyId &&
        s3SecretAccessKey && {
          credentials: Object.freeze({
            accessKeyId: s3AccessKeyId,
            secretAccessKey: s3SecretAccessKey,
          }),
        }),
    }),
    spoolLimitBytes: readGigabytes('IVORY_SPOOL_LIMIT_GB', given('IVORY_SPOOL_LIMIT_GB') ?? '20'),
    logLevel: readChoice('IVORY_LOG_LEVEL', given('IVORY_LOG_LEVEL') ?? 'info', LOG_LEVELS),
  });
  requireDistinctPorts(config);
  if (isEmulator) requireLoopback(config);
  return { config, warnings: [...unknownSettings(env), ...unreachableUrls(config)] };
}

/** Where a server on `host` and `port` is reached from this machine; a wildcard address is reached by loopback. */
export function defaultPublicUrl(host: string, port: number): string {
  const reachable = isWildcard(host) ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Open to other machines, and the URLs in the API's answers lead each of them to itself. */
function unreachableUrls({ host, publicUrl }: Config): readonly string[] {
  if (!isWildcard(host) || publicUrl !== undefined) return [];
  return [
    `IVORY_HOST is ${host} and IVORY_PUBLIC_URL is not set: playbackUrl and ingestEndpoint say 127.0.0.1, which only this machine can use`,
  ];
}

function readPort(name: SettingName, text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65535)) throw badValue(name, 'must be a port number, 0 to 65535', text);
  return port;
}

function readCores(name: SettingName, text: string): number {
  const cores = /^[0-9]{1,4}(\.[0-9]{1,2})?$/.test(text) ? Number(text) : 0;
  if (cores === 0) throw badValue(name, 'must be a number above 0, e.g. 3.5', text);
  return cores;
}

function readGigabytes(name: SettingName, text: string): number {
  const count = /^[0-9]{1,6}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (count === 0) throw badValue(name, 'must be a number above 0, e.g. 20', text);
  return count * 1024 ** 3;
}

function readBuckets(name: SettingName, text: string | undefined): readonly string[] {
  const buckets = text?.split(',').map((bucket) => bucket.trim()) ?? [];
  const bad = buckets.find((bucket) => bucket !== '*' && !isBucketName(bucket));
  if (bad !== undefined) throw badValue(name, 'must be names of buckets, or *', bad);
  return Object.freeze(buckets);
}

function readHost(name: SettingName, text: string): string {
  const isName = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/.test(text);
  const isIpv6 = text.includes(':') && URL.canParse(`http://[${text}]`);
  if (!isName && !isIpv6) throw badValue(name, 'must be an IP address or a host name', text);
  return text;
}

function readOrigin(name: SettingName, text: string): string {
  const url = URL.parse(text);
  const isOrigin =
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.href === `${url.origin}/`;
  // `href` forgets an empty query or fragment.
  if (!isOrigin || /[?#]/.test(text)) {
    throw badValue(name, 'must be an http or https URL without user, path and query', text);
  }
  return url.origin;
}

function readPattern(
  name: SettingName,
  text: string,
  { pattern, rule }: { pattern: RegExp; rule: string },
): string {
  if (!pattern.test(text)) throw badValue(name, rule, text);
  return text;
}

function readAccessKey(accessKeyId: string, secretAccessKey: string) {
  // AWS's own shape of an access key id (IAM, AccessKey: 16 to 128 of [\w]); SDKs and proxies check it.
  if (!/^[A-Za-z0-9_]{16,128}$/.test(accessKeyId)) {
    throw badValue(
      'IVORY_ROOT_ACCESS_KEY_ID',
      'must be 16 to 128 letters, digits or _',
      accessKeyId,
    );
  }
  if (!/^[\x21-\x7e]{8,}$/.test(secretAccessKey)) {
    throw new ConfigError(
      'IVORY_ROOT_SECRET_ACCESS_KEY must be 8 or more printable ASCII characters without spaces',
    );
  }
  return Object.freeze({ accessKeyId, secretAccessKey });
}

/** The first choice is the default. */
function readChoice<const Choice extends string>(
  name: SettingName,
  text: string | undefined,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  if (text === undefined) return choices[0];
  const choice = choices.find((known) => known === text);
  if (!choice) throw badValue(name, `must be one of ${choices.join(', ')}`, text);
  return choice;
}

function readQuotas(name: SettingName, quotas: Quotas, changes: string | undefined): Quotas {
  if (changes === undefined) return Object.freeze({ ...quotas });
  try {
    return Object.freeze(changeQuotas(quotas, changes));
  } catch (error) {
    throw badValue(name, error instanceof Error ? error.message : String(error), changes);
  }
}

function requireLoopback({ host }: Config): void {
  if (/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host)) return;
  throw badValue('IVORY_HOST', 'must be a loopback address with IVORY_EMULATOR=on', host);
}

function requireBothOrNone(
  firstName: SettingName,
  first: string | undefined,
  secondName: SettingName,
  second: string | undefined,
): void {
  if (Boolean(first) === Boolean(second)) return;
  const [present, missing] = first ? [firstName, secondName] : [secondName, firstName];
  throw new ConfigError(`${missing} must be set because ${present} is: set both or none`);
}

function requireDistinctPorts({ httpPort, rtmpPort, rtmpsPort }: Config): void {
  const ports: readonly (readonly [SettingName, number])[] = [
    ['IVORY_HTTP_PORT', httpPort],
    ['IVORY_RTMP_PORT', rtmpPort],
    ['IVORY_RTMPS_PORT', rtmpsPort],
  ];
  for (const [index, [name, port]] of ports.entries()) {
    const same = ports.slice(0, index).find(([, other]) => port !== 0 && other === port);
    if (same) throw badValue(name, `must differ from ${same[0]}`, String(port));
  }
}

function badValue(name: SettingName, rule: string, value: string): ConfigError {
  return new ConfigError(`${name} ${rule}, got ${JSON.stringify(value)}`);
}

function unknownSettings(env: Environment): readonly string[] {
  const names: readonly string[] = SETTINGS.map((setting) => setting.name);
  return Object.keys(env)
    .filter((name) => name.startsWith('IVORY_') && !names.includes(name))
    .map((name) => {
      const closest = closestName(name, names);
      return `${name} is not a setting${closest ? `; did you mean ${closest}?` : ''}`;
    });
}

/** The nearest of `names`, where it is at most three typing errors away. */
function closestName(name: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best && best.distance <= 3 ? best.candidate : undefined;
}

/** Levenshtein's: insertions, deletions and replacements that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [row, character] of [...a].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...b].entries()) {
      current.push(
        Math.min(
          (previous[column] ?? 0) + (character === other ? 0 : 1),
          (previous[column + 1] ?? 0) + 1,
          (current[column] ?? 0) + 1,
        ),
      );
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
