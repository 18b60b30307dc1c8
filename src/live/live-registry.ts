import type { StreamSource } from '../delivery/on-air.ts';
import type { ConcurrentViews } from '../delivery/ports.ts';
import { formatArn } from '../domain/arn.ts';
import type { ChannelRecord } from '../domain/channel.ts';
import { ChannelChanged } from '../domain/channel-changed.ts';
import { TRANSCODE_CAPACITY_EXCEEDED } from '../domain/events.ts';
import { newStreamId, type RandomBytes, randomAlphanumeric } from '../domain/identifiers.ts';
import type { LiveStream } from '../domain/live-stream.ts';
import type { Quotas } from '../domain/quotas.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { ViewerSessionRevocation } from '../domain/viewer-session-revocation.ts';
import type {
  DisconnectReason,
  PublishDecision,
  PublishGate,
  PublishRefusal,
  PublishRequest,
} from '../ingest/publishing.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import { StallMeter } from '../lib/stall-meter.ts';
import { AccountLimits } from './account-limits.ts';
import type { Transcoding } from './channel-renditions.ts';
import { ChannelsOnAir } from './channels-on-air.ts';
import { HistoryWriter } from './history-writer.ts';
import { LiveChannel } from './live-channel.ts';
import type { ChannelDirectory, SessionLog, StreamRecorder, StreamViewers } from './ports.ts';
import { StreamFigures } from './stream-figures.ts';

const TICK_MS = 1000;

/** How exactly a session's end is known after a crash. */
const HEARTBEAT_MS = 5000;

/** 22 letters and digits: 130 bits. */
const PLAYBACK_ID_LENGTH = 22;

/** Every channel on air: who may publish to it, what the API (`control/ports.ts`, LiveControl) and viewers ask of it. */
export class LiveRegistry implements PublishGate, StreamSource, ConcurrentViews {
  readonly figures: StreamFigures;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #random: RandomBytes;
  readonly #directory: ChannelDirectory;
  readonly #sessionLog: SessionLog;
  readonly #historyWriter: HistoryWriter;
  readonly #viewers: StreamViewers;
  readonly #payloads: SlabPool;
  #transcoding: Transcoding | undefined;
  readonly #transcodingKnown: Promise<void>;
  readonly #recorder: StreamRecorder | undefined;
  readonly #concurrentStreams: number;
  readonly #limits: AccountLimits;
  readonly #channels: ChannelsOnAir;
  /** Sessions that are being written, by channel ARN: each resolves once it is known whether its stream begins. */
  readonly #opening = new Map<string, Promise<void>>();
  /** Of sessions that never begin, until they are written down. */
  readonly #refusals = new Set<Promise<void>>();
  readonly #cancelTimers: readonly CancelTimer[];
  #isClosing = false;
  readonly #stalls: StallMeter;

