import type { ChannelRecord } from '../domain/channel.ts';
import type { LimitBreach } from '../domain/events.ts';
import type { IngestWarning } from '../domain/ingest-limits.ts';
import { StreamHealthMonitor } from '../domain/stream-health.ts';
import type {
  IngestMeasurements,
  IngestReading,
  ReceivedMedia,
} from '../domain/stream-measurements.ts';
import type { IngestConfiguration, StreamHealth } from '../domain/stream-session.ts';
import type { EncoderMetadata } from '../ingest/publishing.ts';
import type { Clock } from '../lib/clock.ts';
import type { Frame, MediaTracks } from '../media/frame.ts';
import type { DeclaredRates } from './channel-renditions.ts';
import { describeIngest } from './ingest-configuration.ts';
import { IngestLimiter } from './ingest-limiter.ts';
import { IngestMeter } from './ingest-meter.ts';
import { IngestStatistics } from './ingest-statistics.ts';

/** "No data for 30 s: session terminated" and the grace after a lost connection (IVS EventBridge guide). */
const SILENCE_LIMIT_MS = 30_000;

/** By now frame rate and bit rates that the encoder did not state have been measured. */
const MEASURED_AFTER_MEDIA_MS = 5000;

/** What the encoders of one stream send: counted, judged, held against the channel's limits, and described. */
export class IngestMonitor {
  readonly #clock: Clock;
  readonly #statistics: IngestStatistics;
  readonly #underway: () => ReceivedMedia | undefined;
  readonly #meter = new IngestMeter();
  readonly #limiter: IngestLimiter;
  readonly #health: StreamHealthMonitor;
  #counted: ReceivedMedia = { videoByteLength: 0, audioByteLength: 0, frames: 0, mediaMs: 0 };
  #metadata: EncoderMetadata = {};
  #tracks: MediaTracks | undefined;
  /** With so much media it is described anew, with what was measured by then. */
  #describeAtMediaMs = MEASURED_AFTER_MEDIA_MS;

  /** `underway`: what has come in and will be handed over. */
  constructor(channel: ChannelRecord, clock: Clock, underway: () => ReceivedMedia | undefined) {
    const startedMs = clock.monotonicMs();
    this.#clock = clock;
    this.#underway = underway;
    this.#statistics = new IngestStatistics(startedMs);
    this.#limiter = new IngestLimiter(channel);
    this.#health = new StreamHealthMonitor(startedMs);
  }

  /** Nothing before its first picture. */
  get tracks(): MediaTracks | undefined {
    return this.#tracks;
  }

  /** As far as the encoder says; 0 where it does not. */
  get declared(): DeclaredRates {
    const { frameRate = 0, videoBitrateBps = 0, audioBitrateBps = 0 } = this.#metadata;
    const framesPerSecond = this.#tracks?.video.declaredFrameRate ?? frameRate;
    return { framesPerSecond, videoBitrateBps, audioBitrateBps };
  }

  get measurements(): IngestMeasurements {
    const { lastKeyframeIntervalSeconds: keyframeIntervalSeconds } = this.#statistics;
    return { ...this.#meter.rates, keyframeIntervalSeconds };
  }

  /** What came in from the start. */
  get counts(): Omit<IngestReading, 'isRecording' | 'encoderAddress'> {
    const { lastKeyframeIntervalSeconds: keyframeIntervalSeconds } = this.#statistics;
    return { ...this.#receivedSoFar(), keyframeIntervalSeconds };
  }

  /** From the first picture on. It never becomes less, though what is underway is lost with the thread that has it. */
  #receivedSoFar(): ReceivedMedia {
    const { counts, mediaMs, lastFrameAtMs } = this.#statistics;
    const underway = lastFrameAtMs === undefined ? undefined : this.#underway();
    const before = this.#counted;
    this.#counted = {
      videoByteLength: Math.max(
        before.videoByteLength,
        counts.videoByteLength + (underway?.videoByteLength ?? 0),
      ),
      audioByteLength: Math.max(
        before.audioByteLength,
        counts.audioByteLength + (underway?.audioByteLength ?? 0),
      ),
      frames: Math.max(before.frames, counts.frames + (underway?.frames ?? 0)),
      mediaMs: Math.max(before.mediaMs, mediaMs + (underway?.mediaMs ?? 0)),
    };
    return this.#counted;
  }

