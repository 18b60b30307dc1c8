import type { ByteReader } from '../../lib/byte-reader.ts';

/** Packet type of a modifier extension, the same number for audio and video (Enhanced RTMP v2). */
const MODIFIER_EXTENSION = 7;

/**
 * Steps over the modifier extensions ("ModEx") before the FourCC and returns the packet type behind them. The
 * only one defined is a nanosecond offset, finer than our ticks.
 */
export function skipModifiers(reader: ByteReader, firstPacketType: number): number {
  let packetType = firstPacketType;
  while (packetType === MODIFIER_EXTENSION) {
    let byteLength = reader.u8() + 1;
    // "If maximum 8-bit size is not sufficient, use a 16-bit value".
    if (byteLength === 256) byteLength = reader.u16() + 1;
    reader.skip(byteLength);
    packetType = reader.u8() & 0x0f;
  }
  return packetType;
}

/** A FourCC as the number that a big-endian read gives. */
export function fourCcNumber(text: string): number {
  return [...text].reduce((number, character) => number * 256 + character.charCodeAt(0), 0);
}

/** For messages to people: a peer's FourCC may hold any bytes. */
export function describeFourCc(fourCc: number): string {
  return `FourCC 0x${fourCc.toString(16).padStart(8, '0')}`;
}