  constructor(options: {
    readonly clock: Clock;
    readonly log: Logger;
    readonly random: RandomBytes;
    readonly directory: ChannelDirectory;
    readonly sessionLog: SessionLog;
    readonly viewers: StreamViewers;
    readonly payloads: SlabPool;
    /** Encoders wait until it is known. Absent: every channel is passed through, whatever its type. */
    readonly transcoding?: Promise<Transcoding | undefined> | Transcoding | undefined;
    /** Absent: nothing is recorded. */
    readonly recorder?: StreamRecorder;
    readonly quotas: Pick<Quotas, 'concurrentStreams'>;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#random = options.random;
    this.#directory = options.directory;
    this.#sessionLog = options.sessionLog;
    this.#historyWriter = new HistoryWriter(options.clock);
    this.#viewers = options.viewers;
    this.#payloads = options.payloads;
    this.#channels = new ChannelsOnAir(options.clock, (live) => {
      this.#viewers.forget(live.playbackId);
      live.release();
    });
    this.figures = new StreamFigures(this.#channels, options.viewers);
    this.#transcodingKnown = Promise.resolve(options.transcoding).then((transcoding) => {
      this.#transcoding = transcoding;
    });
    this.#recorder = options.recorder;
    this.#concurrentStreams = options.quotas.concurrentStreams;
    this.#limits = new AccountLimits(options);
    this.#stalls = new StallMeter(options.clock, TICK_MS);
    this.#cancelTimers = [
      this.#clock.every(TICK_MS, () => this.#tick()),
      this.#clock.every(HEARTBEAT_MS, () => this.#heartbeat()),
    ];
  }

  // --- encoders

  async publish(request: PublishRequest): Promise<PublishDecision> {
    let found: ChannelRecord | undefined;
    try {
      await this.#transcodingKnown;
      found = await this.#directory.findChannelByStreamKey(request.streamKey);
    } catch (error) {
      const { connectionId: connection } = request;
      this.#log.error({ connection, err: error }, 'cannot look up the stream key of an encoder');
      return refused('service-unavailable');
    }
    if (this.#isClosing) return refused('service-unavailable');
    if (!found) return refused('unknown-stream-key');
    if (request.protocol === 'rtmp' && !found.insecureIngest) {
      return refused('insecure-ingest-not-allowed', found);
    }
    const opening = this.#opening.get(found.arn);
    if (opening) {
      await opening;
      return this.publish(request);
    }
    const current = this.#channels.get(found.arn);
    // Nothing awaits between the look-up above and taking the place: two encoders can't both get it.
    if (current) return this.#join(current, request);
    if (this.#isOverQuota(found)) return refused('concurrent-streams', found);
    if (this.#transcoding?.admission.hasRoom === false && found.type !== 'BASIC') {
      return this.#refuse(found);
    }
    return this.#begin(found, request);
  }

  #join(live: LiveChannel, request: PublishRequest): PublishDecision {
    const outcome = live.join(request);
    if (outcome === undefined) return refused('channel-already-live', live.channel);
    if (typeof outcome === 'object') return { accepted: true, publication: outcome };
    const isLimit = outcome === 'StreamTakeoverLimitBreached';
    return refused(isLimit ? 'takeover-limit' : 'takeover-invalid-priority', live.channel);
  }

  /** An account has so many streams on air in a region. IVS tells of it account-wide: no session is made. */
  #isOverQuota({ accountId, region }: ChannelRecord): boolean {
    const limitValue = this.#concurrentStreams;
    return this.#limits.isExceeded(
      { accountId, region },
      { limitName: 'Concurrent Broadcasts', limitUnit: 'active streams', limitValue },
      this.#channels.of({ accountId, region }).reduce((count) => count + 1, 1),
    );
  }

  /** The session says why it did not begin. */
  async #refuse(channel: ChannelRecord): Promise<PublishDecision> {
    const refusal = this.#newStream(channel).refuse(TRANSCODE_CAPACITY_EXCEEDED);
    this.#refusals.add(refusal);
    try {
      await refusal;
    } catch (error) {
      this.#log.error({ channel: channel.arn, err: error }, 'cannot write down a refused session');
    } finally {
      this.#refusals.delete(refusal);
    }
    return refused('transcode-capacity', channel);
  }

  #newStream(channel: ChannelRecord): LiveChannel {
    return new LiveChannel({
      channel,
      streamId: newStreamId(this.#random),
      playbackId: randomAlphanumeric(PLAYBACK_ID_LENGTH, this.#random),
      boundPlaybackId: randomAlphanumeric(PLAYBACK_ID_LENGTH, this.#random),
      clock: this.#clock,
      log: this.#log,
      sessionLog: this.#sessionLog,
      historyWriter: this.#historyWriter,
      payloads: this.#payloads,
      transcoding: this.#transcoding,
      recorder: this.#recorder,
      onEnded: (ended) => this.#channels.ended(ended),
    });
  }

  async #begin(channel: ChannelRecord, request: PublishRequest): Promise<PublishDecision> {
    const live = this.#newStream(channel);
    const publication = live.attach(request);
    this.#channels.add(live);
    const { promise: opening, resolve: isOpened } = Promise.withResolvers<void>();
    this.#opening.set(channel.arn, opening);
    const failure = await live.open().then(
      () => undefined,
      (error: Error) => error,
    );
    // Who waits goes on behind what follows here, up to the next `await`.
    this.#opening.delete(channel.arn);
    isOpened();
    if (failure === undefined) return { accepted: true, publication };
    this.#channels.forget(live);
    if (failure instanceof ChannelChanged && !live.isEnded) return this.publish(request);
    const { channelArn, streamId: stream } = live;
    this.#log.error({ channel: channelArn, stream, err: failure }, 'cannot write down a session');
    return refused('service-unavailable', channel);
  }

  // --- the API

  stream(channelArn: string): LiveStream | undefined {
    const live = this.#channels.get(channelArn);
    return live?.isLive ? this.#show(live) : undefined;
  }

  streams(tenant: Tenant): readonly LiveStream[] {
    return this.#channels
      .of(tenant)
      .filter((live) => live.isLive)
      .map((live) => this.#show(live))
      .toArray()
      .sort((a, b) => a.startTimeMs - b.startTimeMs || (a.streamId < b.streamId ? -1 : 1));
  }

  hasSession(channelArn: string): boolean {
    return this.#channels.get(channelArn) !== undefined;
  }

  async stop(channelArn: string): Promise<boolean> {
    const live = this.#channels.get(channelArn);
    if (!live) return false;
    await live.stop('stopped-by-api');
    return true;
  }

  putMetadata(channelArn: string, metadata: string): boolean {
    const live = this.#channels.get(channelArn);
    if (!live?.isLive) return false;
    live.putMetadata(metadata);
    return true;
  }

  cutViewer({ channelArn, viewerId, versionsThrough }: ViewerSessionRevocation): void {
    for (const live of this.#channels.allServed()) {
      if (live.channelArn !== channelArn) continue;
      this.#viewers.cutViewer(live.playbackId, viewerId, versionsThrough);
    }
  }

  /** Resolves when the ends are written down. */
  async stopAll(reason: DisconnectReason = 'stopped-by-api'): Promise<void> {
    await Promise.all([...this.#channels.all()].map((live) => live.stop(reason)));
  }

  /** As if no limit of an account had ever been breached. */
  forgetBreaches(): void {
    this.#limits.forget();
  }

  // --- viewers

  onAir(tenant: Tenant, channelId: string): LiveChannel | undefined {
    return this.#channels.get(formatArn({ ...tenant, type: 'channel', id: channelId }));
  }

  countViews(tenant: Tenant): number {
    const views = (live: LiveChannel) => this.#viewers.countPresent(live.playbackId);
    return this.#channels.of(tenant).reduce((sum, live) => sum + views(live), 0);
  }

  observeViews(tenant: Tenant, wanted: number, limitValue: number): void {
    const limit = { limitName: 'Concurrent Viewers', limitUnit: 'viewers', limitValue } as const;
    this.#limits.isExceeded(tenant, limit, wanted);
  }

  byPlaybackId(playbackId: string): LiveChannel | undefined {
    return this.#channels.byPlaybackId(playbackId);
  }

  /** Ends every stream, in the order they came on air. Encoders that come meanwhile are refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    for (const cancel of this.#cancelTimers) cancel();
    const ending = [...this.#channels.allServed()];
    await this.stopAll('shutting-down');
    await Promise.allSettled(this.#refusals);
    await Promise.all(ending.filter((live) => live.isEnded).map((live) => live.closed));
  }

  #show(live: LiveChannel): LiveStream {
    return {
      accountId: live.accountId,
      region: live.region,
      channelArn: live.channelArn,
      channelId: live.channelId,
      streamId: live.streamId,
      startTimeMs: live.startTimeMs,
      health: live.health,
      viewerCount: this.#viewers.count(live.playbackId),
    };
  }

  #tick(): void {
    const stalledMs = this.#stalls.take();
    for (const live of this.#channels.all()) {
      if (stalledMs > 0) live.processStalled(stalledMs);
      live.tick();
    }
  }

  #heartbeat(): void {
    const streamIds = [...this.#channels.all()].map((live) => live.streamId);
    if (streamIds.length === 0) return;
    this.#sessionLog.heartbeat(streamIds, this.#clock.nowMs()).catch((error: unknown) => {
      this.#log.error({ err: error }, 'cannot write the heartbeat of the open sessions');
    });
  }
}

function refused(refusal: PublishRefusal, channel?: ChannelRecord): PublishDecision {
  return { accepted: false, refusal, channel: channel?.arn };
}
