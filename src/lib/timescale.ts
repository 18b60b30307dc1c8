/** A moment or length counted in ticks of a track's timescale. Always an integer. */
export type Ticks = number;
/** Ticks per second. */
export type Timescale = number;

/** Converts between timescales in integers, rounding half up. Exact below 2^53 / max(timescale). */
export function rescale(ticks: Ticks, from: Timescale, to: Timescale): Ticks {
  return from === to ? ticks : Math.floor((ticks * to + from / 2) / from);
}
