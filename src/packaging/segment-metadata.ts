import type { Ticks } from '../lib/timescale.ts';
import { encodeId3Tag } from '../protocols/id3.ts';
import type { PartMetadata } from './part-container.ts';

/**
 * The tag at each segment's start from which the IVS player computes its live latency and its sync time: ID3 `TXXX`
 * named `segmentmetadata`, JSON with the milliseconds at which the segment's first frame was received and sent on.
 */
export function segmentMetadata(options: {
  readonly msn: number;
  readonly startTicks: Ticks;
  readonly receivedMs: number;
  readonly sentMs: number;
}): PartMetadata {
  const value = JSON.stringify({
    cmd: 'ld_lat_data',
    transc_r: Math.round(options.receivedMs),
    transc_s: Math.round(options.sentMs),
  });
  return {
    id: options.msn,
    ptsTicks: options.startTicks,
    id3: encodeId3Tag([{ kind: 'TXXX', description: 'segmentmetadata', value }]),
  };
}
