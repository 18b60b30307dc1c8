import type { RENDITIONS } from './recording-configuration.ts';

type ResolutionBucket = (typeof RENDITIONS)[number];

/** Shorter edges of the renditions that a recording configuration's names stand for (API, RenditionConfiguration). */
const EDGES: Readonly<Record<ResolutionBucket, readonly [least: number, most: number]>> = {
  LOWEST_RESOLUTION: [160, 360],
  SD: [361, 480],
  HD: [481, 720],
  FULL_HD: [721, 1080],
};

interface Size {
  readonly width: number;
  readonly height: number;
}

export function isInBucket(bucket: ResolutionBucket, { width, height }: Size): boolean {
  const [least, most] = EDGES[bucket];
  const edge = Math.min(width, height);
  return edge >= least && edge <= most;
}

/**
 * The size of recorded thumbnails: that of a rendition in the bucket, of more than one the best, of LOWEST_RESOLUTION, as its
 * name says, the lowest. "If the desired resolution is not available, the source's" (API, ThumbnailConfiguration).
 * `renditions`: best first.
 */
export function thumbnailSize(
  bucket: ResolutionBucket | undefined,
  renditions: readonly Size[],
  source: Size,
): Size {
  if (bucket === undefined) return source;
  const inBucket = renditions.filter((rendition) => isInBucket(bucket, rendition));
  return (bucket === 'LOWEST_RESOLUTION' ? inBucket.at(-1) : inBucket[0]) ?? source;
}
