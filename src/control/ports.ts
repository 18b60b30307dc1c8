import type { AdBreakRecord, AdConfigurationRecord } from '../domain/ad-configuration.ts';
import type { ChannelRecord, Tags } from '../domain/channel.ts';
import type { LiveStream } from '../domain/live-stream.ts';
import type { PlaybackKeyPairRecord } from '../domain/playback-key-pair.ts';
import type { PlaybackRestrictionPolicyRecord } from '../domain/playback-restriction-policy.ts';
import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import type { StreamKeyRecord } from '../domain/stream-key.ts';
import type { StreamSessionDetail, StreamSessionRecord } from '../domain/stream-session.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { ViewerSessionRevocation } from '../domain/viewer-session-revocation.ts';

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

/** The records of one kind of resource; quotas, uniqueness and use are decided in the database. */
export interface ResourceRecords<Resource> {
  /**
   * 'quota-exceeded': the tenant has `maxCount` already. 'already-exists': it has the same one, of a kind where none may be
   * there twice; of both reasons this is the one given.
   */
  create(
    resource: Resource,
    maxCount: number,
  ): Promise<'created' | 'already-exists' | 'quota-exceeded'>;
  get(arn: string): Promise<Resource | undefined>;
  list(tenant: Tenant, page: PageRequest): Promise<Page<Resource>>;
  /** As `updateChannel`. */
  update(arn: string, change: (current: Resource) => Resource): Promise<Resource | undefined>;
  /** 'in-use': a channel refers to it. */
  delete(arn: string): Promise<'deleted' | 'not-found' | 'in-use'>;
}

/**
 * Records, durable: when a promise of a write resolves, the record survives a power cut. Each method is one
 * transaction. Listings are in creation order (ties by ARN), sessions newest first; a cursor stays valid over inserts, deletes and restarts.
 */
export interface ControlStore {
  /**
   * Both in one transaction. 'quota-exceeded' when the tenant has `maxChannels` already; 'attachment-gone' when something that
   * the channel refers to does not exist.
   */
  createChannel(
    channel: ChannelRecord,
    streamKey: StreamKeyRecord,
    maxChannels: number,
  ): Promise<'created' | 'quota-exceeded' | 'attachment-gone'>;
  getChannel(arn: string): Promise<ChannelRecord | undefined>;
  getChannels(arns: readonly string[]): Promise<readonly ChannelRecord[]>;
  listChannels(
    tenant: Tenant,
    filter: ChannelFilter,
    page: PageRequest,
  ): Promise<Page<ChannelRecord>>;
  /**
   * Reads, changes and writes in one transaction; what `change` throws is passed on and nothing is written. `undefined`: there
   * is no such channel. 'attachment-gone': something that it would refer to does not exist.
   */
  updateChannel(
    arn: string,
    change: (current: ChannelRecord) => ChannelRecord,
  ): Promise<ChannelRecord | 'attachment-gone' | undefined>;
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

  /** A public key is there once for a tenant. */
  readonly playbackKeyPairs: ResourceRecords<PlaybackKeyPairRecord>;
  readonly playbackRestrictionPolicies: ResourceRecords<PlaybackRestrictionPolicyRecord>;
  readonly recordingConfigurations: ResourceRecords<RecordingConfigurationRecord>;
  readonly adConfigurations: ResourceRecords<AdConfigurationRecord>;
  /** Every tenant's that are in state CREATING. */
  creatingRecordingConfigurations(): Promise<readonly RecordingConfigurationRecord[]>;

  /** 'in-progress': the stream has an ad break that ends later than this one is inserted. */
  insertAdBreak(adBreak: AdBreakRecord): Promise<'inserted' | 'in-progress'>;

  /**
   * All in one transaction. Of several for a viewer the highest version counts. Returns those that were not taken: their
   * channel does not exist.
   */
  revokeViewerSessions(
    revocations: readonly ViewerSessionRevocation[],
  ): Promise<readonly ViewerSessionRevocation[]>;
  getViewerSessionRevocation(
    channelArn: string,
    viewerId: string,
  ): Promise<ViewerSessionRevocation | undefined>;

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

/** What is on air, and the commands the API has for it. Answers at once, from memory. */
export interface LiveControl {
  stream(channelArn: string): LiveStream | undefined;
  /** Oldest first; ties by stream id. */
  streams(tenant: Tenant): readonly LiveStream[];
  /** Whether a session exists on the channel, live or not yet: it can't be updated or deleted then. */
  hasSession(channelArn: string): boolean;
  /** Disconnects the encoder. Resolves when the stream has ended; `false` where there was none. */
  stop(channelArn: string): Promise<boolean>;
  /** Hands text of at most 1 KB to the stream, to be inserted at this moment. `false` where the channel is not live. */
  putMetadata(channelArn: string, metadata: string): boolean;
  /** Ends what a viewer is watching with the revoked versions of its tokens. */
  cutViewer(revocation: ViewerSessionRevocation): void;
}

/** Where recordings go. */
export interface RecordingBuckets {
  /** Writes to the bucket, reads that back and deletes it. Rejects where any of it can't be done. */
  probe(bucketName: string): Promise<void>;
}
