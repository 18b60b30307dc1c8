/**
 * The highest bit that leaves what `<<` makes, an integer of 32 bits, positive. No ladder has so many renditions; those beyond would
 * share the last bit.
 */
const MAX_RENDITION_INDEX = 30;

/** The set of one rendition, by its place among a stream's: one bit of a number, so that sets are joined with `|`. */
export function renditionBit(index: number): number {
  return 1 << Math.min(index, MAX_RENDITION_INDEX);
}

/** Which renditions are in a set of them. */
export function indexesIn(renditions: number): number[] {
  const indexes: number[] = [];
  for (let index = 0; index <= MAX_RENDITION_INDEX; index++) {
    if (renditions & (1 << index)) indexes.push(index);
  }
  return indexes;
}
