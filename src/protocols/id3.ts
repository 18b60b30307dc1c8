import { ByteWriter } from '../lib/byte-writer.ts';

/** The frames that IVS puts into a stream; ID3v2.4 frames, 4.2.6 and 4.27. */
export type Id3Frame =
  /** User defined text. */
  | { readonly kind: 'TXXX'; readonly description: string; readonly value: string }
  /** Private: whoever knows the owner knows what the data are. */
  | { readonly kind: 'PRIV'; readonly owner: string; readonly data: Uint8Array };

const HEADER_BYTES = 10;
const MAJOR_VERSION = 4;

/** 4: the text encoding byte of UTF-8. */
const TEXT_ENCODING_UTF8 = 3;

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

function frameContent(frame: Id3Frame): Uint8Array {
  const content = new ByteWriter();
  if (frame.kind === 'TXXX') {
    content.u8(TEXT_ENCODING_UTF8).utf8(withoutZero(frame.description)).u8(0).utf8(frame.value);
  } else {
    content.utf8(withoutZero(frame.owner)).u8(0).bytes(frame.data);
  }
  return content.finish();
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
