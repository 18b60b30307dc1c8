import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPublicUrl, readConfig } from './config.ts';
import { ConfigError } from './config-values.ts';
import { raiseQuotas } from './domain/quota-changes.ts';
import { IVS_QUOTAS } from './domain/quotas.ts';
import { SETTINGS } from './settings.ts';

const DEFAULTS = {
  dataDirectory: './data',
  host: '127.0.0.1',
  httpPort: 8080,
  https: { port: 8443, isRequired: false },
  rtmpPort: 1935,
  rtmpsPort: 1936,
  accountId: '000000000000',
  region: 'us-east-1',
  trustedProxies: [],
  quotas: IVS_QUOTAS,
  isThrottled: false,
  isEmulator: false,
  transcoding: { encoder: 'libx264' },
  workers: 'auto',
  metrics: 'local',
  events: 'local',
  s3: { buckets: [], region: 'us-east-1' },
  spoolLimitBytes: 20 * 1024 ** 3,
  recordingPlayback: 'checked',
  logLevel: 'info',
};

test('readConfig() gives the defaults for absent and empty variables', () => {
  const empty = Object.fromEntries(SETTINGS.map(({ name }) => [name, '']));
  assert.deepEqual(readConfig({}), { config: DEFAULTS, warnings: [] });
  assert.deepEqual(readConfig(empty), { config: DEFAULTS, warnings: [] });
});

