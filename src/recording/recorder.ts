import { newResourceId, type RandomBytes, randomAlphanumeric } from '../domain/identifiers.ts';
import type {
  RecordingCondition,
  RecordingMeasurements,
} from '../domain/recording-measurements.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { RecordableStream, StreamRecorder, StreamRecording } from '../live/ports.ts';
import type { RecordingHead } from './journal.ts';
import { mayMerge } from './merge-rules.ts';
import type { ObjectStore, RecordingHistory, RecordingSpool, SpooledRecording } from './ports.ts';
import { recordingPrefix } from './prefix.ts';
import { Recording } from './recording.ts';
import type { RecordingSource } from './recording-facts.ts';
import { RecordingState } from './recording-state.ts';
import { TARGET_DURATION_SECONDS } from './segment-cutter.ts';
import { SpoolBudget } from './spool-budget.ts';
import { CANNOT_TAKE_UP, readSpool } from './spool-inventory.ts';
import { type CaptureStart, StreamCapture } from './stream-capture.ts';

/** As in IVS's events: `a6RfV23ES97iyfoQ`. */
const SESSION_ID_LENGTH = 16;

/** What a shutdown waits for the buckets of recordings that are over. The rest is done after the next start. */
const SHUTDOWN_GRACE_MS = 2000;

export interface RecorderOptions {
  readonly spool: RecordingSpool;
  readonly store: ObjectStore;
  readonly history: RecordingHistory;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  /** Of all recordings together. */
  readonly spoolLimitBytes: number;
  /** Whether nobody can write to the spool any more. */
  readonly isDiskFull: () => Promise<boolean>;
}

