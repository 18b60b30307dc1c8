import { setTimeout as delay } from 'node:timers/promises';
import type { FlvTag } from './flv-file.ts';
import type { RtmpClient } from './rtmp-client.ts';

export interface ReplayOptions {
  /** Added to every timestamp: where a second file goes on after the first. */
  readonly shiftMs?: number;
  /** Told of each tag the moment it was handed to the socket, on `performance.now()`. */
  readonly onSent?: (tag: FlvTag, atMs: number) => void;
  readonly signal?: AbortSignal;
}

/** Sends tags at the pace of their timestamps, as an encoder does. Resolves when the last one is out. */
export async function replay(
  client: RtmpClient,
  tags: Iterable<FlvTag>,
  { shiftMs = 0, onSent, signal }: ReplayOptions = {},
): Promise<void> {
  const startedMs = performance.now();
  for (const tag of tags) {
    const aheadMs = tag.timestampMs - (performance.now() - startedMs);
    // Timers of Node are a millisecond exact: what is due within it goes now.
    if (aheadMs > 1) await delay(aheadMs);
    if (signal?.aborted || client.socket.destroyed) return;
    client.sendTag({ ...tag, timestampMs: tag.timestampMs + shiftMs });
    onSent?.(tag, performance.now());
  }
}
