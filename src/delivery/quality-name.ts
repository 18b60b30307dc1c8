import type { RenditionDescription } from '../packaging/rendition.ts';

/** IVS shows 30 frames a second as `480p`, others as `720p60`. A transcoded rendition is called after its place in the ladder. */
export function qualityName({ name, picture, isSource }: RenditionDescription): string {
  if (!picture || !isSource) return name.replace(/p30$/, 'p');
  const height = Math.min(picture.width, picture.height);
  const rate = Math.round(picture.framesPerSecond);
  return rate === 30 ? `${height}p` : `${height}p${rate}`;
}
