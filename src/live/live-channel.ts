import type { StreamOnAir } from '../delivery/on-air.ts';
import { TRANSCODE_CAPACITY_EXCEEDED, TRANSCODING_FAILED } from '../domain/events.ts';
import type { IngestMeasurements, IngestReading } from '../domain/stream-measurements.ts';
import type { StreamHealth } from '../domain/stream-session.ts';
import type { TakeoverFailure } from '../domain/takeover.ts';
import type {
  DisconnectReason,
  EncoderMetadata,
  PublicationEnd,
  PublishRequest,
} from '../ingest/publishing.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Ticks } from '../lib/timescale.ts';
import { type Frame, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import { MetadataOwner } from '../packaging/timed-metadata.ts';
import { ChannelEncoders } from './channel-encoders.ts';
import type { ChannelPublication } from './channel-publication.ts';
import { ChannelRecording } from './channel-recording.ts';
import {
  ChannelRenditions,
  TranscodeCapacityExceeded,
  type Transcoding,
} from './channel-renditions.ts';
import { ChannelWatch } from './channel-watch.ts';
import type { HistoryWriter } from './history-writer.ts';
import { IngestMonitor } from './ingest-monitor.ts';
import type { SessionLog, StreamRecorder } from './ports.ts';
import { SessionHistory } from './session-history.ts';
import { StreamIdentity, type StreamIdentityOptions } from './stream-identity.ts';
import type { TakenChannel } from './takeovers.ts';

/**
 * - `waiting`: an encoder was accepted, no picture yet.
 * - `live`: pictures came. The encoder may be away for a moment: see `isPublishing`.
 * - `ended`: over for good; still served to its viewers for a while.
 */
type State = 'waiting' | 'live' | 'ended';

/** One stream of a channel, from the encoder's `publish` to the end: where ingest, packaging and history meet. */
export class LiveChannel extends StreamIdentity implements StreamOnAir, TakenChannel {
  #startTimeMs: number;
  readonly #log: Logger;
  readonly #history: SessionHistory;
  readonly #encoders: ChannelEncoders;
  readonly #ingest: IngestMonitor;
  readonly #watch: ChannelWatch;
  readonly #renditions: ChannelRenditions;
  readonly #recording: ChannelRecording;
  readonly #closed = Promise.withResolvers<void>();
  readonly #onEnded: () => void;
  #state: State = 'waiting';
  #finished: Promise<void> | undefined;

  constructor(
    options: StreamIdentityOptions & {
      readonly clock: Clock;
      readonly log: Logger;
      readonly sessionLog: SessionLog;
      readonly historyWriter: HistoryWriter;
      readonly payloads: SlabPool;
      readonly transcoding: Transcoding | undefined;
      readonly recorder: StreamRecorder | undefined;
      readonly onEnded: (channel: LiveChannel) => void;
    },
  ) {
    const { channel, streamId, clock, sessionLog, historyWriter: writer } = options;
    super(options);
    this.#startTimeMs = clock.nowMs();
    this.#onEnded = () => options.onEnded(this);
    this.#log = options.log.child({ channel: channel.arn, stream: streamId });
    this.#history = new SessionHistory({
      sessionLog,
      writer,
      channelArn: channel.arn,
      streamId,
      clock,
      log: this.#log,
    });
    this.#encoders = new ChannelEncoders(this, this.#log);
    this.#ingest = new IngestMonitor(channel, clock, () => this.#encoders.underway);
    this.#watch = new ChannelWatch({
      ingest: this.#ingest,
      history: this.#history,
      clock,
      log: this.#log,
      onEnd: (reason) => void this.stop(reason),
    });
    this.#recording = new ChannelRecording(options.recorder);
    this.#renditions = new ChannelRenditions({
      ...options,
      log: this.#log,
      onSegment: (window, segment) => this.#recording.segment(window, segment),
      onNoPictures: () => this.#failTranscoding(),
      onThumbnail: (jpeg) => this.#recording.thumbnail(jpeg),
      recordedThumbnails: () => this.#recording.thumbnails,
    });
  }

  // --- what viewers and the API see

  /** Of Stream Start, when video reached the service; until then, of the session. */
  get startTimeMs(): number {
    return this.#startTimeMs;
  }

  get isLive(): boolean {
    return this.#state === 'live';
  }

  get isEnded(): boolean {
    return this.#state === 'ended';
  }

  get isPublishing(): boolean {
    return this.#encoders.isPublishing;
  }

  get health(): StreamHealth {
    return this.#watch.health;
  }

  get ingest(): IngestMeasurements {
    return this.#ingest.measurements;
  }

  get reading(): IngestReading {
    const { isRecording } = this.#recording;
    return { ...this.#ingest.counts, ...this.#encoders.reading, isRecording };
  }

  get transcodeCpuSeconds(): number | undefined {
    return this.#renditions.transcodeCpuSeconds;
  }

  get windows(): readonly LiveWindow[] {
    return this.#renditions.windows;
  }

  get thumbnail(): Uint8Array | undefined {
    return this.#renditions.thumbnails.newest;
  }

  addAudioOnly(): void {
    this.#contained(() => this.#renditions.addAudioOnly());
  }

  whenPlayable(): Promise<boolean> {
    return this.#renditions.whenPlayable();
  }

  /** Resolves when its end is written down, or failed to be, and nothing of it runs any more. */
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
    this.#recording.configure(await this.#history.created(session));
  }

  /** Takes the first encoder. */
  attach(request: PublishRequest): ChannelPublication {
    this.#ingest.connected();
    return this.#encoders.attach(request, this.#resumeAtMs);
  }

  /**
   * Another encoder. While one publishes it is let in beside it, refused, or, without a priority, nothing; while the stream waits for the
   * one whose connection was lost, it goes on with the stream or is refused.
   */
  join(request: PublishRequest): ChannelPublication | TakeoverFailure | undefined {
    if (this.isPublishing) return this.#encoders.challenge(request);
    const outcome = this.#encoders.resume(request, this.#resumeAtMs);
    if (typeof outcome === 'object') this.#ingest.connected();
    return outcome;
  }

  get media(): MediaTracks | undefined {
    return this.#ingest.tracks;
  }

  get awaitedTicks(): Ticks | undefined {
    return this.#renditions.awaitedTicks;
  }

  takenOver(successor: ChannelPublication): number {
    this.#encoders.replace(successor);
    this.#ingest.connected();
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

  /** It never begins: written down with the reason, and over. */
  async refuse(reason: string): Promise<void> {
    await this.open();
    this.#history.happened('Stream Failure', { reason });
    await this.#finish();
  }

  /** Ends the stream and its encoder's connection. Resolves when the end is written down. */
  async stop(reason: DisconnectReason): Promise<void> {
    this.#log.info({ reason }, 'stream is being stopped');
    this.#encoders.disconnect(reason);
    await this.#finish();
  }

  /** "Inserted at this moment": at the picture that has just come in. */
  putMetadata(text: string): void {
    this.#log.debug({ byteLength: Buffer.byteLength(text) }, 'timed metadata');
    const aheadMs = this.#encoders.underway?.mediaMs ?? 0;
    this.#renditions.putMetadata({ owner: MetadataOwner.api, text, aheadMs });
  }

  /** The process stood still for a moment, and its encoder did not. */
  processStalled(stalledMs: number): void {
    this.#ingest.processStalled(stalledMs);
  }

  /** Once a second. */
  tick(): void {
    if (this.isEnded) return;
    this.#contained(() => {
      this.#watch.tick(this);
      this.#renditions.tick();
    });
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
    this.#contained(() => {
      this.#ingest.timelineBroke();
      this.#renditions.discontinuity();
    });
  }

  published(publication: ChannelPublication, end: PublicationEnd): void {
    if (!this.#encoders.left(publication, end)) return;
    if (end.kind === 'connection-lost') {
      // Viewers get what there is now, and whoever comes next goes on from there.
      this.discontinuity();
      this.#watch.disconnected();
    } else void this.#finish();
  }

  // --- what follows from it

  #setTracks(tracks: MediaTracks): void {
    const breach = this.#ingest.announced(tracks);
    if (breach) return this.#watch.breached(breach);
    try {
      this.#renditions.tracks(tracks, this.#ingest.declared);
    } catch (error) {
      if (!(error instanceof TranscodeCapacityExceeded)) throw error;
      return this.#endFailed('transcode-capacity', TRANSCODE_CAPACITY_EXCEEDED);
    }
    if (!this.isLive) return;
    this.#history.ingests(this.#ingest.describe());
    this.#ingest.measureAnew();
  }

  #package(frame: Frame): void {
    if (this.isEnded) return;
    this.#ingest.frame(frame);
    this.#renditions.frame(frame);
    if (this.#state === 'waiting') this.#goLive();
  }

  #contained(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A fault in one stream ends that stream, for a reason that its history shows, and nothing else. */
  #fail(error: unknown): void {
    if (error instanceof ProtocolViolation) {
      // What no container can hold is its encoder's doing: nobody has to be woken.
      this.#log.warn({ detail: error.message }, 'the stream cannot be packaged');
      this.#endFailed('not-packageable', error.message);
    } else {
      this.#log.error({ err: error }, 'the stream failed');
      this.#endFailed('internal-failure');
    }
  }

  /** It would be live, healthy and never to be seen. */
  #failTranscoding(): void {
    this.#log.error({ reason: TRANSCODING_FAILED }, 'the stream failed');
    this.#endFailed('transcoding-failed', TRANSCODING_FAILED);
  }

  #endFailed(disconnect: DisconnectReason, reason?: string): void {
    if (this.isEnded) return;
    this.#history.happened('Stream Failure', reason === undefined ? {} : { reason });
    void this.stop(disconnect);
  }

  #goLive(): void {
    this.#state = 'live';
    this.#watch.wentLive();
    this.#startTimeMs = this.#history.happened('Stream Start');
    this.#history.ingests(this.#ingest.describe());
    this.#recording.begin(this, this.#ingest, this.#renditions);
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
    this.#recording.end();
  }

  async #end(): Promise<void> {
    const hadStarted = this.#state === 'live';
    this.#state = 'ended';
    // A stream that ends before it was measured is described by the little there was.
    if (hadStarted) this.#history.ingests(this.#ingest.takeRest());
    this.#encoders.close();
    this.#onEnded();
    const renditionsEnd = this.#endRenditions();
    await this.#history.ended(hadStarted ? ['Stream End', 'Session Ended'] : ['Session Ended']);
    void renditionsEnd.then(() => this.#closed.resolve());
  }
}
