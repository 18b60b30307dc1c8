import type { RenditionDescription } from '../packaging/rendition.ts';

/** IVS shows 30 frames a second as `480p`, others as `720p60`. */
export function qualityName({ height, framesPerSecond }: RenditionDescription): string {
  const rate = Math.round(framesPerSecond);
  return rate === 30 ? `${height}p` : `${height}p${rate}`;
}
