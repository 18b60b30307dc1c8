import type { AudioEncoding, RenditionPlan, VideoEncoding } from '../domain/ladder.ts';
import type { MediaTracks } from '../media/frame.ts';

/** A picture's output: encoded, or passed through because only the rendition's sound is encoded. */
export type VideoOutput = { readonly encoding: VideoEncoding | 'copy' };

/** One JPEG each so many seconds. */
export interface ThumbnailJob {
  readonly intervalSeconds: number;
  /** Absent: the source's, up to what pages need. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** What one child makes. Each output has a pipe of its own, in the order videos, audios, thumbnails. */
export interface TranscodeJob {
  /** Of the source, for rate control; it need not be exact. */
  readonly framesPerSecond: number;
  readonly videos: readonly VideoOutput[];
  /** No two alike: renditions with the same sound share it. */
  readonly audios: readonly AudioEncoding[];
  readonly thumbnails?: ThumbnailJob;
}

/** Where a rendition's frames come from; the numbers are indexes of the job's lists. */
export interface RenditionRoute {
  readonly name: string;
  readonly video: number | undefined;
  readonly audio: number | 'source' | undefined;
}

export interface JobWithRoutes {
  readonly job: TranscodeJob;
  readonly routes: readonly RenditionRoute[];
}

/** Rate control wants a number where nobody knows one. */
const ASSUMED_FRAMES_PER_SECOND = 30;

/** Whether the rendition is made here, and not the source as it is. */
export function isTranscoded(plan: RenditionPlan): boolean {
  return plan.video !== 'source' || typeof plan.audio === 'object';
}

/**
 * One child's work for the renditions of a plan that are not the source itself. Sound that is passed through does not go to
 * the child; a source without sound makes none, and no rendition that is nothing else.
 */
export function planJob(
  renditions: readonly RenditionPlan[],
  source: MediaTracks,
  thumbnails: ThumbnailJob | undefined,
): JobWithRoutes {
  const videos: VideoOutput[] = [];
  const audios: AudioEncoding[] = [];
  const audioIndex = (encoding: AudioEncoding): number => {
    const known = audios.findIndex(({ bitrateBps }) => bitrateBps === encoding.bitrateBps);
    return known === -1 ? audios.push(encoding) - 1 : known;
  };
  const routes: RenditionRoute[] = [];
  for (const plan of renditions.filter(isTranscoded)) {
    const planned = source.audio === undefined ? undefined : plan.audio;
    if (plan.video === undefined && planned === undefined) continue;
    const audio = typeof planned === 'object' ? audioIndex(planned) : planned;
    const encoding = plan.video === 'source' ? 'copy' : plan.video;
    const video = encoding === undefined ? undefined : videos.push({ encoding }) - 1;
    routes.push({ name: plan.name, video, audio });
  }
  return {
    job: {
      framesPerSecond: source.video.declaredFrameRate ?? plannedFrameRate(videos),
      videos,
      audios,
      ...(thumbnails && { thumbnails }),
    },
    routes,
  };
}

/** How many pipes the child writes to. */
export function outputCount(job: TranscodeJob): number {
  return job.videos.length + job.audios.length + (job.thumbnails ? 1 : 0);
}

function plannedFrameRate(videos: readonly VideoOutput[]): number {
  for (const { encoding } of videos) {
    if (encoding === 'copy') continue;
    const { framesPerSecond, keepOneFrameIn } = encoding;
    if (framesPerSecond > 0) return framesPerSecond * keepOneFrameIn;
  }
  return ASSUMED_FRAMES_PER_SECOND;
}
