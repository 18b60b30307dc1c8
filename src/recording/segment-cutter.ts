import type { Ticks } from '../lib/timescale.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';

/** IVS's segments of recordings last about ten seconds: they end with the first group of pictures that reaches this. */
export const NOMINAL_SEGMENT_TICKS: Ticks = 10 * VIDEO_TIMESCALE;

/** What IVS's playlists state, and no segment exceeds unless one group of pictures does. */
export const TARGET_DURATION_SECONDS = 12;

/** Renditions are behind each other by a few segments at most. */
const REMEMBERED_SEGMENTS = 64;

/**
 * Which live segments a recorded one begins with, the same for all renditions of a stream: the first rendition that has a
 * live segment decides. "The EXT-X-TARGETDURATION … MUST NOT change" (RFC 8216bis 6.2.1) as the playlist grows, so a live segment that
 * would make a recorded one too long begins the next.
 */
export class SegmentCutter {
  readonly #starts = new Map<number, boolean>();
  #ticks: Ticks = 0;

  startsSegment(live: {
    readonly msn: number;
    readonly durationTicks: Ticks;
    readonly isDiscontinuous: boolean;
  }): boolean {
    const known = this.#starts.get(live.msn);
    if (known !== undefined) return known;
    const limitTicks = TARGET_DURATION_SECONDS * VIDEO_TIMESCALE;
    const starts =
      this.#ticks === 0 ||
      live.isDiscontinuous ||
      this.#ticks >= NOMINAL_SEGMENT_TICKS ||
      this.#ticks + live.durationTicks > limitTicks;
    this.#ticks = (starts ? 0 : this.#ticks) + live.durationTicks;
    this.#starts.set(live.msn, starts);
    if (this.#starts.size > REMEMBERED_SEGMENTS) {
      for (const oldest of this.#starts.keys()) {
        this.#starts.delete(oldest);
        break;
      }
    }
    return starts;
  }
}
