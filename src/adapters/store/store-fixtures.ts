import type { AdConfigurationRecord } from '../../domain/ad-configuration.ts';
import { formatArn, type ResourceType } from '../../domain/arn.ts';
import type { ChannelRecord, Tags } from '../../domain/channel.ts';
import type { StreamEvent, StreamEventName } from '../../domain/events.ts';
import type { PlaybackKeyPairRecord } from '../../domain/playback-key-pair.ts';
import type { PlaybackRestrictionPolicyRecord } from '../../domain/playback-restriction-policy.ts';
import type { RecordingConfigurationRecord } from '../../domain/recording-configuration.ts';
import type { StreamKeyRecord } from '../../domain/stream-key.ts';
import type { IngestConfiguration, StreamSessionRecord } from '../../domain/stream-session.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Store } from './sqlite-store.ts';

/** Records for tests of the store: everything that a test doesn't care about is filled in. */

export function channelOf(id: string, changes: Partial<ChannelRecord> = {}): ChannelRecord {
  const region = changes.region ?? 'us-west-2';
  const accountId = changes.accountId ?? '123456789012';
  return {
    arn: formatArn({ region, accountId, type: 'channel', id }),
    id,
    accountId,
    region,
    createdAtMs: 1_700_000_000_000,
    name: '',
    latencyMode: 'LOW',
    type: 'STANDARD',
    authorized: false,
    insecureIngest: false,
    preset: '',
    containerFormat: 'TS',
    recordingConfigurationArn: '',
    playbackRestrictionPolicyArn: '',
    adConfigurationArn: '',
    multitrackInputConfiguration: { enabled: false, policy: 'ALLOW', maximumResolution: 'FULL_HD' },
    srtPassphrase: 'a passphrase',
    tags: {},
    ...changes,
  };
}

/** One that is in the store, with its key: sessions begin on no other. */
export async function storedChannel(
  { controlStore }: Pick<Store, 'controlStore'>,
  id: string,
  changes: Partial<ChannelRecord> = {},
): Promise<ChannelRecord> {
  const channel = channelOf(id, changes);
  await controlStore.createChannel(channel, streamKeyOf(channel), Number.MAX_SAFE_INTEGER);
  return channel;
}

export function streamKeyOf(
  channel: ChannelRecord,
  changes: Partial<StreamKeyRecord> = {},
): StreamKeyRecord {
  const { region, accountId } = channel;
  const id = changes.id ?? `key${channel.id}`;
  return {
    arn: formatArn({ region, accountId, type: 'stream-key', id }),
    id,
    region,
    accountId,
    channelArn: channel.arn,
    value: `sk_${region}_${id}`,
    tags: {},
    createdAtMs: channel.createdAtMs,
    ...changes,
  };
}

export function sessionOf(
  channel: ChannelRecord,
  streamId: string,
  changes: Partial<StreamSessionRecord> = {},
): StreamSessionRecord {
  return {
    streamId,
    channelArn: channel.arn,
    startTimeMs: 1_700_000_000_000,
    hasErrorEvent: false,
    channel,
    ...changes,
  };
}

export const eventAt = (timeMs: number, name: StreamEventName): StreamEvent => ({ name, timeMs });

export const INGEST: IngestConfiguration = {
  video: {
    profile: 'High',
    level: '4.2',
    codec: 'avc1.64002A',
    encoder: 'Lavf58.45.100',
    targetBitrateBps: 8_789_062,
    targetFrameRate: 60,
    width: 1920,
    height: 1080,
  },
  audio: { codec: 'mp4a.40.2', targetBitrateBps: 160_000, sampleRate: 48_000, channelCount: 2 },
};

interface ResourceChanges extends Partial<Tenant> {
  readonly createdAtMs?: number;
  readonly name?: string;
  readonly tags?: Tags;
}

function resourceOf(type: ResourceType, id: string, changes: ResourceChanges) {
  const { region = 'us-west-2', accountId = '123456789012' } = changes;
  return {
    arn: formatArn({ region, accountId, type, id }),
    id,
    accountId,
    region,
    createdAtMs: changes.createdAtMs ?? 1_700_000_000_000,
    name: changes.name ?? '',
    tags: changes.tags ?? {},
  };
}

export function playbackKeyPairOf(
  id: string,
  changes: ResourceChanges & { readonly publicKeyPem?: string } = {},
): PlaybackKeyPairRecord {
  return {
    ...resourceOf('playback-key', id, changes),
    publicKeyPem: changes.publicKeyPem ?? `the public key ${id}`,
    fingerprint: '98:0d:1a:a0:19:96:1e:ea:0a:0a:2c:9a:42:19:2b:e7',
  };
}

export function playbackRestrictionPolicyOf(
  id: string,
  changes: ResourceChanges = {},
): PlaybackRestrictionPolicyRecord {
  return {
    ...resourceOf('playback-restriction-policy', id, changes),
    allowedCountries: ['CH', 'AT'],
    allowedOrigins: ['https://*.example.com'],
    enableStrictOriginEnforcement: true,
  };
}

export function recordingConfigurationOf(
  id: string,
  changes: ResourceChanges & Pick<Partial<RecordingConfigurationRecord>, 'state'> = {},
): RecordingConfigurationRecord {
  return {
    ...resourceOf('recording-configuration', id, changes),
    state: changes.state ?? 'ACTIVE',
    bucketName: 'my.bucket-1',
    recordingReconnectWindowSeconds: 60,
    thumbnailConfiguration: {
      recordingMode: 'INTERVAL',
      targetIntervalSeconds: 5,
      resolution: 'HD',
      storage: ['SEQUENTIAL', 'LATEST'],
    },
    renditionConfiguration: { renditionSelection: 'CUSTOM', renditions: ['SD', 'FULL_HD'] },
  };
}

export function adConfigurationOf(
  id: string,
  changes: ResourceChanges = {},
): AdConfigurationRecord {
  return {
    ...resourceOf('ad-configuration', id, changes),
    playbackConfigurationArns: [
      'arn:aws:mediatailor:us-west-2:123456789012:playbackConfiguration/a',
    ],
    postRollConfiguration: { enabled: true, durationSeconds: 30 },
  };
}