/** Every recording there is: of streams on air, of streams that may come back, and on the way to their buckets. */
export class Recorder implements StreamRecorder, AsyncDisposable {
  readonly #options: RecorderOptions;
  readonly #budget: SpoolBudget;
  #failureCount = 0;
  readonly #recordings = new Set<Recording>();
  /** The newest one of each channel. */
  readonly #byChannel = new Map<string, Recording>();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#budget = new SpoolBudget(options.spoolLimitBytes);
  }

  /** Goes on with what the last stop, or crash, left in the spool. */
  async resume(): Promise<void> {
    const { log } = this.#options;
    const found = await readSpool(this.#options.spool, log, () => this.#failureCount++);
    // So that the last one of a channel is its newest, whose stream may come back.
    found.sort((a, b) => a.state.newestStartMs - b.state.newestStartMs);
    for (const { state, spooled } of found) {
      const { recordingId } = state.head;
      try {
        log.info({ recording: recordingId }, 'a recording is taken up again');
        const recording = this.#add(state, Promise.resolve(spooled));
        // Without waiting for its bucket.
        await recording.takeUp();
      } catch (error) {
        log.error({ err: error, recording: recordingId }, CANNOT_TAKE_UP);
      }
    }
  }

  measurements(): RecordingMeasurements {
    const byCondition = new Map<RecordingCondition, number>();
    for (const { condition } of this.#recordings) {
      byCondition.set(condition, (byCondition.get(condition) ?? 0) + 1);
    }
    const { spoolLimitBytes } = this.#options;
    const { usedBytes: spooledBytes } = this.#budget;
    return { byCondition, failureCount: this.#failureCount, spooledBytes, spoolLimitBytes };
  }

  begin(stream: RecordableStream): StreamRecording {
    const { clock, log } = this.#options;
    const before = this.#byChannel.get(stream.channel.arn);
    const held = before?.hold(stream.startTimeMs) ? before : undefined;
    let isHeld = held !== undefined;
    const letGo = () => {
      if (isHeld) held?.release();
      isHeld = false;
    };
    return new StreamCapture({
      stream,
      nowMs: () => clock.monotonicMs(),
      begin: (capture, start) => {
        const recording = this.#recordingFor(capture.stream, start, held);
        letGo();
        return recording;
      },
      onFault: (error) => {
        log.error({ err: error, stream: stream.streamId }, 'cannot record the stream');
        letGo();
      },
      onEnded: letGo,
    });
  }

  /** Everything taken so far is on disk when this resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#recordings].map((recording) => recording.stop(SHUTDOWN_GRACE_MS)));
  }

  #recordingFor(
    stream: RecordableStream,
    start: CaptureStart,
    before: Recording | undefined,
  ): Recording {
    const source = sourceOf(stream);
    const { streamId, startTimeMs, configuration } = stream;
    const entry = { type: 'stream', streamId, startTimeMs, source } as const;
    const next = {
      source,
      renditionNames: start.renditions.map(({ name }) => name),
      extension: start.extension,
      configurationArn: configuration.arn,
    };
    if (before?.isWaiting && isContinuedBy(before.state, next)) {
      before.resume(entry);
      return before;
    }
    // A stream that is not alike ends the wait for one that is.
    this.#byChannel.get(stream.channel.arn)?.finish();
    const head = this.#newHead(stream, start);
    const recording = this.#add(new RecordingState(head), this.#createSpool(head.recordingId));
    recording.begin([{ type: 'recording', version: 1, head }, entry]);
    return recording;
  }

  #add(state: RecordingState, spooled: Promise<SpooledRecording>): Recording {
    const { store, history, isDiskFull, clock, log } = this.#options;
    const { channelArn } = state.head;
    const recording = new Recording({
      state,
      spooled,
      store,
      history,
      budget: this.#budget,
      isDiskFull,
      clock,
      log,
      onFailed: () => this.#failureCount++,
      onClosed: () => {
        this.#recordings.delete(recording);
        if (this.#byChannel.get(channelArn) === recording) this.#byChannel.delete(channelArn);
      },
    });
    this.#recordings.add(recording);
    this.#byChannel.set(channelArn, recording);
    return recording;
  }

  #createSpool(recordingId: string): Promise<SpooledRecording> {
    const creating = this.#options.spool.create(recordingId);
    // Whoever uses it says so; until then it must not be an unhandled rejection.
    creating.catch(() => {});
    return creating;
  }

  #newHead(stream: RecordableStream, start: CaptureStart): RecordingHead {
    const { random } = this.#options;
    const { channel, configuration, thumbnailSize } = stream;
    const recordingId = newResourceId(random);
    return {
      recordingId,
      sessionId: randomAlphanumeric(SESSION_ID_LENGTH, random),
      bucketName: configuration.bucketName,
      prefix: recordingPrefix({
        accountId: channel.accountId,
        channelId: channel.id,
        startedAtMs: start.startedAtMs,
        recordingId,
      }),
      channelArn: channel.arn,
      channelId: channel.id,
      channelName: channel.name,
      accountId: channel.accountId,
      configurationArn: configuration.arn,
      startedAtMs: start.startedAtMs,
      reconnectWindowSeconds: configuration.recordingReconnectWindowSeconds,
      extension: start.extension,
      targetDurationSeconds: TARGET_DURATION_SECONDS,
      renditions: start.renditions,
      thumbnails: thumbnailSize ? configuration.thumbnailConfiguration.storage : [],
      ...(thumbnailSize && { thumbnailSize }),
    };
  }
}

function isContinuedBy(
  state: RecordingState,
  next: {
    readonly source: RecordingSource;
    readonly renditionNames: readonly string[];
    readonly extension: 'ts' | 'mp4';
    readonly configurationArn: string;
  },
): boolean {
  if (!state.source) return false;
  const before = {
    source: state.source,
    streamCount: state.streams.length,
    durationMs: state.durationMs,
    renditionNames: state.head.renditions.map(({ name }) => name),
    extension: state.head.extension,
    configurationArn: state.head.configurationArn,
  };
  return mayMerge(before, next);
}

function sourceOf({ ingest }: RecordableStream): RecordingSource {
  const { video, audio } = ingest;
  return {
    width: video.width,
    height: video.height,
    framesPerSecond: video.targetFrameRate,
    videoCodec: video.codec,
    ...(audio && { audioCodec: audio.codec }),
    bitrateBps: video.targetBitrateBps + (audio?.targetBitrateBps ?? 0),
  };
}
