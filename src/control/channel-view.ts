import type * as v from 'valibot';
import type { ChannelRecord } from '../domain/channel.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { channel, channelSummary } from './shapes/channel.ts';

/** Where clients find the service; from configuration. */
export interface Endpoints {
  /** Host name without scheme or port, as IVS shows it. */
  readonly ingestHost: string;
  readonly srtHost: string;
  /** Without a slash at its end: `https://live.example.com`. */
  readonly playbackBaseUrl: string;
}

/** The URL of a channel's multivariant playlist. Players read region, account and channel from its path. */
export function playbackUrl(
  endpoints: Endpoints,
  { region, accountId }: Tenant,
  channelId: string,
): string {
  return `${endpoints.playbackBaseUrl}/api/video/v1/${region}.${accountId}.channel.${channelId}.m3u8`;
}

export function channelView(
  record: ChannelRecord,
  endpoints: Endpoints,
): v.InferOutput<typeof channel> {
  return {
    arn: record.arn,
    name: record.name,
    latencyMode: record.latencyMode,
    type: record.type,
    recordingConfigurationArn: record.recordingConfigurationArn,
    ingestEndpoint: endpoints.ingestHost,
    playbackUrl: playbackUrl(endpoints, record, record.id),
    authorized: record.authorized,
    tags: record.tags,
    insecureIngest: record.insecureIngest,
    preset: record.preset,
    srt: { endpoint: endpoints.srtHost, passphrase: record.srtPassphrase },
    playbackRestrictionPolicyArn: record.playbackRestrictionPolicyArn,
    multitrackInputConfiguration: record.multitrackInputConfiguration,
    containerFormat: record.containerFormat,
    adConfigurationArn: record.adConfigurationArn,
  };
}

export function channelSummaryView(record: ChannelRecord): v.InferOutput<typeof channelSummary> {
  return {
    arn: record.arn,
    name: record.name,
    latencyMode: record.latencyMode,
    authorized: record.authorized,
    recordingConfigurationArn: record.recordingConfigurationArn,
    tags: record.tags,
    insecureIngest: record.insecureIngest,
    type: record.type,
    preset: record.preset,
    playbackRestrictionPolicyArn: record.playbackRestrictionPolicyArn,
    adConfigurationArn: record.adConfigurationArn,
  };
}
