import { collectGarbage } from '../adapters/garbage.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { SlabPool } from '../lib/slab-pool.ts';

/** So much memory of streams that ended is worth a moment's pause. */
const GARBAGE_BYTES = 128 * 1024 * 1024;
const GARBAGE_CHECK_MS = 60_000;

/** Gives the memory of streams that ended back to the system, until the returned function is called. */
export function collectAfterStreams(payloads: SlabPool, clock: Clock, log: Logger): () => void {
  return clock.every(GARBAGE_CHECK_MS, () => {
    if (payloads.droppedByteLength < GARBAGE_BYTES) return;
    payloads.forgetDropped();
    collectGarbage().catch((error: unknown) => {
      log.warn({ err: error }, 'cannot give memory back to the system');
    });
  });
}
