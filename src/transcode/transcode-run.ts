import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Frame, MediaTracks } from '../media/frame.ts';
import { ChildOutputs, type RoutedOutput } from './child-outputs.ts';
import { ffmpegArguments } from './ffmpeg-arguments.ts';
import { FlvInput, frameTimeMs } from './flv-input.ts';
import { type Gap, InputQueue } from './input-queue.ts';
import { KeyframeMarker } from './keyframe-marker.ts';
import type {
  TranscoderExit,
  TranscoderFactory,
  TranscoderListener,
  TranscoderProcess,
} from './ports.ts';
import type { Opening, RenditionFeed } from './rendition-feed.ts';
import { RenditionOutput } from './rendition-output.ts';
import { type JobWithRoutes, outputCount } from './transcode-job.ts';
import type { EncoderChoice } from './video-encoders.ts';

/** Beyond, a child is too slow: what it does not take in this time is dropped, a group of pictures at a time. */
const QUEUE_LIMITS = { mediaMs: 4_000, byteLength: 16 * 1024 * 1024 };

/** A child that takes nothing for so long does not take anything any more. */
const HUNG_AFTER_MS = 10_000;

export interface RunOptions {
  readonly job: JobWithRoutes;
  readonly tracks: MediaTracks;
  readonly opening: Opening;
  readonly feeds: ReadonlyMap<string, RenditionFeed>;
  readonly factory: TranscoderFactory;
  readonly encoder: EncoderChoice;
  readonly payloads: SlabPool;
  readonly clock: Clock;
  readonly onThumbnail: (jpeg: Uint8Array) => void;
  readonly onGap: (gap: Gap) => void;
  /** Once, after the last frame was handed over. `wasAsked`: by `finish`. */
  readonly onEnd: (exit: TranscoderExit, wasAsked: boolean) => void;
}

/**
 * One child and what goes in and comes out of it: from a keyframe of the source to the next break, or to its death. Frames
 * may come before `start`; they wait.
 */
export class TranscodeRun {
  readonly startedMs: number;
  readonly #options: RunOptions;
  readonly #queue = new InputQueue(QUEUE_LIMITS);
  readonly #renditions: readonly RoutedOutput[];
  readonly #input: FlvInput;
  readonly #marker: KeyframeMarker;
  readonly #outputs: ChildOutputs;
  #child: TranscoderProcess | undefined;
  #canWrite = false;
  #isFinishing = false;
  #inputEnded = false;
  /** Why we killed it ourselves. */
  #failure: string | undefined;
  #isUnreadable = false;
  #cancelWatch: CancelTimer | undefined;
  #cancelKill: CancelTimer | undefined;

