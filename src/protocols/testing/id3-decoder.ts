import { ByteReader } from '../../lib/byte-reader.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import type { Id3Frame } from '../id3.ts';

const FRAME_HEADER_BYTES = 10;
const MAJOR_VERSION = 4;

/** ID3v2.4 structure, 3.1: flags of the header. */
const HeaderFlag = { unsynchronisation: 0x80, extendedHeader: 0x40 } as const;

/** 4.1.2: grouping, compression, encryption, unsynchronisation and data length change a frame's layout. */
const FRAME_FORMAT_FLAGS = 0x4f;

/** 4: text encoding byte. */
const TextEncoding = { latin1: 0, utf8: 3 } as const;

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