test('readConfig() reads every setting and freezes the result', () => {
  const { config } = readConfig({
    IVORY_DATA_DIR: '/srv/ivory data',
    IVORY_HOST: '::1',
    IVORY_HTTP_PORT: '0',
    IVORY_HTTPS_PORT: '8444',
    IVORY_RTMP_PORT: '0',
    IVORY_RTMPS_PORT: '443',
    IVORY_PUBLIC_URL: 'https://live.example:8443/',
    IVORY_ACCOUNT_ID: '123456789012',
    IVORY_REGION: 'eu-central-1',
    IVORY_ROOT_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    IVORY_ROOT_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    IVORY_ACCESS_KEYS_FILE: '/etc/keys.json',
    IVORY_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    IVORY_COUNTRY_DATABASE: '/srv/countries.mmdb',
    IVORY_QUOTAS: 'channels=7',
    IVORY_THROTTLE: 'ivs',
    IVORY_EMULATOR: 'on',
    IVORY_TLS_CERT: '/etc/cert.pem',
    IVORY_TLS_KEY: '/etc/key.pem',
    IVORY_TRANSCODE: 'h264_vaapi',
    IVORY_TRANSCODE_DEVICE: '/dev/dri/renderD129',
    IVORY_TRANSCODE_CORES: '3.5',
    IVORY_WORKERS: '3',
    IVORY_METRICS: 'public',
    IVORY_EVENT_TARGETS_FILE: '/etc/targets.json',
    IVORY_EVENTS: 'off',
    IVORY_S3_BUCKETS: 'one-bucket, another.bucket',
    IVORY_S3_ENDPOINT: 'http://127.0.0.1:9000',
    IVORY_S3_REGION: 'eu-west-1',
    IVORY_S3_ACCESS_KEY_ID: 'id',
    IVORY_S3_SECRET_ACCESS_KEY: 'secret',
    IVORY_SPOOL_LIMIT_GB: '0.5',
    IVORY_RECORDING_PLAYBACK: 'all',
    IVORY_LOG_LEVEL: 'debug',
  });
  assert.deepEqual(config, {
    dataDirectory: '/srv/ivory data',
    host: '::1',
    httpPort: 0,
    https: { port: 8444, isRequired: true },
    rtmpPort: 0,
    rtmpsPort: 443,
    publicUrl: 'https://live.example:8443',
    accountId: '123456789012',
    region: 'eu-central-1',
    rootAccessKey: {
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    },
    accessKeysFile: '/etc/keys.json',
    trustedProxies: [
      { address: 0xffff_0a00_0000n, prefixBits: 104 },
      { address: 1n, prefixBits: 128 },
    ],
    countryDatabase: '/srv/countries.mmdb',
    quotas: { ...raiseQuotas(IVS_QUOTAS), channels: 7 },
    isThrottled: true,
    isEmulator: true,
    tls: { certificatePath: '/etc/cert.pem', keyPath: '/etc/key.pem' },
    transcoding: { encoder: 'h264_vaapi', device: '/dev/dri/renderD129', cores: 3.5 },
    workers: 3,
    metrics: 'public',
    eventTargetsFile: '/etc/targets.json',
    events: 'off',
    s3: {
      buckets: ['one-bucket', 'another.bucket'],
      endpoint: 'http://127.0.0.1:9000',
      region: 'eu-west-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    },
    spoolLimitBytes: 512 * 1024 ** 2,
    recordingPlayback: 'all',
    logLevel: 'debug',
  });
  assert.ok(Object.isFrozen(config) && Object.isFrozen(config.rootAccessKey));
});

test('readConfig() requires the HTTPS port of whoever names it or brings a certificate, and turns it off', () => {
  const certificate = { IVORY_TLS_CERT: 'c.pem', IVORY_TLS_KEY: 'k.pem' };
  const httpsOf = (env: Record<string, string>) => readConfig(env).config.https;
  assert.deepEqual(httpsOf({}), { port: 8443, isRequired: false });
  assert.deepEqual(httpsOf(certificate), { port: 8443, isRequired: true });
  assert.deepEqual(httpsOf({ IVORY_HTTPS_PORT: '443' }), { port: 443, isRequired: true });
  assert.equal(httpsOf({ ...certificate, IVORY_HTTPS_PORT: 'off' }), undefined);
  for (const taken of ['IVORY_HTTP_PORT', 'IVORY_RTMP_PORT', 'IVORY_RTMPS_PORT']) {
    assert.equal(httpsOf({ [taken]: '8443' }), undefined, 'it is for something else');
  }
});

const BAD_VALUES: readonly (readonly [Record<string, string>, RegExp])[] = [
  [
    { IVORY_HTTP_PORT: '65536' },
    /^IVORY_HTTP_PORT must be a port number, 0 to 65535, got "65536"$/,
  ],
  [{ IVORY_HTTP_PORT: '-1' }, /^IVORY_HTTP_PORT must/],
  [{ IVORY_WORKERS: '65' }, /^IVORY_WORKERS must be auto or a number, 0 to 64, got "65"$/],
  [{ IVORY_WORKERS: 'all' }, /^IVORY_WORKERS must/],
  [{ IVORY_RTMP_PORT: '0x10' }, /^IVORY_RTMP_PORT must/],
  [{ IVORY_RTMPS_PORT: '19 36' }, /^IVORY_RTMPS_PORT must/],
  [{ IVORY_HTTPS_PORT: 'no' }, /^IVORY_HTTPS_PORT must be a port number, 0 to 65535, or off, got/],
  [{ IVORY_HTTPS_PORT: '8080' }, /^IVORY_HTTPS_PORT must differ from IVORY_HTTP_PORT, got/],
  [{ IVORY_RTMP_PORT: '8080' }, /^IVORY_RTMP_PORT must differ from IVORY_HTTP_PORT, got "8080"$/],
  [{ IVORY_HOST: 'http://x' }, /^IVORY_HOST must be an IP address or a host name, got/],
  [
    { IVORY_TRUSTED_PROXIES: '10.0.0.0/8,proxy' },
    /^IVORY_TRUSTED_PROXIES must be a list of addresses .*, got "proxy"$/,
  ],
  [{ IVORY_TRUSTED_PROXIES: '10.0.0.0/40' }, /^IVORY_TRUSTED_PROXIES must/],
  [{ IVORY_HOST: ':::' }, /^IVORY_HOST must/],
  [
    { IVORY_HOST: '300.1.1.1' },
    /^IVORY_HOST must be an IP address or a host name, got "300\.1\.1\.1"$/,
  ],
  [{ IVORY_HOST: '1.2.3.999' }, /^IVORY_HOST must/],
  [{ IVORY_HOST: 'live.300' }, /^IVORY_HOST must/],
  [{ IVORY_HOST: '0x7f.0x1' }, /^IVORY_HOST must/],
  [{ IVORY_HOST: '127.1' }, /^IVORY_HOST must/],
  [{ IVORY_HOST: '08.0.0.1' }, /^IVORY_HOST must/],
  [{ IVORY_PUBLIC_URL: 'live.example' }, /^IVORY_PUBLIC_URL must be an http or https URL/],
  [{ IVORY_PUBLIC_URL: 'rtmp://live.example' }, /^IVORY_PUBLIC_URL must/],
  [{ IVORY_PUBLIC_URL: 'http://live.example/path' }, /^IVORY_PUBLIC_URL must/],
  [{ IVORY_PUBLIC_URL: 'http://live.example?' }, /^IVORY_PUBLIC_URL must/],
  [{ IVORY_PUBLIC_URL: 'http://me:pw@live.example' }, /^IVORY_PUBLIC_URL must/],
  [{ IVORY_ACCOUNT_ID: '12345' }, /^IVORY_ACCOUNT_ID must be 12 digits, got "12345"$/],
  [{ IVORY_REGION: 'US East' }, /^IVORY_REGION must be a region name/],
  [{ IVORY_QUOTAS: 'channels=x' }, /^IVORY_QUOTAS must be a list of .*, got "channels=x"$/],
  [{ IVORY_THROTTLE: 'on' }, /^IVORY_THROTTLE must be one of off, ivs, got "on"$/],
  [{ IVORY_EMULATOR: 'yes' }, /^IVORY_EMULATOR must be one of off, on, got "yes"$/],
  [
    { IVORY_EMULATOR: 'on', IVORY_HOST: '0.0.0.0' },
    /^IVORY_HOST must be a loopback address with IVORY_EMULATOR=on, got "0.0.0.0"$/,
  ],
  [{ IVORY_S3_BUCKETS: 'a/b' }, /^IVORY_S3_BUCKETS must be names of buckets, or \*, got "a\/b"$/],
  [{ IVORY_S3_ACCESS_KEY_ID: 'id' }, /^IVORY_S3_SECRET_ACCESS_KEY must be set because/],
  [{ IVORY_SPOOL_LIMIT_GB: '0' }, /^IVORY_SPOOL_LIMIT_GB must be a number above 0/],
  [{ IVORY_LOG_LEVEL: 'loud' }, /^IVORY_LOG_LEVEL must be one of debug, info, .*, got "loud"$/],
  [
    { IVORY_ROOT_ACCESS_KEY_ID: 'A'.repeat(16) },
    /^IVORY_ROOT_SECRET_ACCESS_KEY must be set because/,
  ],
  [{ IVORY_TLS_KEY: 'k.pem' }, /^IVORY_TLS_CERT must be set because IVORY_TLS_KEY is/],
  [
    { IVORY_ROOT_ACCESS_KEY_ID: 'short', IVORY_ROOT_SECRET_ACCESS_KEY: 'long enough' },
    /^IVORY_ROOT_ACCESS_KEY_ID must be 16 to 128 letters, digits or _$/,
  ],
];

test('readConfig() takes names and addresses for a host', () => {
  for (const host of [
    'localhost',
    'live.example',
    '7.example',
    'node-4',
    '10.0.0.7',
    '::',
    '::1',
  ]) {
    assert.equal(readConfig({ IVORY_HOST: host }).config.host, host);
  }
});

test('readConfig() refuses a bad value in one line: variable, rule, value', () => {
  for (const [env, message] of BAD_VALUES) {
    assert.throws(
      () => readConfig(env),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  }
});

test('readConfig() does not print a secret, not even one in the wrong place', () => {
  const secret = 'hunter2/';
  for (const env of [
    { IVORY_ROOT_ACCESS_KEY_ID: 'A'.repeat(16), IVORY_ROOT_SECRET_ACCESS_KEY: 'hunter2' },
    { IVORY_ROOT_ACCESS_KEY_ID: secret, IVORY_ROOT_SECRET_ACCESS_KEY: 'A'.repeat(16) },
    { IVORY_S3_ENDPOINT: 'https://minio:hunter2@s3.internal:9000' },
    { IVORY_S3_ENDPOINT: 'minio:hunter2@s3.internal:9000' },
  ]) {
    assert.throws(
      () => readConfig(env),
      (error: Error) => error instanceof ConfigError && !error.message.includes('hunter2'),
    );
  }
});

test('readConfig() warns of a variable that is not a setting, with the one probably meant', () => {
  const { warnings } = readConfig({ IVORY_HTTP_PROT: '1', IVORY_COLOUR: 'red', HOME: '/' });
  assert.deepEqual(warnings, [
    'IVORY_HTTP_PROT is not a setting; did you mean IVORY_HTTP_PORT?',
    'IVORY_COLOUR is not a setting',
  ]);
});

test('defaultPublicUrl() is reachable from this machine', () => {
  assert.equal(defaultPublicUrl('127.0.0.1', 8080), 'http://127.0.0.1:8080');
  assert.equal(defaultPublicUrl('0.0.0.0', 8080), 'http://127.0.0.1:8080');
  assert.equal(defaultPublicUrl('::', 8080), 'http://127.0.0.1:8080');
  assert.equal(defaultPublicUrl('::1', 80), 'http://[::1]:80');
  assert.equal(defaultPublicUrl('ivory.local', 80), 'http://ivory.local:80');
});