  /** `keyframe`: the first frame; hand it to `frame` as well. */
  constructor(options: RunOptions, keyframe: Frame) {
    const { job, tracks, payloads, clock } = options;
    const startMs = frameTimeMs(keyframe, tracks);
    this.#options = options;
    this.startedMs = clock.monotonicMs();
    this.#input = new FlvInput(startMs);
    this.#marker = new KeyframeMarker(tracks.video);
    this.#renditions = job.routes.flatMap((route) => {
      const feed = options.feeds.get(route.name);
      if (feed === undefined) return [];
      const output = new RenditionOutput({
        feed,
        slabs: payloads.allocator(),
        opening: options.opening,
        hasVideo: route.video !== undefined,
        hasAudio: route.audio !== undefined,
        startMs,
        ...(route.video === undefined && { videoTrack: tracks.video }),
      });
      if (route.audio === 'source' && tracks.audio !== undefined) output.audioTrack(tracks.audio);
      return { route, output };
    });
    this.#outputs = new ChildOutputs({
      job: job.job,
      renditions: this.#renditions,
      payloads,
      baseMs: this.#input.baseMs,
      onThumbnail: options.onThumbnail,
    });
  }

  /** Never waits, and never refuses: what is too much is dropped. */
  frame(frame: Frame): void {
    if (this.#isFinishing) return;
    const timeMs = frameTimeMs(frame, this.#options.tracks);
    // Without a closure: this runs for every frame of every stream.
    try {
      this.#passOn(frame, timeMs);
    } catch (error) {
      this.#kill(String(error));
    }
    if (frame.kind === 'audio' && !this.#wantsAudio) return;
    const gap = this.#queue.push(frame, timeMs);
    if (gap !== undefined) this.#breakAt(gap);
    this.#pump();
  }

  start(): void {
    const { job, tracks, factory, encoder } = this.#options;
    const outputs = outputCount(job.job);
    const listener: TranscoderListener = {
      output: (index, bytes) => this.#take(index, bytes),
      drained: () => this.#drained(),
      exited: (exit) => this.#exited(exit),
    };
    this.#child =
      outputs === 0
        ? withoutChild(listener)
        : factory.start(ffmpegArguments(job.job, encoder, factory.features), outputs, listener);
    this.#canWrite = true;
    this.#write(this.#input.opening(tracks, job.job.framesPerSecond));
    this.#pump();
  }

  /** No more frames: what waits goes in, what comes of it comes out, and the child is gone after `graceMs` at the latest. */
  finish(graceMs: number): void {
    this.#cancelKill?.();
    this.#cancelKill = this.#options.clock.after(graceMs, () =>
      this.#kill('it did not end in time'),
    );
    this.#isFinishing = true;
    this.#pump();
  }

  /** Each video that it makes has given a picture at least. */
  get hasPictures(): boolean {
    return this.#outputs.hasPictures;
  }

  cpuSeconds(): number | undefined {
    return this.#child?.cpuSeconds();
  }

  get #wantsAudio(): boolean {
    const { audios } = this.#options.job.job;
    return audios.length > 0;
  }

  #passOn(frame: Frame, timeMs: number): void {
    const { audio } = this.#options.tracks;
    for (const { route, output } of this.#renditions) {
      if (frame.kind === 'video') output.sourceVideoAt(timeMs);
      else if (audio !== undefined && route.audio === 'source') output.audio(frame, audio);
    }
  }

  #breakAt(gap: Gap): void {
    for (const { output } of this.#renditions) output.breakAt(gap.resumeMs);
    this.#options.onGap(gap);
  }

  #pump(): void {
    while (this.#canWrite) {
      const queued = this.#queue.shift();
      if (queued === undefined) break;
      this.#write(this.#input.tag(this.#marker.mark(queued)));
    }
    if (this.#isFinishing && !this.#inputEnded && this.#queue.isEmpty && this.#child) {
      this.#inputEnded = true;
      this.#child.endInput();
    }
  }

  #write(buffers: readonly Uint8Array[]): void {
    if (this.#child?.write(buffers) !== false) return;
    this.#canWrite = false;
    this.#cancelWatch = this.#options.clock.after(HUNG_AFTER_MS, () =>
      this.#kill(`it took no input for ${HUNG_AFTER_MS} ms`),
    );
  }

  #drained(): void {
    this.#cancelWatch?.();
    this.#canWrite = true;
    this.#pump();
  }

  /** Whatever goes wrong behind a child's output is the end of this child, and of nothing else. */
  #take(index: number, bytes: Uint8Array): void {
    if (this.#isUnreadable) return;
    try {
      this.#outputs.push(index, bytes);
    } catch (error) {
      this.#isUnreadable = true;
      this.#kill(String(error));
    }
  }

  #kill(reason: string): void {
    this.#failure ??= reason;
    this.#child?.kill();
  }

  #exited(exit: TranscoderExit): void {
    this.#cancelWatch?.();
    this.#cancelKill?.();
    this.#canWrite = false;
    this.#queue.clear();
    let failure = this.#failure;
    try {
      for (const { output } of this.#renditions) output.flush();
    } catch (error) {
      failure ??= String(error);
    }
    const { onEnd } = this.#options;
    onEnd(failure === undefined ? exit : { ...exit, lastErrorLine: failure }, this.#isFinishing);
  }
}

/** Sound that is passed through needs no child. */
function withoutChild(listener: TranscoderListener): TranscoderProcess {
  const end = () => listener.exited({ exitCode: 0, signal: undefined, lastErrorLine: undefined });
  return { write: () => true, endInput: end, kill() {}, cpuSeconds: () => 0 };
}
