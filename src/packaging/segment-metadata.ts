import { VIDEO_TIMESCALE } from '../media/frame.ts';
import { encodeId3Tag } from '../protocols/id3.ts';
import { EventMessageScheme, encodeEventMessage } from '../protocols/mp4/emsg.ts';

/**
 * The box at each segment's start from which the IVS player computes its live latency and its sync time: ID3 `TXXX`
 * named `segmentmetadata`, JSON with the milliseconds at which the segment's first frame was received and sent on.
 */
export function segmentMetadataEvent(options: {
  readonly msn: number;
  readonly receivedMs: number;
  readonly sentMs: number;
}): Uint8Array {
  const value = JSON.stringify({
    cmd: 'ld_lat_data',
    transc_r: Math.round(options.receivedMs),
    transc_s: Math.round(options.sentMs),
  });
  return encodeEventMessage({
    schemeIdUri: EventMessageScheme.twitchId3,
    value: '',
    timescale: VIDEO_TIMESCALE,
    presentationTimeDeltaTicks: 0,
    eventDurationTicks: 0,
    // Same scheme, value and id would be the same event told again (ISO 23009-1 5.10.3.3.4).
    id: options.msn,
    messageData: encodeId3Tag([{ kind: 'TXXX', description: 'segmentmetadata', value }]),
  });
}