  /** Nothing has come for so long that the stream is over. */
  get isSilent(): boolean {
    return this.#clock.monotonicMs() - this.#statistics.lastHeardAtMs >= SILENCE_LIMIT_MS;
  }

  // --- what comes in

  /** An encoder was accepted: it has as long for its first media as for all that follow. */
  connected(): void {
    this.#metadata = {};
    this.#statistics.connected(this.#clock.monotonicMs());
  }

  received(kind: 'video' | 'audio', byteLength: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#statistics.received(kind, byteLength, nowMs);
    this.#limiter.received(byteLength, nowMs);
  }

  /** What an encoder says of itself. */
  claimed(metadata: EncoderMetadata): void {
    this.#metadata = metadata;
  }

  /** Returns the breach of a limit by the picture's size. */
  announced(tracks: MediaTracks): LimitBreach | undefined {
    this.#tracks = tracks;
    this.#statistics.timelineBroke();
    return this.#limiter.picture(tracks.video);
  }

  frame(frame: Frame): void {
    this.#statistics.frame(frame, this.#clock.monotonicMs());
  }

  timelineBroke(): void {
    this.#statistics.timelineBroke();
  }

  // --- what follows from it; once a second

  sample(): void {
    this.#meter.sample(this.#receivedSoFar(), this.#clock.monotonicMs());
  }

  /** While an encoder publishes. */
  judge(): StreamHealth {
    const { mediaMs } = this.#receivedSoFar();
    return this.#health.observe(this.#clock.monotonicMs(), mediaMs, this.#statistics.lastFrameAtMs);
  }

  /** Its connection is gone: no frame will come. */
  disconnected(): StreamHealth {
    return this.#health.disconnected();
  }

  /** The breach of a limit by the bit rate. */
  breach(): LimitBreach | undefined {
    return this.#limiter.check(this.#clock.monotonicMs(), this.#statistics.mediaMs);
  }

  /** The process stood still for a moment, and the encoder did not. */
  processStalled(stalledMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#limiter.stalled(nowMs);
    this.#statistics.processStalled(stalledMs, nowMs);
    this.#health.processStalled(stalledMs);
  }

  /** What should be told of the encoder and has not been yet. */
  warnings(): readonly IngestWarning[] {
    const { averages, keyframeIntervalSeconds } = this.#statistics;
    return this.#limiter.warnings({ ...averages, keyframeIntervalSeconds });
  }

  // --- as GetStreamSession tells it

  /** Nothing before the tracks are known. */
  describe(): IngestConfiguration | undefined {
    return this.#tracks && describeIngest(this.#tracks, this.#metadata, this.#statistics.averages);
  }

  /** Once, with the first call when enough came to measure what the encoder did not state. */
  takeMeasured(): IngestConfiguration | undefined {
    if (this.#statistics.mediaMs < this.#describeAtMediaMs) return undefined;
    return this.takeRest();
  }

  /** The same, however little there was: the stream is over. */
  takeRest(): IngestConfiguration | undefined {
    if (!Number.isFinite(this.#describeAtMediaMs)) return undefined;
    this.#describeAtMediaMs = Number.POSITIVE_INFINITY;
    return this.describe();
  }

  /** The encoder changed its settings, or another one came back in its place. */
  measureAnew(): void {
    this.#statistics.averageAnew();
    this.#describeAtMediaMs = this.#statistics.mediaMs + MEASURED_AFTER_MEDIA_MS;
  }
}
