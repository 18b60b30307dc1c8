import { VIDEO_ENCODERS } from './domain/video-encoder.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

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
  {
    name: 'IVORY_HTTPS_PORT',
    default: '8443, if free',
    meaning: 'port of the same over HTTPS, with HTTP/2; off for none',
  },
  { name: 'IVORY_RTMP_PORT', default: '1935', meaning: 'port of RTMP ingest' },
  { name: 'IVORY_RTMPS_PORT', default: '1936', meaning: 'port of RTMPS ingest' },
  {
    name: 'IVORY_PUBLIC_URL',
    default: 'http://<host>:<HTTP port>',
    meaning: 'address that viewers and encoders reach this server by',
  },
  { name: 'IVORY_ACCOUNT_ID', default: '000000000000', meaning: 'AWS account id in ARNs and URLs' },
  {
    name: 'IVORY_REGION',
    default: 'us-east-1',
    meaning: 'region in the printed export lines and in the form of the console',
  },
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
    name: 'IVORY_TRUSTED_PROXIES',
    default: 'none',
    meaning: 'addresses and CIDR ranges of proxies whose X-Forwarded-For is believed',
  },
  {
    name: 'IVORY_COUNTRY_DATABASE',
    default: 'the one that comes along',
    meaning: 'MaxMind DB file that says which country an address is in',
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
    name: 'IVORY_WORKERS',
    default: 'auto',
    meaning:
      'threads beside the main one: auto (one a core, at most 8, once there is much to do), a number, or 0',
  },
  {
    name: 'IVORY_METRICS',
    default: 'local',
    meaning: 'who may read /metrics: local (programs on this machine), public or off',
  },
  {
    name: 'IVORY_EVENT_TARGETS_FILE',
    default: 'event-targets.json in the data directory, if there',
    meaning: 'file of the webhooks and event buses that events are delivered to',
  },
  {
    name: 'IVORY_EVENTS',
    default: 'local',
    meaning: 'who may read /events: local (programs on this machine), public or off',
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
  {
    name: 'IVORY_RECORDING_PLAYBACK',
    default: 'checked',
    meaning:
      'who may play recordings: checked (as who may watch the channel), all (whoever knows the URL) or off',
  },
  { name: 'IVORY_LOG_LEVEL', default: 'info', meaning: LOG_LEVELS.join(', ') },
] as const satisfies readonly Setting[];

export type SettingName = (typeof SETTINGS)[number]['name'];
