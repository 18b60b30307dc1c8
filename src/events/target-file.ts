import {
  isObject,
  type JsonObject,
  type Report,
  readList,
  readText,
  reportOthers,
} from '../lib/json-members.ts';
import { type EventPattern, parseEventPattern } from './event-pattern.ts';
import { PatternError } from './value-test.ts';

interface CommonConfig {
  readonly name: string;
  /** Absent: every event. */
  readonly pattern: EventPattern | undefined;
  /** Of everything that was said about the target. It may hold secrets. */
  readonly fingerprint: string;
}

export interface WebhookConfig extends CommonConfig {
  readonly type: 'webhook';
  readonly url: string;
  /** The first signs; during a rotation the second does, too. */
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
}

export interface EventBridgeConfig extends CommonConfig {
  readonly type: 'eventbridge';
  readonly eventBusName: string;
  readonly region: string;
  /** What its events say that they come from. */
  readonly source: string;
  /** Absent: AWS. */
  readonly endpoint: string | undefined;
  /** Absent: where AWS's SDK looks for them. */
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string }
    | undefined;
}

export type TargetConfig = WebhookConfig | EventBridgeConfig;

const MAX_TARGETS = 100;
const NAME = /^[\w.-]{1,64}$/;
const MIN_SECRET_LENGTH = 16;
const MAX_SECRET_LENGTH = 256;
const MAX_SECRETS = 2;
const DEFAULT_TIMEOUT_SECONDS = 10;
const MAX_TIMEOUT_SECONDS = 60;
/** "PutEvents [...] Source: aws. is reserved": what comes from AWS itself. */
const DEFAULT_SOURCE = 'ivory.ivs';
const BUS_NAME = /^[/.\-_A-Za-z0-9:]{1,1600}$/;
const REGION = /^[a-z0-9-]{1,64}$/;

const COMMON = ['name', 'type', 'pattern'];
const MEMBERS: Readonly<Record<TargetConfig['type'], readonly string[]>> = {
  webhook: [...COMMON, 'url', 'secret', 'timeoutSeconds'],
  eventbridge: [
    ...COMMON,
    ...['eventBusName', 'region', 'endpoint', 'source', 'accessKeyId', 'secretAccessKey'],
  ],
};

/** Reads a file of targets, which `docs/events.md` describes, or one line for everything that is wrong with it. No line holds a secret. */
export function parseTargetFile(text: string): {
  readonly targets: readonly TargetConfig[];
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const report: Report = (path, problem) => void problems.push(`${path} ${problem}`);
  const targets: TargetConfig[] = [];
  for (const [i, entry] of readEntries(text, report).entries()) {
    const path = `targets[${i}]`;
    const target = readTarget(entry, path, report);
    if (!target) continue;
    if (targets.some(({ name }) => name === target.name)) {
      report(`${path}.name`, `${target.name} is there twice`);
    }
    targets.push(target);
  }
  return { targets, problems };
}

function readEntries(text: string, report: Report): readonly unknown[] {
  const entries = readList(text, 'targets', report);
  if (entries.length <= MAX_TARGETS) return entries;
  report('targets', `must be at most ${MAX_TARGETS}`);
  return [];
}

function readTarget(entry: unknown, path: string, report: Report): TargetConfig | undefined {
  if (!isObject(entry)) return report(path, 'must be an object');
  const { type } = entry;
  if (type !== 'webhook' && type !== 'eventbridge') {
    return report(`${path}.type`, 'must be webhook or eventbridge');
  }
  reportOthers(entry, MEMBERS[type], path, report);
  const name = readText(entry, 'name', {
    path,
    report,
    pattern: NAME,
    rule: 'must be 1 to 64 letters, digits or _.-',
  });
  const pattern = readPattern(entry['pattern'], `${path}.pattern`, report);
  const common = { name: name ?? '', pattern, fingerprint: JSON.stringify(entry) };
  return type === 'webhook'
    ? readWebhook(entry, common, path, report)
    : readEventBridge(entry, common, path, report);
}

function readWebhook(
  entry: JsonObject,
  common: CommonConfig,
  path: string,
  report: Report,
): WebhookConfig | undefined {
  const url = readUrl(entry['url'], `${path}.url`, report);
  const secrets = readSecrets(entry['secret'], `${path}.secret`, report);
  const timeout = entry['timeoutSeconds'] ?? DEFAULT_TIMEOUT_SECONDS;
  if (typeof timeout !== 'number' || !(timeout >= 1 && timeout <= MAX_TIMEOUT_SECONDS)) {
    return report(`${path}.timeoutSeconds`, `must be a number from 1 to ${MAX_TIMEOUT_SECONDS}`);
  }
  if (!common.name || !url || !secrets) return undefined;
  return { ...common, type: 'webhook', url, secrets, timeoutMs: timeout * 1000 };
}

function readEventBridge(
  entry: JsonObject,
  common: CommonConfig,
  path: string,
  report: Report,
): EventBridgeConfig | undefined {
  const text = (name: string, pattern: RegExp, rule: string, fallback?: string) =>
    readText(entry, name, { path, report, pattern, rule, fallback });
  const eventBusName = text('eventBusName', BUS_NAME, 'must be the name or ARN of an event bus');
  const region = text('region', REGION, 'must be a region name such as us-east-1');
  const source = text('source', /^.{1,256}$/, 'must be 1 to 256 characters', DEFAULT_SOURCE);
  const endpoint =
    entry['endpoint'] === undefined
      ? undefined
      : readUrl(entry['endpoint'], `${path}.endpoint`, report);
  const { accessKeyId, secretAccessKey } = entry;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    return report(path, 'must have accessKeyId and secretAccessKey, or neither');
  }
  const credentials =
    typeof accessKeyId === 'string' && typeof secretAccessKey === 'string'
      ? { accessKeyId, secretAccessKey }
      : undefined;
  if (accessKeyId !== undefined && !credentials) {
    return report(path, 'must have accessKeyId and secretAccessKey as texts');
  }
  if (!common.name || !eventBusName || !region || !source) return undefined;
  return { ...common, type: 'eventbridge', eventBusName, region, source, endpoint, credentials };
}

/** One secret, or the new one and the old one while receivers learn the new one. */
function readSecrets(value: unknown, path: string, report: Report): readonly string[] | undefined {
  const secrets: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isSecret = (secret: unknown): secret is string =>
    typeof secret === 'string' &&
    secret.length >= MIN_SECRET_LENGTH &&
    secret.length <= MAX_SECRET_LENGTH;
  if (secrets.length >= 1 && secrets.length <= MAX_SECRETS && secrets.every(isSecret))
    return secrets;
  return report(
    path,
    `must be a text of ${MIN_SECRET_LENGTH} to ${MAX_SECRET_LENGTH} characters, or two of them, the new one first`,
  );
}

/** Without a name and password in it: those would be in no header that a receiver could check. */
function readUrl(value: unknown, path: string, report: Report): string | undefined {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url && isWeb && url.username === '' && url.password === '') return url.href;
  return report(path, 'must be an http or https address without a user name');
}

function readPattern(value: unknown, path: string, report: Report): EventPattern | undefined {
  if (value === undefined) return undefined;
  try {
    return parseEventPattern(value, path);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return report(error.path, error.problem);
  }
}
