import type { Ticks } from '../lib/timescale.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';

/** More than a transcoder ever holds: it drops what is older than a few groups of pictures. */
const MAX_ARRIVALS = 64;

/**
 * When the source's keyframes came in. What a transcoder makes of them comes later, at its start seconds later: dated by
 * its own arrival it would be younger than it is, for as long as the stream lasts.
 */
export class SourceArrivals {
  readonly #keyframes: { readonly ticks: Ticks; readonly receivedMs: number }[] = [];

  /** `ticks`: when the keyframe is presented, which is when its copies are decoded. Increasing. */
  received(ticks: Ticks, receivedMs: number): void {
    this.#keyframes.push({ ticks, receivedMs });
    if (this.#keyframes.length > MAX_ARRIVALS) this.#keyframes.shift();
  }

  /** Wall-clock milliseconds at which the source was at `ticks`; nothing where its arrival is not known. */
  at(ticks: Ticks): number | undefined {
    const keyframe = this.#keyframes.findLast((each) => each.ticks <= ticks) ?? this.#keyframes[0];
    if (keyframe === undefined) return undefined;
    return keyframe.receivedMs + ((ticks - keyframe.ticks) * 1000) / VIDEO_TIMESCALE;
  }
}
