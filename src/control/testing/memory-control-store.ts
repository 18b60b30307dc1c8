import type { ChannelRecord, Tags } from '../../domain/channel.ts';
import type { StreamKeyRecord } from '../../domain/stream-key.ts';
import type { StreamSessionDetail } from '../../domain/stream-session.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { ChannelFilter, ControlStore, Page, PageRequest } from '../ports.ts';

/** A `ControlStore` for tests: the same promises, kept by a single thread instead of a database. */
export class MemoryControlStore implements ControlStore {
  readonly channels = new Map<string, ChannelRecord>();
  readonly streamKeys = new Map<string, StreamKeyRecord>();
  readonly sessions: StreamSessionDetail[] = [];

  async createChannel(channel: ChannelRecord, streamKey: StreamKeyRecord, maxChannels: number) {
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

  async getTags(arn: string) {
    return (this.channels.get(arn) ?? this.streamKeys.get(arn))?.tags;
  }

  async updateTags(arn: string, change: (current: Tags) => Tags) {
    const channel = this.channels.get(arn);
    if (channel) {
      const tags = change(channel.tags);
      this.channels.set(arn, { ...channel, tags });
      return tags;
    }
    const streamKey = this.streamKeys.get(arn);
    if (!streamKey) return undefined;
    const tags = change(streamKey.tags);
    this.streamKeys.set(arn, { ...streamKey, tags });
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

  #sessionsOf(channelArn: string): StreamSessionDetail[] {
    return this.sessions
      .filter((session) => session.channelArn === channelArn)
      .sort((a, b) => b.startTimeMs - a.startTimeMs);
  }
}

interface Created {
  readonly createdAtMs: number;
  readonly arn: string;
}

const isOf = (record: Tenant, tenant: Tenant): boolean =>
  record.accountId === tenant.accountId && record.region === tenant.region;

const sortableCursor = (value: number): string => String(value).padStart(16, '0');

const creationCursor = ({ createdAtMs, arn }: Created): string =>
  `${sortableCursor(createdAtMs)} ${arn}`;

const byCreation = (a: Created, b: Created): number =>
  creationCursor(a) < creationCursor(b) ? -1 : 1;

/** Items are in the order of their cursors. */
function pageOf<Item>(
  items: readonly Item[],
  cursorOf: (item: Item) => string,
  { limit, after = '' }: PageRequest,
): Page<Item> {
  const rest = items.filter((item) => cursorOf(item) > after);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return rest.length > limit && last ? { items: page, next: cursorOf(last) } : { items: page };
}
