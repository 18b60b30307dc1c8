/** Markers without a length: TEM and RST0 to RST7, SOI and EOI (ITU-T T.81 table B.1). */
const isStandalone = (marker: number): boolean =>
  marker === 0x01 || (marker >= 0xd0 && marker <= 0xd9);

/** SOF0 to SOF15; of the same range DHT, JPG and DAC are none. */
const isStartOfFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** Size of the picture in a JPEG's frame header (ITU-T T.81 B.2.2); `undefined` where the bytes have none. */
export function jpegSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const word = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (word(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 <= bytes.byteLength; ) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff) return undefined;
    if (isStandalone(marker)) at += 2;
    else if (marker === 0xff) at += 1;
    else if (isStartOfFrame(marker)) return { height: word(at + 5), width: word(at + 7) };
    else at += 2 + word(at + 2);
  }
  return undefined;
}
