import type { RecordableStream, StreamRecording } from '../live/ports.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { Segment } from '../packaging/segment.ts';
import { jpegSize } from '../protocols/codecs/jpeg.ts';
import type { RenditionFacts } from './journal.ts';
import { type LiveSegment, takeSegment } from './live-segment.ts';
import type { Recording } from './recording.ts';
import { selectRenditions } from './rendition-selection.ts';
import { SegmentCutter } from './segment-cutter.ts';

/** Renditions that have no segment when the first one has so many are not recorded. */
const PATIENCE_SEGMENTS = 4;

/** JPEGs come at an interval of their own, a frame early or late. */
const INTERVAL_SLACK_MS = 500;

/** What a stream turned out to be, when its recording begins. */
export interface CaptureStart {
  readonly startedAtMs: number;
  readonly extension: 'ts' | 'mp4';
  readonly renditions: readonly RenditionFacts[];
}

interface ArrivedThumbnail {
  readonly jpeg: Uint8Array;
  readonly atMs: number;
  readonly intervalMs: number;
}

/** One stream on its way to a recording: holds its first segments until it is known what its renditions are. */
export class StreamCapture implements StreamRecording {
  readonly stream: RecordableStream;
  readonly #begin: (capture: StreamCapture, start: CaptureStart) => Recording;
  readonly #onFault: (error: unknown) => void;
  readonly #onEnded: (hasBegun: boolean) => void;
  readonly #nowMs: () => number;
  readonly #cutter = new SegmentCutter();
  #held: LiveSegment[] = [];
  #recording: Recording | undefined;
  /** Windows that are recorded, by the name of their rendition. */
  #names = new Map<LiveWindow, string>();
  /** Of which a segment was recorded. */
  readonly #begun = new Set<LiveWindow>();
  #nextThumbnailMs: number | undefined;
  /** The first one, which often comes before the first segment is complete. */
  #heldThumbnail: ArrivedThumbnail | undefined;
  #isOver = false;

  constructor(options: {
    readonly stream: RecordableStream;
    /** Finds the recording that it belongs to, which may be one that there is, or makes one. */
    readonly begin: (capture: StreamCapture, start: CaptureStart) => Recording;
    readonly onFault: (error: unknown) => void;
    readonly onEnded: (hasBegun: boolean) => void;
    readonly nowMs: () => number;
  }) {
    this.stream = options.stream;
    this.#begin = options.begin;
    this.#onFault = options.onFault;
    this.#onEnded = options.onEnded;
    this.#nowMs = options.nowMs;
  }

  get isRecording(): boolean {
    return !this.#isOver && (this.#recording?.isGrowing ?? true);
  }

  segment(window: LiveWindow, segment: Segment): void {
    this.#contained(() => {
      if (!window.hasPicture) return;
      // Not the bytes of a rendition that nobody wants.
      if (this.#recording && !this.#isNeeded(window)) return;
      const live = takeSegment(window, segment);
      if (this.#recording) this.#record(this.#recording, live);
      else {
        this.#held.push(live);
        if (this.#isDecidable()) this.#decide();
      }
    });
  }

  thumbnail(jpeg: Uint8Array): void {
    this.#contained(() => {
      const { thumbnailSize, configuration } = this.stream;
      const { targetIntervalSeconds } = configuration.thumbnailConfiguration;
      if (!thumbnailSize || targetIntervalSeconds === undefined) return;
      const thumbnail = { jpeg, atMs: this.#nowMs(), intervalMs: targetIntervalSeconds * 1000 };
      if (this.#recording) this.#recordThumbnail(this.#recording, thumbnail);
      else this.#heldThumbnail ??= thumbnail;
    });
  }

  end(): void {
    this.#contained(() => {
      if (!this.#recording && this.#held.length > 0) this.#decide();
      this.#isOver = true;
      this.#held = [];
      this.#onEnded(this.#recording !== undefined);
      void this.#recording?.streamEnded(this.stream.streamId);
    });
  }

  /** Every rendition has a segment with media, or has had its time. */
  #isDecidable(): boolean {
    const windows = this.stream.windows.filter(({ hasPicture }) => hasPicture);
    const [leader] = windows;
    const isPlayable = (window: LiveWindow) =>
      this.#held.some((live) => live.window === window && live.buffers.length > 0);
    const leading = this.#held.filter(({ window }) => window === leader);
    return leading.length >= PATIENCE_SEGMENTS || windows.every(isPlayable);
  }

  #decide(): void {
    const { stream } = this;
    const windows = stream.windows.filter((window) => window.isPlayable && window.hasPicture);
    const [first] = this.#held;
    if (windows.length === 0 || !first) return;
    const selected = selectRenditions(
      windows.map((window) => ({ window, ...factsOf(window) })),
      stream.configuration.renditionConfiguration,
      stream.channel.type === 'BASIC',
    );
    this.#names = new Map(selected.map(({ window, name }) => [window, name]));
    this.#recording = this.#begin(this, {
      startedAtMs: first.programDateTimeMs,
      extension: first.window.mediaExtension === 'ts' ? 'ts' : 'mp4',
      renditions: selected.map(({ name, width, height, codecs }) => ({
        name,
        width,
        height,
        codecs,
      })),
    });
    for (const live of this.#held) this.#record(this.#recording, live);
    this.#held = [];
    const thumbnail = this.#heldThumbnail;
    this.#heldThumbnail = undefined;
    if (thumbnail) this.#recordThumbnail(this.#recording, thumbnail);
  }

  /** Of the recording, or what its length is known by while no rendition is recorded. */
  #isNeeded(window: LiveWindow): boolean {
    return this.#names.has(window) || (this.#names.size === 0 && window === this.stream.windows[0]);
  }

  #record(recording: Recording, live: LiveSegment): void {
    const rendition = this.#names.get(live.window);
    if (rendition === undefined) {
      if (!this.#isNeeded(live.window)) return;
      recording.push({ kind: 'entry', entry: { type: 'elapsed', ticks: live.durationTicks } });
      return;
    }
    const isFirst = !this.#begun.has(live.window);
    this.#begun.add(live.window);
    recording.push({
      kind: 'segment',
      rendition,
      live,
      startsSegment: this.#cutter.startsSegment(live),
      isDiscontinuous: isFirst || live.isDiscontinuous,
    });
  }

  #recordThumbnail(recording: Recording, { jpeg, atMs, intervalMs }: ArrivedThumbnail): void {
    const dueMs = this.#nextThumbnailMs ?? atMs;
    if (atMs < dueMs - INTERVAL_SLACK_MS) return;
    const size = jpegSize(jpeg);
    if (!size) return;
    // On a grid: one that is late does not put off the next.
    const skipped = Math.max(0, Math.floor((atMs - dueMs) / intervalMs));
    this.#nextThumbnailMs = dueMs + (skipped + 1) * intervalMs;
    recording.push({ kind: 'thumbnail', jpeg, ...size });
  }

  /** What goes wrong here must not reach the stream. */
  #contained(run: () => void): void {
    if (this.#isOver) return;
    try {
      run();
    } catch (error) {
      this.#isOver = true;
      this.#onFault(error);
      this.#recording?.fail(error);
    }
  }
}

function factsOf(window: LiveWindow): RenditionFacts {
  const { name, codecs, picture } = window.describe();
  return { name, codecs, width: picture?.width ?? 0, height: picture?.height ?? 0 };
}
