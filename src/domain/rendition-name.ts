/** A rendition as IVS names it in URLs, groups and recordings: `<shorter edge>p<frames per second>`, e.g. `720p60`. */
export function renditionName(
  { width, height }: { readonly width: number; readonly height: number },
  framesPerSecond: number,
): string {
  return `${Math.min(width, height)}p${Math.round(framesPerSecond)}`;
}

/** As IVS shows it to people: 30 frames a second are not worth a number, `480p`. */
export const shownRenditionName = (name: string): string => name.replace(/p30$/, 'p');
