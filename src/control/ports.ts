import type { ChannelRecord, Tags } from '../domain/channel.ts';
import type { LiveStream } from '../domain/live-stream.ts';
import type { StreamKeyRecord } from '../domain/stream-key.ts';
import type { StreamSessionDetail, StreamSessionRecord } from '../domain/stream-session.ts';
import type { Tenant } from '../domain/tenant.ts';

/** Where a listing goes on: strictly after this row, in the listing's own order. Opaque to the caller of the API. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor for the next page; absent on the last. */
  readonly next?: string;
}

export interface ChannelFilter {
  readonly name?: string;
  readonly recordingConfigurationArn?: string;
  readonly playbackRestrictionPolicyArn?: string;
  readonly adConfigurationArn?: string;
}

/**
 * Records, durable: when a promise of a write resolves, the record survives a power cut. Each method is one
 * transaction. Listings are in creation order (ties by ARN), sessions newest first; a cursor stays valid over inserts, deletes and restarts.
 */
export interface ControlStore {
  /** Both in one transaction; 'quota-exceeded' when the tenant has `maxChannels` already. */
  createChannel(
    channel: ChannelRecord,
    streamKey: StreamKeyRecord,
    maxChannels: number,
  ): Promise<'created' | 'quota-exceeded'>;
  getChannel(arn: string): Promise<ChannelRecord | undefined>;
  getChannels(arns: readonly string[]): Promise<readonly ChannelRecord[]>;
  listChannels(
    tenant: Tenant,
    filter: ChannelFilter,
    page: PageRequest,
  ): Promise<Page<ChannelRecord>>;
  /** Reads, changes and writes in one transaction; what `change` throws is passed on and nothing is written. */
  updateChannel(
    arn: string,
    change: (current: ChannelRecord) => ChannelRecord,
  ): Promise<ChannelRecord | undefined>;
  /** The channel and its stream keys; its sessions stay. `false` where there was none. */
  deleteChannel(arn: string): Promise<boolean>;

  /** One key a channel, decided in the database. */
  createStreamKey(
    streamKey: StreamKeyRecord,
  ): Promise<'created' | 'channel-not-found' | 'quota-exceeded'>;
  getStreamKey(arn: string): Promise<StreamKeyRecord | undefined>;
  getStreamKeys(arns: readonly string[]): Promise<readonly StreamKeyRecord[]>;
  listStreamKeys(channelArn: string, page: PageRequest): Promise<Page<StreamKeyRecord>>;
  deleteStreamKey(arn: string): Promise<boolean>;

  /** `undefined` where no resource has the ARN. */
  getTags(arn: string): Promise<Tags | undefined>;
  /** As `updateChannel`, for any resource that has tags. */
  updateTags(arn: string, change: (current: Tags) => Tags): Promise<Tags | undefined>;

  /** The newest one where no stream id is given. */
  getStreamSession(
    channelArn: string,
    streamId: string | undefined,
  ): Promise<StreamSessionDetail | undefined>;
  listStreamSessions(
    channelArn: string,
    page: PageRequest & { readonly notEndedBeforeMs: number },
  ): Promise<Page<StreamSessionRecord>>;
  hasStreamSessions(channelArn: string): Promise<boolean>;
}

/** What is on air, and the one command the API has for it. Answers at once, from memory. */
export interface LiveControl {
  stream(channelArn: string): LiveStream | undefined;
  /** Oldest first; ties by stream id. */
  streams(tenant: Tenant): readonly LiveStream[];
  /** Whether a session exists on the channel, live or not yet: it can't be updated or deleted then. */
  hasSession(channelArn: string): boolean;
  /** Disconnects the encoder. Resolves when the stream has ended; `false` where there was none. */
  stop(channelArn: string): Promise<boolean>;
}
