import type { RenditionPlan } from '../domain/ladder.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Frame, FrameSink, MediaTracks } from '../media/frame.ts';
import type { TranscoderExit, TranscoderFactory } from './ports.ts';
import { type Opening, RenditionFeed } from './rendition-feed.ts';
import { RestartBackoff } from './restart-backoff.ts';
import { type JobWithRoutes, outputCount, planJob, type ThumbnailJob } from './transcode-job.ts';
import { TranscodeRun } from './transcode-run.ts';
import type { EncoderChoice } from './video-encoders.ts';

/** A child that was asked to end for a break in the source. */
const BREAK_GRACE_MS = 5_000;
/** The stream is over: its last pictures are waited for as long as they may have waited in the queue, and no longer. */
const CLOSE_GRACE_MS = 4_000;

/** One child may die of the moment: what the third one dies of before its first pictures, a few seconds later, stays. */
const MAX_DEATHS_WITHOUT_PICTURES = 3;

/** What the owner should know, for its events; it is in the log already. */
export type TranscodeTrouble =
  /** The child is gone without having been asked; the next one starts at a keyframe. */
  | ({ readonly kind: 'died' } & TranscoderExit)
  /** Said after `died`, once: so many children in a row died before each rendition had a picture. More of them will be tried. */
  | { readonly kind: 'no-pictures'; readonly deaths: number }
  /** The child is too slow: frames were left out before a keyframe. */
  | { readonly kind: 'fell-behind'; readonly droppedFrames: number };

export interface LadderTranscoderOptions {
  /** By the rendition's name. An audio-only rendition is announced with the source's video track, and gets sound alone. */
  readonly sinks: ReadonlyMap<string, FrameSink>;
  readonly thumbnails?: {
    readonly intervalSeconds: number;
    readonly onThumbnail: (jpeg: Uint8Array) => void;
  };
  readonly encoder: EncoderChoice;
  readonly factory: TranscoderFactory;
  /** Memory of the frames that come out; their last owner may give it back. */
  readonly payloads: SlabPool;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onTrouble: (trouble: TranscodeTrouble) => void;
}

/**
 * The source's frames in, every transcoded rendition's frames out, by one ffmpeg at a time. The source is never held up: what
 * ffmpeg does not take is dropped. New tracks and breaks of the source begin a new ffmpeg, whose frames come after all of the
 * one before; so does the death of one, from the next keyframe on.
 */
export class LadderTranscoder implements FrameSink {
  readonly #options: LadderTranscoderOptions;
  readonly #feeds: ReadonlyMap<string, RenditionFeed>;
  readonly #backoff = new RestartBackoff();
  #renditions: readonly RenditionPlan[] = [];
  #thumbnailSize: ThumbnailJob['size'];
  readonly #closed = Promise.withResolvers<void>();
  #isClosing = false;
  #source: { readonly tracks: MediaTracks; readonly job: JobWithRoutes } | undefined;
  /** The child that is alive. */
  #running: TranscodeRun | undefined;
  /** It has been asked to end; the next one waits for that. */
  #isEnding = false;
  #waiting: TranscodeRun | undefined;
  #opening: Opening = { isNewSource: false, isBreak: false };
  #endedCpuSeconds = 0;
  #runningCpuSeconds = 0;
  /** In a row. */
  #deathsWithoutPictures = 0;

