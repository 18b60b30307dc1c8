import type { Ticks } from '../../lib/timescale.ts';
import { writeProgramClockReference } from './timestamp.ts';

/** ISO 13818-1 2.4.3.2. */
export const PACKET_BYTES = 188;
const HEADER_BYTES = 4;
const BODY_BYTES = PACKET_BYTES - HEADER_BYTES;
const SYNC_BYTE = 0x47;

/** adaptation_field_control, ISO 13818-1 table 2-5, where it stands in the header. */
const Control = { payload: 0x10, field: 0x20 } as const;
const PAYLOAD_UNIT_START = 0x4000;

/** The adaptation field's flags, ISO 13818-1 2.4.3.4. */
export const FieldFlag = {
  discontinuity: 0x80,
  randomAccess: 0x40,
  programClockReference: 0x10,
} as const;

const STUFFING = 0xff;
const LENGTH_AND_FLAGS_BYTES = 2;
const PROGRAM_CLOCK_REFERENCE_BYTES = 6;

/** The four bytes that every packet begins with, as one number. */
export function packetHeader(packet: {
  readonly pid: number;
  readonly startsUnit: boolean;
  readonly hasField: boolean;
  readonly continuityCounter: number;
}): number {
  const unitStart = packet.startsUnit ? PAYLOAD_UNIT_START : 0;
  const control = Control.payload | (packet.hasField ? Control.field : 0);
  const low = ((unitStart | packet.pid) << 8) | control | packet.continuityCounter;
  return SYNC_BYTE * 2 ** 24 + low;
}

/** How many packets carry a PES packet, the first of them with an adaptation field for `flags`. */
export function packetCount(pesByteLength: number, flags: number): number {
  return Math.ceil((pesByteLength + fieldByteLength(flags)) / BODY_BYTES);
}

/**
 * Spreads a PES packet over the packets that fill `[start, end)` of `bytes`, in place. It has to lie at their end,
 * up to `end`: headers and adaptation fields push it apart towards the start. `flags` and `clockTicks` go into the first
 * packet; the last is stuffed by its adaptation field (ISO 13818-1 2.4.3.5).
 *
 * In place, because a view for every packet would cost more than moving the bytes a second time.
 */
export function spreadOverPackets(
  bytes: Uint8Array,
  start: number,
  end: number,
  pes: {
    readonly byteLength: number;
    readonly pid: number;
    /** Of the first packet. */
    readonly continuityCounter: number;
    readonly flags: number;
    readonly clockTicks: Ticks;
  },
): void {
  let from = end - pes.byteLength;
  let counter = pes.continuityCounter;
  let { flags } = pes;
  for (let at = start; at < end; at += PACKET_BYTES) {
    const fieldBytes = Math.max(fieldByteLength(flags), BODY_BYTES - (end - from));
    const body = at + HEADER_BYTES;
    bytes[at] = SYNC_BYTE;
    bytes[at + 1] = ((at === start ? PAYLOAD_UNIT_START : 0) | pes.pid) >> 8;
    bytes[at + 2] = pes.pid;
    bytes[at + 3] = Control.payload | (fieldBytes > 0 ? Control.field : 0) | counter;
    if (fieldBytes > 0) writeField(bytes, body, fieldBytes, flags, pes.clockTicks);
    const payloadBytes = BODY_BYTES - fieldBytes;
    bytes.copyWithin(body + fieldBytes, from, from + payloadBytes);
    from += payloadBytes;
    counter = (counter + 1) & 0x0f;
    flags = 0;
  }
}

/**
 * A packet that has no payload, only an adaptation field. Its continuity_counter is that of the packet before it on the
 * same PID (ISO 13818-1 2.4.3.3).
 */
export function writeFieldPacket(
  bytes: Uint8Array,
  at: number,
  packet: {
    readonly pid: number;
    readonly continuityCounter: number;
    readonly flags: number;
    readonly clockTicks: Ticks;
  },
): void {
  bytes[at] = SYNC_BYTE;
  bytes[at + 1] = packet.pid >> 8;
  bytes[at + 2] = packet.pid;
  bytes[at + 3] = Control.field | packet.continuityCounter;
  writeField(bytes, at + HEADER_BYTES, BODY_BYTES, packet.flags, packet.clockTicks);
}

/** Overwrites the continuity_counter of the packet at `at`. */
export function patchContinuityCounter(bytes: Uint8Array, at: number, counter: number): void {
  bytes[at + 3] = ((bytes[at + 3] as number) & 0xf0) | counter;
}

/** The shortest adaptation field with these flags; none where there are none. */
function fieldByteLength(flags: number): number {
  if (flags === 0) return 0;
  const hasClock = (flags & FieldFlag.programClockReference) !== 0;
  return LENGTH_AND_FLAGS_BYTES + (hasClock ? PROGRAM_CLOCK_REFERENCE_BYTES : 0);
}

function writeField(
  bytes: Uint8Array,
  at: number,
  byteLength: number,
  flags: number,
  clockTicks: Ticks,
): void {
  bytes[at] = byteLength - 1; // adaptation_field_length
  if (byteLength === 1) return;
  bytes[at + 1] = flags;
  let stuffingAt = at + LENGTH_AND_FLAGS_BYTES;
  if (flags & FieldFlag.programClockReference) {
    writeProgramClockReference(bytes, stuffingAt, clockTicks);
    stuffingAt += PROGRAM_CLOCK_REFERENCE_BYTES;
  }
  bytes.fill(STUFFING, stuffingAt, at + byteLength);
}
