import {
  badValue,
  readAccessKey,
  readBuckets,
  readChoice,
  readCores,
  readGigabytes,
  readHost,
  readIpRanges,
  readOrigin,
  readPair,
  readPattern,
  readPort,
  readQuotas,
  readWorkers,
} from './config-values.ts';
import type { IpRange } from './domain/iam/ip-range.ts';
import { raiseQuotas } from './domain/quota-changes.ts';
import { IVS_QUOTAS, type Quotas } from './domain/quotas.ts';
import { VIDEO_ENCODERS, type VideoEncoder } from './domain/video-encoder.ts';
import { closestName } from './lib/closest-name.ts';
import { LOG_LEVELS, type LogLevel, SETTINGS, type SettingName } from './settings.ts';

const RECORDING_PLAYBACKS = ['checked', 'all', 'off'] as const;

/** Read once at start and frozen; a change needs a restart. */
export interface Config {
  readonly dataDirectory: string;
  readonly host: string;
  /** Port 0, here and below, lets the system choose: for tests. */
  readonly httpPort: number;
  /** Absent: no HTTPS. Where it is not required, a port that is taken is no reason not to start. */
  readonly https?: { readonly port: number; readonly isRequired: boolean };
  readonly rtmpPort: number;
  readonly rtmpsPort: number;
  /** An origin, as viewers and encoders see it. Absent: `defaultPublicUrl` of the port that was really bound. */
  readonly publicUrl?: string;
  readonly accountId: string;
  /** Only shown, in the `export AWS_REGION` line and on the console: requests bring their own region. */
  readonly region: string;
  /** Absent: the one in the data directory. */
  readonly rootAccessKey?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Path of the keys beside root's. Absent: `access-keys.json` in the data directory, if it is there. */
  readonly accessKeysFile?: string;
  /** Proxies whose X-Forwarded-For says who a viewer is. */
  readonly trustedProxies: readonly IpRange[];
  /** Path of an .mmdb file. Absent: the one that comes along. */
  readonly countryDatabase?: string;
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
  /** Threads beside the main one. `auto`: one a core, at most 8, once there is much to do. */
  readonly workers: number | 'auto';
  /** Who may read `/metrics`: programs on this machine, anyone, no one. */
  readonly metrics: 'local' | 'public' | 'off';
  /** Path of the targets of events. Absent: `event-targets.json` in the data directory, if it is there. */
  readonly eventTargetsFile?: string;
  /** Who may read `/events`: programs on this machine, anyone, no one. */
  readonly events: 'local' | 'public' | 'off';
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
  /** Who may play recordings in directories: who may watch their channel, everybody, no one. */
  readonly recordingPlayback: (typeof RECORDING_PLAYBACKS)[number];
  readonly logLevel: LogLevel;
}

const REGION = /^[a-z0-9-]{1,64}$/;
const REGION_RULE = 'must be a region name such as us-east-1';

type Environment = Readonly<Record<string, string | undefined>>;
/** The text of a setting, where there is one. */
type Given = (name: SettingName) => string | undefined;

/**
 * The environment as a configuration, or a `ConfigError` for its first bad value.
 * `warnings`: one line for each `IVORY_` variable that is not a setting, and for settings that don't go together.
 */
