import { ByteWriter } from '../../lib/byte-writer.ts';

/** Writes one field of a box. */
export type Field = (writer: ByteWriter) => void;

/**
 * An ISO base media file box (ISO 14496-12 4.2): its fields in the order of the specification, then the boxes
 * inside it. For boxes that are written once a stream; `media-segment.ts` writes its boxes straight.
 */
export interface Box {
  readonly type: string;
  readonly fields: readonly Field[];
  readonly children: readonly Box[];
}

/** A box without version and flags. `type`: four ASCII characters, ISO 14496-12 4.2; its size is known when it is encoded. */
export function box(type: string, fields: readonly Field[], children: readonly Box[] = []): Box {
  return { type, fields, children };
}

/** A box that begins with `version` and 24 bits of `flags`: the FullBox of ISO 14496-12 4.2. */
export function fullBox(
  type: string,
  version: number,
  flags: number,
  fields: readonly Field[],
  children: readonly Box[] = [],
): Box {
  return { type, fields: [u8(version), u24(flags), ...fields], children };
}

/**
 * An unsigned integer of 8 bits; those below have more, and the most significant byte first (ISO 14496-12 4.2). Of a value that
 * does not fit, the low bits are written.
 */
export const u8 =
  (value: number): Field =>
  (writer) =>
    writer.u8(value);

/** 16 bits, unsigned. */
export const u16 =
  (value: number): Field =>
  (writer) =>
    writer.u16(value);

/** 24 bits, unsigned. */
export const u24 =
  (value: number): Field =>
  (writer) =>
    writer.u24(value);

/** 32 bits, unsigned. */
export const u32 =
  (value: number): Field =>
  (writer) =>
    writer.u32(value);

/** A count of `length` zero bytes: reserved fields, and pre_defined ones of value 0. */
export const zeros =
  (length: number): Field =>
  (writer) =>
    writer.zeros(length);

/** A fixed-point number with 16 bits before and 16 after the point. */
export const fixed16_16 = (value: number): Field => u32(Math.round(value * 0x1_0000));

/** A fixed-point number with 8 bits before and 8 after the point. */
export const fixed8_8 = (value: number): Field => u16(Math.round(value * 0x100));

/** Four ASCII characters: a brand, a handler type. */
export const fourCc =
  (value: string): Field =>
  (writer) =>
    writer.fourCc(value);

/** Bytes as they are, such as a codec's own record. */
export const bytes =
  (value: Uint8Array): Field =>
  (writer) =>
    writer.bytes(value);

/** UTF-8 text and a zero byte. Refuses text that holds a zero itself, which would end it early. */
export function nullTerminated(value: string): Field {
  if (value.includes('\0')) {
    throw new RangeError(`cannot write ${JSON.stringify(value)} as a null-terminated string`);
  }
  return (writer) => writer.utf8(value).u8(0);
}

/** Boxes one after the other, as the bytes of a file. */
export function encodeBoxes(boxes: readonly Box[]): Uint8Array {
  const writer = new ByteWriter(1024);
  for (const each of boxes) writeBox(writer, each);
  return writer.finish().slice();
}

function writeBox(writer: ByteWriter, { type, fields, children }: Box): void {
  const start = writer.length;
  writer.u32(0).fourCc(type);
  for (const field of fields) field(writer);
  for (const child of children) writeBox(writer, child);
  writer.patchU32(start, writer.length - start);
}
