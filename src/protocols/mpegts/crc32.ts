/** x^32 + x^26 + x^23 + x^22 + x^16 + x^12 + x^11 + x^10 + x^8 + x^7 + x^5 + x^4 + x^2 + x + 1, without its x^32. */
const POLYNOMIAL = 0x04c1_1db7;

/**
 * The CRC of program specific information, ISO 13818-1 annex A: most significant bit first, begun with ones, not
 * inverted. Bit by bit: it runs over two short tables for a stream's life.
 */
export function crc32Mpeg2(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
  }
  return crc >>> 0;
}
