import type { AdBreakRecord, AdConfigurationRecord } from '../../domain/ad-configuration.ts';
import { parseArn, type ResourceType } from '../../domain/arn.ts';
import type { ChannelRecord, Tags } from '../../domain/channel.ts';
import type { PlaybackKeyPairRecord } from '../../domain/playback-key-pair.ts';
import type { PlaybackRestrictionPolicyRecord } from '../../domain/playback-restriction-policy.ts';
import type { RecordingConfigurationRecord } from '../../domain/recording-configuration.ts';
import type { StreamKeyRecord } from '../../domain/stream-key.ts';
import type { StreamSessionDetail } from '../../domain/stream-session.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { ViewerSessionRevocation } from '../../domain/viewer-session-revocation.ts';
import type { ChannelFilter, ControlStore, PageRequest } from '../ports.ts';
import { byCreation, creationCursor, isOf, pageOf, sortableCursor } from './memory-page.ts';
import { MemoryResourceRecords } from './memory-resource-records.ts';

/** A `ControlStore` for tests: the same promises, kept by a single thread instead of a database. */
export class MemoryControlStore implements ControlStore {
  readonly channels = new Map<string, ChannelRecord>();
  readonly streamKeys = new Map<string, StreamKeyRecord>();
  readonly sessions: StreamSessionDetail[] = [];
  readonly adBreaks: AdBreakRecord[] = [];
  readonly revocations = new Map<string, ViewerSessionRevocation>();

  readonly playbackKeyPairs = new MemoryResourceRecords<PlaybackKeyPairRecord>({
    isSame: (a, b) => a.publicKeyPem === b.publicKeyPem,
  });
  readonly playbackRestrictionPolicies = new MemoryResourceRecords<PlaybackRestrictionPolicyRecord>(
    {
      isInUse: (arn) => this.#isReferredTo('playbackRestrictionPolicyArn', arn),
    },
  );
  readonly recordingConfigurations = new MemoryResourceRecords<RecordingConfigurationRecord>({
    isInUse: (arn) => this.#isReferredTo('recordingConfigurationArn', arn),
  });
  readonly adConfigurations = new MemoryResourceRecords<AdConfigurationRecord>({
    isInUse: (arn) => this.#isReferredTo('adConfigurationArn', arn),
  });

