import { ByteReader } from '../lib/byte-reader.ts';
import { ByteWriter } from '../lib/byte-writer.ts';
import { ProtocolViolation } from '../lib/protocol-violation.ts';

/** The frames that IVS puts into a stream; ID3v2.4 frames, 4.2.6 and 4.27. */
export type Id3Frame =
  /** User defined text. */
  | { readonly kind: 'TXXX'; readonly description: string; readonly value: string }
  /** Private: whoever knows the owner knows what the data are. */
  | { readonly kind: 'PRIV'; readonly owner: string; readonly data: Uint8Array };

const HEADER_BYTES = 10;
const FRAME_HEADER_BYTES = 10;
const MAJOR_VERSION = 4;

/** ID3v2.4 structure, 3.1: flags of the header. */
const HeaderFlag = { unsynchronisation: 0x80, extendedHeader: 0x40 } as const;

/** 4.1.2: grouping, compression, encryption, unsynchronisation and data length change a frame's layout. */
const FRAME_FORMAT_FLAGS = 0x4f;

/** 4: text encoding byte. */
const TextEncoding = { latin1: 0, utf8: 3 } as const;

/** 6.2: four bytes of seven bits. */
const MAX_SYNCHSAFE = 2 ** 28 - 1;

/**
 * An ID3v2.4 tag, text as UTF-8. Throws `RangeError` when a description or owner holds a zero character, which ends
 * it on the wire, or when the tag exceeds 256 MiB.
 */
export function encodeId3Tag(frames: readonly Id3Frame[]): Uint8Array {
  const body = new ByteWriter();
  for (const frame of frames) {
    const content = frameContent(frame);
    body.utf8(frame.kind);
    writeSynchsafe(body, content.byteLength);
    body.u16(0).bytes(content); // flags
  }
  const tag = new ByteWriter(HEADER_BYTES + body.length);
  tag.utf8('ID3').u8(MAJOR_VERSION).u8(0).u8(0); // version, revision, flags
  writeSynchsafe(tag, body.length);
  return tag.bytes(body.finish()).finish();
}

/**
 * Reads the TXXX and PRIV frames of an ID3v2.4 tag; passes over other frames, and over those that are compressed,
 * encrypted or otherwise transformed. Throws `ProtocolViolation` when the bytes are no such tag.
 */
export function decodeId3Tag(bytes: Uint8Array): Id3Frame[] {
  const header = new ByteReader(bytes);
  const identifier = header.utf8(3);
  const version = header.u8();
  header.skip(1); // revision
  const flags = header.u8();
  if (identifier !== 'ID3' || version !== MAJOR_VERSION) {
    throw new ProtocolViolation(
      `cannot read an ID3v2.4 tag: it begins with ${JSON.stringify(identifier)}, version ${version}`,
    );
  }
  if (flags & HeaderFlag.unsynchronisation) {
    throw new ProtocolViolation('cannot read an ID3 tag with unsynchronisation');
  }
  const reader = new ByteReader(header.bytes(readSynchsafe(header)));
  if (flags & HeaderFlag.extendedHeader) {
    // 3.2: its size counts itself.
    const size = readSynchsafe(reader);
    reader.skip(Math.max(size - 4, 0));
  }

  const frames: Id3Frame[] = [];
  while (reader.remaining >= FRAME_HEADER_BYTES) {
    const id = reader.utf8(4);
    if (id === '\0\0\0\0') break; // 3.3: padding
    const size = readSynchsafe(reader);
    const frameFlags = reader.u16();
    const content = reader.bytes(size);
    if (frameFlags & FRAME_FORMAT_FLAGS) continue;
    if (id === 'TXXX') frames.push(decodeText(content));
    if (id === 'PRIV') frames.push(decodePrivate(content));
  }
  return frames;
}

function frameContent(frame: Id3Frame): Uint8Array {
  const content = new ByteWriter();
  if (frame.kind === 'TXXX') {
    content.u8(TextEncoding.utf8).utf8(withoutZero(frame.description)).u8(0).utf8(frame.value);
  } else {
    content.utf8(withoutZero(frame.owner)).u8(0).bytes(frame.data);
  }
  return content.finish();
}

function decodeText(content: Uint8Array): Id3Frame {
  const encoding = content[0];
  if (encoding !== TextEncoding.utf8 && encoding !== TextEncoding.latin1) {
    throw new ProtocolViolation(`cannot read a TXXX frame: text encoding ${encoding} is not UTF-8`);
  }
  const { head, tail } = splitAtZero(content.subarray(1), 'TXXX');
  const decoder = new TextDecoder(encoding === TextEncoding.utf8 ? 'utf-8' : 'latin1', {
    ignoreBOM: true,
  });
  // 4.2: a text may end in a zero.
  const end = tail.at(-1) === 0 ? -1 : tail.byteLength;
  return {
    kind: 'TXXX',
    description: decoder.decode(head),
    value: decoder.decode(tail.subarray(0, end)),
  };
}

function decodePrivate(content: Uint8Array): Id3Frame {
  const { head, tail } = splitAtZero(content, 'PRIV');
  return {
    kind: 'PRIV',
    owner: new TextDecoder('utf-8', { ignoreBOM: true }).decode(head),
    data: tail,
  };
}

function splitAtZero(bytes: Uint8Array, frameId: string) {
  const zero = bytes.indexOf(0);
  if (zero < 0) {
    throw new ProtocolViolation(`cannot read a ${frameId} frame: no zero ends its first string`);
  }
  return { head: bytes.subarray(0, zero), tail: bytes.subarray(zero + 1) };
}

function withoutZero(text: string): string {
  if (text.includes('\0')) {
    throw new RangeError(`cannot write ${JSON.stringify(text)} as a zero-terminated string`);
  }
  return text;
}

function writeSynchsafe(writer: ByteWriter, value: number): void {
  if (value > MAX_SYNCHSAFE) {
    throw new RangeError(`cannot write an ID3 size of ${value} bytes: at most ${MAX_SYNCHSAFE}`);
  }
  writer
    .u8((value >>> 21) & 0x7f)
    .u8((value >>> 14) & 0x7f)
    .u8((value >>> 7) & 0x7f)
    .u8(value & 0x7f);
}

function readSynchsafe(reader: ByteReader): number {
  const value = reader.u32();
  if (value & 0x8080_8080) {
    throw new ProtocolViolation(
      `cannot read an ID3 size: 0x${value.toString(16)} is not synchsafe`,
    );
  }
  return (
    ((value >>> 3) & 0x0fe0_0000) |
    ((value >>> 2) & 0x1f_c000) |
    ((value >>> 1) & 0x3f80) |
    (value & 0x7f)
  );
}
