import { renditionName, shownRenditionName } from '../domain/rendition-name.ts';
import type { RenditionDescription } from '../packaging/rendition.ts';

/** What a menu shows: of the source what its picture is now, of a transcoded rendition its place in the ladder. */
export function qualityName({ name, picture, isSource }: RenditionDescription): string {
  const isOfPicture = isSource && picture !== undefined;
  return shownRenditionName(isOfPicture ? renditionName(picture, picture.framesPerSecond) : name);
}