  constructor(options: LadderTranscoderOptions) {
    this.#options = options;
    this.#feeds = new Map(
      [...options.sinks].map(([name, sink]) => [name, new RenditionFeed(sink)]),
    );
  }

  /** Processor time of all children, as far as the system tells: the last moments of each one are missing. */
  cpuSeconds(): number {
    this.#runningCpuSeconds = this.#running?.cpuSeconds() ?? this.#runningCpuSeconds;
    return this.#endedCpuSeconds + this.#runningCpuSeconds;
  }

  /** What a rendition is may change with the source; those that are the source itself are passed over. */
  plan(renditions: readonly RenditionPlan[], thumbnailSize?: ThumbnailJob['size']): void {
    this.#renditions = renditions;
    this.#thumbnailSize = thumbnailSize;
  }

  tracks(tracks: MediaTracks): void {
    const { thumbnails } = this.#options;
    const size = this.#thumbnailSize;
    const pictures = thumbnails && {
      intervalSeconds: thumbnails.intervalSeconds,
      ...(size && { size }),
    };
    this.#source = { tracks, job: planJob(this.#renditions, tracks, pictures) };
    this.#breakOff({ ...this.#opening, isNewSource: true });
  }

  discontinuity(): void {
    this.#breakOff({ ...this.#opening, isBreak: true });
  }

  frame(frame: Frame): void {
    if (this.#isClosing) return;
    const run = this.#waiting ?? (this.#isEnding ? undefined : this.#running);
    (run ?? this.#begin(frame))?.frame(frame);
  }

  /** No more frames: what is under way comes out, for four seconds at most. Resolves when the child is gone. */
  close(): Promise<void> {
    if (this.#isClosing) return this.#closed.promise;
    this.#isClosing = true;
    this.#waiting = undefined;
    if (this.#running === undefined) this.#closed.resolve();
    else this.#running.finish(CLOSE_GRACE_MS);
    return this.#closed.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What comes next is for another child. */
  #breakOff(opening: Opening): void {
    if (this.#isClosing) return;
    this.#opening = opening;
    this.#waiting = undefined;
    if (this.#running === undefined || this.#isEnding) return;
    this.#isEnding = true;
    this.#running.finish(BREAK_GRACE_MS);
  }

  #begin(keyframe: Frame): TranscodeRun | undefined {
    const { clock, thumbnails } = this.#options;
    if (this.#source === undefined || keyframe.kind !== 'video' || !keyframe.isKeyframe) return;
    if (isIdle(this.#source.job)) return;
    if (!this.#backoff.mayStart(clock.monotonicMs())) return;
    const run = new TranscodeRun(
      {
        ...this.#options,
        ...this.#source,
        opening: this.#opening,
        feeds: this.#feeds,
        onThumbnail: (jpeg) => thumbnails?.onThumbnail(jpeg),
        onGap: ({ frames }) => this.#trouble({ kind: 'fell-behind', droppedFrames: frames }),
        onEnd: (exit, wasAsked) => this.#ended(run, exit, wasAsked),
      },
      keyframe,
    );
    this.#waiting = run;
    if (this.#running === undefined) this.#start();
    return run;
  }

  #start(): void {
    const run = this.#waiting;
    if (run === undefined) return;
    this.#waiting = undefined;
    this.#running = run;
    this.#opening = { isNewSource: false, isBreak: false };
    run.start();
  }

  #ended(run: TranscodeRun, exit: TranscoderExit, wasAsked: boolean): void {
    this.#running = undefined;
    this.#isEnding = false;
    this.#endedCpuSeconds += this.#runningCpuSeconds;
    this.#runningCpuSeconds = 0;
    if (run.hasPictures) this.#deathsWithoutPictures = 0;
    if (!wasAsked) this.#died(run, exit);
    else if (exit.exitCode !== 0) this.#options.log.warn({ exit }, 'ffmpeg did not end cleanly');
    if (this.#isClosing) this.#closed.resolve();
    else this.#start();
  }

  #died(run: TranscodeRun, exit: TranscoderExit): void {
    this.#opening = { ...this.#opening, isBreak: true };
    this.#backoff.died(run.startedMs, this.#options.clock.monotonicMs());
    this.#trouble({ kind: 'died', ...exit });
    if (run.hasPictures) return;
    const deaths = ++this.#deathsWithoutPictures;
    if (deaths !== MAX_DEATHS_WITHOUT_PICTURES) return;
    // Without a line of its own: the log has one for each of the deaths.
    this.#options.onTrouble({ kind: 'no-pictures', deaths });
  }

  #trouble(trouble: TranscodeTrouble): void {
    this.#options.log.warn({ trouble }, 'transcoding is in trouble');
    this.#options.onTrouble(trouble);
  }
}

function isIdle({ job, routes }: JobWithRoutes): boolean {
  return routes.length === 0 && outputCount(job) === 0;
}