export function readConfig(env: Environment): { config: Config; warnings: readonly string[] } {
  /** An empty variable is an absent one: that is how compose files and shells spell it. */
  const given: Given = (name) => env[name]?.trim() || undefined;

  const publicUrl = given('IVORY_PUBLIC_URL');
  const rootKey = pair('IVORY_ROOT_ACCESS_KEY_ID', 'IVORY_ROOT_SECRET_ACCESS_KEY', given);
  const certificate = pair('IVORY_TLS_CERT', 'IVORY_TLS_KEY', given);
  const transcoding = readTranscoding(given);
  const ports = {
    httpPort: readPort('IVORY_HTTP_PORT', given('IVORY_HTTP_PORT') ?? '8080'),
    rtmpPort: readPort('IVORY_RTMP_PORT', given('IVORY_RTMP_PORT') ?? '1935'),
    rtmpsPort: readPort('IVORY_RTMPS_PORT', given('IVORY_RTMPS_PORT') ?? '1936'),
  };
  const https = readHttps(
    given('IVORY_HTTPS_PORT'),
    certificate !== undefined,
    Object.values(ports),
  );
  const accessKeysFile = given('IVORY_ACCESS_KEYS_FILE');
  const eventTargetsFile = given('IVORY_EVENT_TARGETS_FILE');
  const countryDatabase = given('IVORY_COUNTRY_DATABASE');
  const isEmulator = readChoice('IVORY_EMULATOR', given('IVORY_EMULATOR'), ['off', 'on']) === 'on';
  const throttle = readChoice('IVORY_THROTTLE', given('IVORY_THROTTLE'), ['off', 'ivs']);

  const config: Config = Object.freeze({
    dataDirectory: given('IVORY_DATA_DIR') ?? './data',
    host: readHost('IVORY_HOST', given('IVORY_HOST') ?? '127.0.0.1'),
    ...ports,
    ...(https && { https: Object.freeze(https) }),
    ...(publicUrl && { publicUrl: readOrigin('IVORY_PUBLIC_URL', publicUrl) }),
    accountId: readPattern('IVORY_ACCOUNT_ID', given('IVORY_ACCOUNT_ID') ?? '000000000000', {
      pattern: /^[0-9]{12}$/,
      rule: 'must be 12 digits',
    }),
    region: readPattern('IVORY_REGION', given('IVORY_REGION') ?? 'us-east-1', {
      pattern: REGION,
      rule: REGION_RULE,
    }),
    ...(rootKey && { rootAccessKey: readAccessKey(...rootKey) }),
    ...(accessKeysFile && { accessKeysFile }),
    trustedProxies: readIpRanges('IVORY_TRUSTED_PROXIES', given('IVORY_TRUSTED_PROXIES')),
    ...(countryDatabase && { countryDatabase }),
    quotas: readQuotas(
      'IVORY_QUOTAS',
      isEmulator ? raiseQuotas(IVS_QUOTAS) : IVS_QUOTAS,
      given('IVORY_QUOTAS'),
    ),
    isThrottled: throttle === 'ivs',
    isEmulator,
    ...(certificate && {
      tls: Object.freeze({ certificatePath: certificate[0], keyPath: certificate[1] }),
    }),
    ...(transcoding && { transcoding }),
    workers: readWorkers('IVORY_WORKERS', given('IVORY_WORKERS') ?? 'auto'),
    metrics: readChoice('IVORY_METRICS', given('IVORY_METRICS'), ['local', 'public', 'off']),
    ...(eventTargetsFile && { eventTargetsFile }),
    events: readChoice('IVORY_EVENTS', given('IVORY_EVENTS'), ['local', 'public', 'off']),
    s3: readS3(given),
    spoolLimitBytes: readGigabytes('IVORY_SPOOL_LIMIT_GB', given('IVORY_SPOOL_LIMIT_GB') ?? '20'),
    recordingPlayback: readChoice(
      'IVORY_RECORDING_PLAYBACK',
      given('IVORY_RECORDING_PLAYBACK'),
      RECORDING_PLAYBACKS,
    ),
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

const DEFAULT_HTTPS_PORT = 8443;

/** Nobody who has not asked for HTTPS, by its port or by a certificate, is kept from starting by it. */
function readHttps(
  text: string | undefined,
  hasCertificate: boolean,
  otherPorts: readonly number[],
): Config['https'] {
  if (text === 'off') return undefined;
  if (text === undefined) {
    // Whoever gave the port to something else did not ask for HTTPS on it.
    if (otherPorts.includes(DEFAULT_HTTPS_PORT) && !hasCertificate) return undefined;
    return { port: DEFAULT_HTTPS_PORT, isRequired: hasCertificate };
  }
  const rule = 'must be a port number, 0 to 65535, or off';
  return { port: readPort('IVORY_HTTPS_PORT', text, rule), isRequired: true };
}

function pair(
  first: SettingName,
  second: SettingName,
  given: Given,
): readonly [string, string] | undefined {
  return readPair([first, given(first)], [second, given(second)]);
}

function readTranscoding(given: Given): Config['transcoding'] {
  const encoder = readChoice('IVORY_TRANSCODE', given('IVORY_TRANSCODE'), [
    ...VIDEO_ENCODERS,
    'off',
  ]);
  if (encoder === 'off') return undefined;
  const device = given('IVORY_TRANSCODE_DEVICE');
  const cores = given('IVORY_TRANSCODE_CORES');
  return Object.freeze({
    encoder,
    ...(device && { device }),
    ...(cores && { cores: readCores('IVORY_TRANSCODE_CORES', cores) }),
  });
}

function readS3(given: Given): Config['s3'] {
  const endpoint = given('IVORY_S3_ENDPOINT');
  const keys = pair('IVORY_S3_ACCESS_KEY_ID', 'IVORY_S3_SECRET_ACCESS_KEY', given);
  return Object.freeze({
    buckets: readBuckets('IVORY_S3_BUCKETS', given('IVORY_S3_BUCKETS')),
    ...(endpoint && { endpoint: readOrigin('IVORY_S3_ENDPOINT', endpoint) }),
    region: readPattern('IVORY_S3_REGION', given('IVORY_S3_REGION') ?? 'us-east-1', {
      pattern: REGION,
      rule: REGION_RULE,
    }),
    ...(keys && { credentials: Object.freeze({ accessKeyId: keys[0], secretAccessKey: keys[1] }) }),
  });
}

function requireLoopback({ host }: Config): void {
  if (/^(127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host)) return;
  throw badValue('IVORY_HOST', 'must be a loopback address with IVORY_EMULATOR=on', host);
}

function requireDistinctPorts({ httpPort, https, rtmpPort, rtmpsPort }: Config): void {
  const ports: readonly (readonly [SettingName, number])[] = [
    ['IVORY_HTTP_PORT', httpPort],
    ['IVORY_HTTPS_PORT', https?.isRequired ? https.port : 0],
    ['IVORY_RTMP_PORT', rtmpPort],
    ['IVORY_RTMPS_PORT', rtmpsPort],
  ];
  for (const [index, [name, port]] of ports.entries()) {
    const same = ports.slice(0, index).find(([, other]) => port !== 0 && other === port);
    if (same) throw badValue(name, `must differ from ${same[0]}`, String(port));
  }
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