  async createChannel(channel: ChannelRecord, streamKey: StreamKeyRecord, maxChannels: number) {
    if (!this.#hasAttachments(channel)) return 'attachment-gone';
    const owned = [...this.channels.values()].filter((other) => isOf(other, channel));
    if (owned.length >= maxChannels) return 'quota-exceeded';
    this.channels.set(channel.arn, channel);
    this.streamKeys.set(streamKey.arn, streamKey);
    return 'created';
  }

  async getChannel(arn: string) {
    return this.channels.get(arn);
  }

  async getChannels(arns: readonly string[]) {
    return arns.flatMap((arn) => this.channels.get(arn) ?? []);
  }

  async listChannels(tenant: Tenant, filter: ChannelFilter, page: PageRequest) {
    const matching = [...this.channels.values()].filter(
      (channel) =>
        isOf(channel, tenant) &&
        Object.entries(filter).every(
          ([member, value]) => channel[member as keyof ChannelFilter] === value,
        ),
    );
    return pageOf(matching.sort(byCreation), creationCursor, page);
  }

  async updateChannel(arn: string, change: (current: ChannelRecord) => ChannelRecord) {
    const current = this.channels.get(arn);
    if (!current) return undefined;
    const changed = change(current);
    if (!this.#hasAttachments(changed)) return 'attachment-gone';
    this.channels.set(arn, changed);
    return changed;
  }

  async deleteChannel(arn: string) {
    for (const key of this.streamKeys.values()) {
      if (key.channelArn === arn) this.streamKeys.delete(key.arn);
    }
    return this.channels.delete(arn);
  }

  async createStreamKey(streamKey: StreamKeyRecord) {
    const { channelArn } = streamKey;
    if (!this.channels.has(channelArn)) return 'channel-not-found';
    const keys = [...this.streamKeys.values()];
    if (keys.some((key) => key.channelArn === channelArn)) return 'quota-exceeded';
    this.streamKeys.set(streamKey.arn, streamKey);
    return 'created';
  }

  async getStreamKey(arn: string) {
    return this.streamKeys.get(arn);
  }

  async getStreamKeys(arns: readonly string[]) {
    return arns.flatMap((arn) => this.streamKeys.get(arn) ?? []);
  }

  async listStreamKeys(channelArn: string, page: PageRequest) {
    const keys = [...this.streamKeys.values()].filter((key) => key.channelArn === channelArn);
    return pageOf(keys.sort(byCreation), creationCursor, page);
  }

  async deleteStreamKey(arn: string) {
    return this.streamKeys.delete(arn);
  }

  async creatingRecordingConfigurations() {
    const configurations = [...this.recordingConfigurations.byArn.values()];
    return configurations.filter(({ state }) => state === 'CREATING').sort(byCreation);
  }

  async insertAdBreak(adBreak: AdBreakRecord) {
    const isInProgress = this.adBreaks.some(
      ({ streamId, endsAtMs }) => streamId === adBreak.streamId && endsAtMs > adBreak.insertedAtMs,
    );
    if (isInProgress) return 'in-progress';
    this.adBreaks.push(adBreak);
    return 'inserted';
  }

  async revokeViewerSessions(revocations: readonly ViewerSessionRevocation[]) {
    for (const revocation of revocations) {
      const { channelArn, viewerId, versionsThrough } = revocation;
      if (!this.channels.has(channelArn)) continue;
      const key = `${channelArn} ${viewerId}`;
      const current = this.revocations.get(key);
      if (current && current.versionsThrough >= versionsThrough) continue;
      this.revocations.set(key, revocation);
    }
    return revocations.filter(({ channelArn }) => !this.channels.has(channelArn));
  }

  async getViewerSessionRevocation(channelArn: string, viewerId: string) {
    return this.revocations.get(`${channelArn} ${viewerId}`);
  }

  async getTags(arn: string) {
    return this.#tagged(arn)?.get(arn)?.tags;
  }

  async updateTags(arn: string, change: (current: Tags) => Tags) {
    const records = this.#tagged(arn);
    const current = records?.get(arn);
    if (!records || !current) return undefined;
    const tags = change(current.tags);
    records.set(arn, { ...current, tags });
    return tags;
  }

  async getStreamSession(channelArn: string, streamId: string | undefined) {
    return this.#sessionsOf(channelArn).find(
      (session) => streamId === undefined || session.streamId === streamId,
    );
  }

  async listStreamSessions(
    channelArn: string,
    { notEndedBeforeMs, ...page }: PageRequest & { readonly notEndedBeforeMs: number },
  ) {
    const listed = this.#sessionsOf(channelArn).filter(
      ({ endTimeMs = Number.POSITIVE_INFINITY }) => endTimeMs >= notEndedBeforeMs,
    );
    return pageOf(listed, ({ startTimeMs }) => sortableCursor(1e15 - startTimeMs), page);
  }

  async hasStreamSessions(channelArn: string) {
    return this.#sessionsOf(channelArn).length > 0;
  }

  #isReferredTo(member: keyof ChannelFilter, arn: string): boolean {
    return [...this.channels.values()].some((channel) => channel[member] === arn);
  }

  #hasAttachments(channel: ChannelRecord): boolean {
    const has = (arn: string, { byArn }: { readonly byArn: ReadonlyMap<string, unknown> }) =>
      arn === '' || byArn.has(arn);
    return (
      has(channel.recordingConfigurationArn, this.recordingConfigurations) &&
      has(channel.playbackRestrictionPolicyArn, this.playbackRestrictionPolicies) &&
      has(channel.adConfigurationArn, this.adConfigurations)
    );
  }

  #tagged(arn: string): Map<string, { readonly tags: Tags }> | undefined {
    const type = parseArn(arn)?.type;
    const records: Record<ResourceType, unknown> = {
      channel: this.channels,
      'stream-key': this.streamKeys,
      'playback-key': this.playbackKeyPairs.byArn,
      'playback-restriction-policy': this.playbackRestrictionPolicies.byArn,
      'recording-configuration': this.recordingConfigurations.byArn,
      'ad-configuration': this.adConfigurations.byArn,
    };
    return type && (records[type] as Map<string, { readonly tags: Tags }>);
  }

  #sessionsOf(channelArn: string): StreamSessionDetail[] {
    return this.sessions
      .filter((session) => session.channelArn === channelArn)
      .sort((a, b) => b.startTimeMs - a.startTimeMs);
  }
}
