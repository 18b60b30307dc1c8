import type { Ticks } from '../../lib/timescale.ts';

/** PTS, DTS and the base of PCR have 33 bits of 90 kHz: they wrap every 26.5 hours. */
const MODULUS = 2 ** 33;

/**
 * What a stream's zero is on the wire. Ten seconds, as Apple's tools do: neither the clock's lead nor a sound that
 * starts before the first picture makes a timestamp wrap below zero.
 */
export const TIME_OFFSET_TICKS: Ticks = 900_000;

/**
 * How far the program clock is behind decoding: what is decoded at a time arrives up to so much earlier. Below the second
 * that data may wait in the decoder of ISO 13818-1 2.4.2, above what encoders send sound behind the picture it belongs to.
 */
export const CLOCK_LEAD_TICKS: Ticks = 63_000;

/** ISO 13818-1 2.7.2: from one program clock reference to the next, at most 100 ms. */
export const MAX_CLOCK_INTERVAL_TICKS: Ticks = 9_000;

/** Bytes of a PTS or DTS. */
export const TIMESTAMP_BYTES = 5;

/** The four bits before a timestamp say which it is, ISO 13818-1 table 2-21. */
export const TimestampPrefix = { ptsAlone: 0x2, ptsBeforeDts: 0x3, dts: 0x1 } as const;

/** A PTS or DTS, ISO 13818-1 2.4.3.6: 3, 15 and 15 bits with marker bits between. */
export function writeTimestamp(bytes: Uint8Array, at: number, prefix: number, ticks: Ticks): void {
  const value = onTheWire(ticks);
  const high = Math.floor(value / 2 ** 30);
  const middle = Math.floor(value / 2 ** 15) & 0x7fff;
  const low = value & 0x7fff;
  bytes[at] = (prefix << 4) | (high << 1) | 1;
  bytes[at + 1] = middle >> 7;
  bytes[at + 2] = ((middle & 0x7f) << 1) | 1;
  bytes[at + 3] = low >> 7;
  bytes[at + 4] = ((low & 0x7f) << 1) | 1;
}

/** A PCR, ISO 13818-1 2.4.3.4: 33 bits of 90 kHz, 6 reserved, 9 of 27 MHz that stay 0. */
export function writeProgramClockReference(bytes: Uint8Array, at: number, ticks: Ticks): void {
  const base = onTheWire(ticks);
  const high = Math.floor(base / 2);
  bytes[at] = high >>> 24;
  bytes[at + 1] = high >>> 16;
  bytes[at + 2] = high >>> 8;
  bytes[at + 3] = high;
  bytes[at + 4] = ((base & 1) << 7) | 0x7e;
  bytes[at + 5] = 0;
}

function onTheWire(ticks: Ticks): number {
  const value = (ticks + TIME_OFFSET_TICKS) % MODULUS;
  return value < 0 ? value + MODULUS : value;
}
