import type { StreamOnAir } from '../delivery/on-air.ts';
import type { ChannelRecord } from '../domain/channel.ts';
import { type LimitBreach, TRANSCODE_CAPACITY_EXCEEDED } from '../domain/events.ts';
import { hasAudioOnlyInLadder } from '../domain/ladder.ts';
import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import type { IngestMeasurements, IngestReading } from '../domain/stream-measurements.ts';
import type { IngestConfiguration, StreamHealth } from '../domain/stream-session.ts';
import type { TakeoverFailure } from '../domain/takeover.ts';
import type {
  DisconnectReason,
  EncoderMetadata,
  PublicationEnd,
  PublishRequest,
} from '../ingest/publishing.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Ticks } from '../lib/timescale.ts';
import { type Frame, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import { MetadataOwner } from '../packaging/timed-metadata.ts';
import { ChannelPublication } from './channel-publication.ts';
import {
  ChannelRenditions,
  TranscodeCapacityExceeded,
  type Transcoding,
} from './channel-renditions.ts';
import type { HistoryWriter } from './history-writer.ts';
import { IngestMonitor } from './ingest-monitor.ts';
import type { SessionLog, StreamRecorder, StreamRecording } from './ports.ts';
import { SessionHistory } from './session-history.ts';
import { type TakenChannel, Takeovers } from './takeovers.ts';

/** "Stream duration: 48 hours" (IVS service quotas). */
const MAX_DURATION_MS = 48 * 3600 * 1000;

/**
 * - `waiting`: an encoder was accepted, no picture yet.
 * - `live`: pictures came. The encoder may be away for a moment: see `isPublishing`.
 * - `ended`: over for good; still served to its viewers for a while.
 */
type State = 'waiting' | 'live' | 'ended';

/** One stream of a channel, from the encoder's `publish` to the end: where ingest, packaging and history meet. */
export class LiveChannel implements StreamOnAir, TakenChannel {
  readonly channel: ChannelRecord;
  readonly streamId: string;
  readonly playbackId: string;
  readonly boundPlaybackId: string;
  #startTimeMs: number;
  readonly #clock: Clock;
  /** On the monotonic clock: the wall clock may be set while the stream is on. */
  readonly #startedMs: number;
  readonly #log: Logger;
  readonly #history: SessionHistory;
  readonly #ingest: IngestMonitor;
  readonly #playable = Promise.withResolvers<boolean>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #onEnded: () => void;
  readonly #takeovers = new Takeovers(this);
  readonly #renditions: ChannelRenditions;
  #state: State = 'waiting';
  #shownHealth: StreamHealth = 'UNKNOWN';
  #publication: ChannelPublication | undefined;
  #isPlayable = false;
  readonly #recorder: StreamRecorder | undefined;
  #recordingConfiguration: RecordingConfigurationRecord | undefined;
  #recording: StreamRecording | undefined;
  #finished: Promise<void> | undefined;

  constructor(options: {
    readonly channel: ChannelRecord;
    readonly streamId: string;
    readonly playbackId: string;
    readonly boundPlaybackId: string;
    readonly clock: Clock;
    readonly log: Logger;
    readonly sessionLog: SessionLog;
    readonly historyWriter: HistoryWriter;
    readonly payloads: SlabPool;
    readonly transcoding: Transcoding | undefined;
    readonly recorder: StreamRecorder | undefined;
    readonly onEnded: (channel: LiveChannel) => void;
  }) {
    const { channel, streamId, clock, sessionLog } = options;
    this.channel = channel;
    this.streamId = streamId;
    this.playbackId = options.playbackId;
    this.boundPlaybackId = options.boundPlaybackId;
    this.#startTimeMs = clock.nowMs();
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
    this.#onEnded = () => options.onEnded(this);
    this.#log = options.log.child({ channel: channel.arn, stream: streamId });
    this.#history = new SessionHistory({
      ...{ sessionLog, streamId, clock, log: this.#log },
      writer: options.historyWriter,
      channelArn: channel.arn,
    });
    this.#ingest = new IngestMonitor(channel, clock);
    this.#recorder = options.recorder;
    this.#renditions = new ChannelRenditions({
      ...options,
      log: this.#log,
      onSegment: (window, segment) => this.#recording?.segment(window, segment),
      onThumbnail: (jpeg) => this.#recording?.thumbnail(jpeg),
      recordedThumbnails: () => this.#recordingConfiguration?.thumbnailConfiguration,
    });
  }

  // --- what viewers and the API see

  get accountId(): string {
    return this.channel.accountId;
  }

  get region(): string {
    return this.channel.region;
  }

  get channelArn(): string {
    return this.channel.arn;
  }

  get channelId(): string {
    return this.channel.id;
  }

  get latencyMode(): ChannelRecord['latencyMode'] {
    return this.channel.latencyMode;
  }

  /** Of Stream Start, when video reached the service; until then, of the session. */
  get startTimeMs(): number {
    return this.#startTimeMs;
  }

  /** As when the stream began: a channel can't be updated while it is live. */
  get requiresAuthorization(): boolean {
    return this.channel.authorized;
  }

  get playbackRestrictionPolicyArn(): string {
    return this.channel.playbackRestrictionPolicyArn;
  }

  get isLive(): boolean {
    return this.#state === 'live';
  }

  get isEnded(): boolean {
    return this.#state === 'ended';
  }

  get isPublishing(): boolean {
    return this.#publication !== undefined;
  }

  get health(): StreamHealth {
    return this.#shownHealth;
  }

  get ingest(): IngestMeasurements {
    return this.#ingest.measurements;
  }

  get reading(): IngestReading {
    const encoderAddress = this.#publication?.request.remoteAddress;
    return {
      ...this.#ingest.counts,
      isRecording: this.#recording?.isRecording ?? false,
      ...(encoderAddress !== undefined && { encoderAddress }),
    };
  }

  get transcodeCpuSeconds(): number | undefined {
    return this.#renditions.transcodeCpuSeconds;
  }

  get windows(): readonly LiveWindow[] {
    return this.#renditions.windows;
  }

  get hasAudioOnly(): boolean {
    return hasAudioOnlyInLadder(this.channel);
  }

  get thumbnail(): Uint8Array | undefined {
    return this.#renditions.thumbnail;
  }

  addAudioOnly(): void {
    this.#contained(() => this.#renditions.addAudioOnly());
  }

  whenPlayable(): Promise<boolean> {
    return this.#playable.promise;
  }

  /** Resolves when, after its end, nothing of it runs any more. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** It is not served any more. */
  release(): void {
    this.#renditions.release();
  }

  // --- its life

  /** Writes the session down. An encoder is told that it publishes only after this. */
  async open(): Promise<void> {
    const { streamId, channelArn, startTimeMs, channel } = this;
    const session = { streamId, channelArn, startTimeMs, channel, hasErrorEvent: false };
    this.#recordingConfiguration = await this.#history.created(session);
  }

  /** Takes an encoder: the first, or the one that comes back after its connection was lost. */
  attach(request: PublishRequest): ChannelPublication {
    const publication = new ChannelPublication(this, request, this.#resumeAtMs);
    this.#publication = publication;
    this.#ingest.connected();
    this.#takeovers.attached(request);
    this.#logPublishing(request);
    return publication;
  }

  /** Another encoder, while one publishes: let in beside it, refused, or, without a priority, nothing. */
  challenge(request: PublishRequest): ChannelPublication | TakeoverFailure | undefined {
    return this.#takeovers.challenge(request);
  }

  get media(): MediaTracks | undefined {
    return this.#ingest.tracks;
  }

  takenOver(successor: ChannelPublication): number {
    const running = this.#publication;
    running?.detach();
    running?.request.disconnect('taken-over');
    this.#publication = successor;
    this.#logPublishing(successor.request);
    this.#history.happened('Stream Takeover');
    this.discontinuity();
    return this.#resumeAtMs;
  }

  takeoverFailed(code: TakeoverFailure): void {
    this.#history.happened('Stream Takeover Failure', { code });
  }

  get #resumeAtMs(): number {
    return Math.ceil((this.#renditions.endTicks * 1000) / VIDEO_TIMESCALE);
  }

  #logPublishing(request: PublishRequest): void {
    const { connectionId: connection, protocol, remoteAddress } = request;
    this.#log.info({ connection, protocol, remoteAddress }, 'encoder publishes');
  }

  /** It never begins: written down with the reason, and over. */
  async refuse(reason: string): Promise<void> {
    await this.open();
    this.#history.happened('Stream Failure', { reason });
    await this.#finish();
  }

  /** Ends the stream and its encoder's connection. Resolves when the end is written down. */
  async stop(reason: DisconnectReason): Promise<void> {
    this.#log.info({ reason }, 'stream is being stopped');
    this.#publication?.request.disconnect(reason);
    await this.#finish();
  }

  /** "Inserted at this moment": at the picture that has just come in. */
  putMetadata(text: string): void {
    this.#log.debug({ byteLength: Buffer.byteLength(text) }, 'timed metadata');
    this.#renditions.putMetadata({ owner: MetadataOwner.api, text });
  }

  /** The process stood still for a moment, and its encoder did not. */
  processStalled(): void {
    this.#ingest.processStalled();
  }

  /** Once a second: health, silence, duration. */
  tick(): void {
    if (this.isEnded) return;
    this.#ingest.sample();
    if (this.#ingest.isSilent) {
      void this.stop('idle-timeout');
      return;
    }
    if (this.#clock.monotonicMs() - this.#startedMs >= MAX_DURATION_MS) {
      void this.stop('duration-limit');
      return;
    }
    if (this.isPublishing) this.#showHealth(this.#ingest.judge());
    this.#writeIngest(this.#ingest.takeMeasured());
    this.#renditions.tick();
    for (const { name, text } of this.#ingest.warnings()) this.#log.warn({ warning: name }, text);
    const breach = this.#ingest.breach();
    if (breach) this.#breached(breach);
  }

  // --- what the encoder does; called by the publication that is attached

  received(kind: 'video' | 'audio', byteLength: number): void {
    this.#ingest.received(kind, byteLength);
  }

  metadata(metadata: EncoderMetadata): void {
    this.#ingest.claimed(metadata);
  }

  timedMetadata(text: string, ticks: Ticks): void {
    this.#renditions.putMetadata({ owner: MetadataOwner.encoder, text, ticks });
  }

  tracks(tracks: MediaTracks): void {
    this.#contained(() => this.#setTracks(tracks));
  }

  frame(frame: Frame): void {
    // Without a closure: this runs for every frame of every stream.
    try {
      this.#package(frame);
    } catch (error) {
      this.#fail(error);
    }
  }

  discontinuity(): void {
    this.#contained(() => this.#breakTimeline());
  }

  published(publication: ChannelPublication, end: PublicationEnd): void {
    if (this.#publication !== publication) return;
    this.#publication = undefined;
    const { connectionId: connection } = publication.request;
    const detail = 'detail' in end && { detail: end.detail };
    this.#log.info({ connection, end: end.kind, ...detail }, 'encoder left');
    if (end.kind === 'connection-lost') {
      // Viewers get what there is now, and whoever comes next goes on from there.
      this.discontinuity();
      this.#showHealth(this.#ingest.disconnected());
    } else void this.#finish();
  }

  // --- what follows from it

  #setTracks(tracks: MediaTracks): void {
    const breach = this.#ingest.announced(tracks);
    if (breach) {
      this.#breached(breach);
      return;
    }
    try {
      this.#renditions.tracks(tracks, this.#ingest.declaredFrameRate);
    } catch (error) {
      if (!(error instanceof TranscodeCapacityExceeded)) throw error;
      this.#history.happened('Stream Failure', { reason: TRANSCODE_CAPACITY_EXCEEDED });
      void this.stop('transcode-capacity');
      return;
    }
    if (!this.isLive) return;
    this.#writeIngest(this.#ingest.describe());
    this.#ingest.measureAnew();
  }

  #package(frame: Frame): void {
    if (this.isEnded) return;
    this.#ingest.frame(frame);
    this.#renditions.frame(frame);
    if (this.#state === 'waiting') this.#goLive();
    if (!this.#isPlayable && this.#renditions.isPlayable) {
      this.#isPlayable = true;
      this.#playable.resolve(true);
    }
  }

  #breakTimeline(): void {
    this.#ingest.timelineBroke();
    this.#renditions.discontinuity();
  }

  #contained(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A fault of ours in one stream ends that stream, for a reason that its history shows, and nothing else. */
  #fail(error: unknown): void {
    this.#log.error({ err: error }, 'the stream failed');
    if (this.isEnded) return;
    this.#history.happened('Stream Failure');
    void this.stop('internal-failure');
  }

  /** IVS tells of the breach, marks the session, and disconnects. */
  #breached(breach: LimitBreach): void {
    if (this.isEnded) return;
    this.#history.breached(breach);
    void this.stop('ingest-limit');
  }

  #goLive(): void {
    this.#state = 'live';
    this.#startTimeMs = this.#history.happened('Stream Start');
    this.#writeIngest(this.#ingest.describe());
    this.#beginRecording();
  }

  #beginRecording(): void {
    const { channel, streamId, startTimeMs } = this;
    const configuration = this.#recordingConfiguration;
    const ingest = this.#ingest.describe();
    if (!this.#recorder || !configuration || !ingest) return;
    const monitor = this.#ingest;
    const renditions = this.#renditions;
    this.#recording = this.#recorder.begin({
      channel,
      streamId,
      startTimeMs,
      configuration,
      get windows() {
        return renditions.windows;
      },
      get ingest() {
        return monitor.describe() ?? ingest;
      },
      thumbnailSize: renditions.recordedThumbnailSize,
    });
  }

  /** An encoder that has sent no picture yet does not starve a stream: there is none. */
  #showHealth(health: StreamHealth): void {
    if (!this.isLive || health === this.#shownHealth) return;
    const wasStarving = this.#shownHealth === 'STARVING';
    this.#shownHealth = health;
    if (health === 'STARVING') this.#history.happened('Starvation Start');
    else if (wasStarving) this.#history.happened('Starvation End');
  }

  #writeIngest(configuration: IngestConfiguration | undefined): void {
    if (configuration) this.#history.ingests(configuration);
  }

  #finish(): Promise<void> {
    this.#finished ??= this.#end();
    return this.#finished;
  }

  async #endRenditions(): Promise<void> {
    try {
      await this.#renditions.end();
    } catch (error) {
      this.#log.error({ err: error }, 'the renditions of the stream did not end well');
    }
    this.#recording?.end();
    this.#playable.resolve(this.#renditions.isPlayable);
    this.#closed.resolve();
  }

  async #end(): Promise<void> {
    const hadStarted = this.#state === 'live';
    this.#state = 'ended';
    // A stream that ends before it was measured is described by the little there was.
    if (hadStarted) this.#writeIngest(this.#ingest.takeRest());
    this.#publication?.detach();
    this.#publication = undefined;
    this.#takeovers.close();
    this.#onEnded();
    void this.#endRenditions();
    await this.#history.ended(hadStarted ? ['Stream End', 'Session Ended'] : ['Session Ended']);
  }
}
