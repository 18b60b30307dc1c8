import { formatArn } from '../../domain/arn.ts';
import type { ChannelRecord } from '../../domain/channel.ts';
import type { StreamEvent, StreamEventName } from '../../domain/events.ts';
import type { StreamKeyRecord } from '../../domain/stream-key.ts';
import type { IngestConfiguration, StreamSessionRecord } from '../../domain/stream-session.ts';

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
