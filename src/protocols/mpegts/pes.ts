import type { Ticks } from '../../lib/timescale.ts';
import { TIMESTAMP_BYTES, TimestampPrefix, writeTimestamp } from './timestamp.ts';

/** stream_id of ISO 13818-1 table 2-22. */
export const StreamId = { video: 0xe0, audio: 0xc0, privateStream1: 0xbd } as const;

/** packet_start_code_prefix, stream_id, PES_packet_length. */
const PREFIX_BYTES = 6;
/** The flags and PES_header_data_length. */
const FIXED_BYTES = 3;

/** PES_packet_length is 16 bits and counts from behind itself. */
const MAX_PACKET_LENGTH = 0xffff;
/** Above it a PES packet with a PTS has no length; allowed for video only (ISO 13818-1 2.4.3.7). */
export const MAX_BOUNDED_PAYLOAD_BYTES = MAX_PACKET_LENGTH - FIXED_BYTES - TIMESTAMP_BYTES;

/** '10', not scrambled, data_alignment_indicator: the payload begins with an access unit. */
const ALIGNED = 0x84;
const PtsDtsFlags = { pts: 0x80, ptsAndDts: 0xc0 } as const;

/** Of what begins in the packet; 90 kHz, before they are wrapped to 33 bits. */
export interface PesTimes {
  readonly ptsTicks: Ticks;
  readonly dtsTicks: Ticks;
}

/** Bytes of the header that `writePesHeader` writes, ISO 13818-1 2.4.3.6: 14, or 19 where DTS and PTS differ. */
export function pesHeaderByteLength({ ptsTicks, dtsTicks }: PesTimes): number {
  const timestamps = ptsTicks === dtsTicks ? 1 : 2;
  return PREFIX_BYTES + FIXED_BYTES + timestamps * TIMESTAMP_BYTES;
}

/**
 * The header of a PES packet, ISO 13818-1 2.4.3.6, with a DTS only where it differs from the PTS. Returns where the payload
 * goes.
 *
 * PES_packet_length is said wherever it fits 16 bits, for video too: a player that reads a segment as it grows then
 * knows that the last picture of a part is complete, and needn't wait for the next part to begin.
 */
export function writePesHeader(
  bytes: Uint8Array,
  at: number,
  streamId: number,
  times: PesTimes,
  payloadByteLength: number,
): number {
  const headerByteLength = pesHeaderByteLength(times);
  const packetLength = headerByteLength - PREFIX_BYTES + payloadByteLength;
  const statedLength = packetLength <= MAX_PACKET_LENGTH ? packetLength : 0;
  const hasDts = times.ptsTicks !== times.dtsTicks;
  bytes[at] = 0;
  bytes[at + 1] = 0;
  bytes[at + 2] = 1;
  bytes[at + 3] = streamId;
  bytes[at + 4] = statedLength >> 8;
  bytes[at + 5] = statedLength;
  bytes[at + 6] = ALIGNED;
  bytes[at + 7] = hasDts ? PtsDtsFlags.ptsAndDts : PtsDtsFlags.pts;
  bytes[at + 8] = headerByteLength - PREFIX_BYTES - FIXED_BYTES;
  const timestampsAt = at + PREFIX_BYTES + FIXED_BYTES;
  const prefix = hasDts ? TimestampPrefix.ptsBeforeDts : TimestampPrefix.ptsAlone;
  writeTimestamp(bytes, timestampsAt, prefix, times.ptsTicks);
  if (hasDts) {
    writeTimestamp(bytes, timestampsAt + TIMESTAMP_BYTES, TimestampPrefix.dts, times.dtsTicks);
  }
  return at + headerByteLength;
}
