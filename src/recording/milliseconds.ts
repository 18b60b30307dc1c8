import { rescale, type Ticks } from '../lib/timescale.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';

/** In whole milliseconds, of which documents and playlists make the same sums. */
export const toMs = (ticks: Ticks): number => rescale(ticks, VIDEO_TIMESCALE, 1000);
