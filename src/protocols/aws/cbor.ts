import { ByteReader } from '../../lib/byte-reader.ts';
import { ByteWriter } from '../../lib/byte-writer.ts';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';

/** What CBOR says, as far as Smithy uses it: a `Date` is tag 1, an epoch time. */
export type CborValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Date
  | readonly CborValue[]
  | { readonly [name: string]: CborValue };

/** RFC 8949, section 3.1. */
const Major = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;

const INDEFINITE = 31;
const BREAK = 0xff;
const EPOCH_TIME = 1;
const FLOAT64 = 0xfb;

/**
 * Each costs a byte of the peer's and much more of ours. 500 queries of CloudWatch, of metrics with 30 dimensions, are 86,500.
 */
const MAX_ITEMS = 100_000;

/** Deeper than any shape of an AWS service; an attacker's nesting must not end the stack. */
const MAX_DEPTH = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * One CBOR item that is all of `bytes`, as Smithy's RPC v2 uses them (https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html).
 * Throws ProtocolViolation on anything else.
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const input: Input = { reader: new ByteReader(bytes), items: 0 };
  const value = readItem(input, 0);
  const { remaining } = input.reader;
  if (remaining > 0) {
    throw new ProtocolViolation(`cannot read CBOR: ${remaining} bytes follow the item`);
  }
  return value;
}

interface Input {
  readonly reader: ByteReader;
  /** Begun so far. */
  items: number;
}

function readItem(input: Input, depth: number): CborValue {
  return readAfter(input, input.reader.u8(), depth);
}

function readAfter(input: Input, initial: number, depth: number): CborValue {
  if (depth > MAX_DEPTH) throw new ProtocolViolation('cannot read CBOR: it is nested too deep');
  countItem(input);
  const { reader } = input;
  const major = initial >> 5;
  const info = initial & 0x1f;
  switch (major) {
    case Major.unsigned:
      return readArgument(reader, info);
    case Major.negative:
      return -1 - readArgument(reader, info);
    case Major.bytes:
      return readBytes(input, major, info);
    case Major.text:
      return decodeText(readBytes(input, major, info));
    case Major.array:
      return readArray(input, info, depth);
    case Major.map:
      return readMap(input, info, depth);
    case Major.tag:
      return readTag(input, info, depth);
    default:
      return readSimple(reader, info);
  }
}

function countItem(input: Input): void {
  if (++input.items > MAX_ITEMS) {
    throw new ProtocolViolation(`cannot read CBOR: more than ${MAX_ITEMS} items`);
  }
}

function readArgument(reader: ByteReader, info: number): number {
  if (info < 24) return info;
  if (info === 24) return reader.u8();
  if (info === 25) return reader.u16();
  if (info === 26) return reader.u32();
  if (info === 27) return reader.u64();
  throw new ProtocolViolation(`cannot read CBOR: additional information ${info}`);
}

function readBytes(input: Input, major: number, info: number): Uint8Array {
  const { reader } = input;
  if (info !== INDEFINITE) return reader.bytes(readArgument(reader, info));
  const chunks: Uint8Array[] = [];
  for (let initial = reader.u8(); initial !== BREAK; initial = reader.u8()) {
    if (initial >> 5 !== major || (initial & 0x1f) === INDEFINITE) {
      throw new ProtocolViolation(`cannot read CBOR: 0x${initial.toString(16)} in a string`);
    }
    countItem(input);
    chunks.push(reader.bytes(readArgument(reader, initial & 0x1f)));
  }
  return Buffer.concat(chunks);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ProtocolViolation('cannot read CBOR: a text is not UTF-8');
  }
}

/** Nothing is allocated for a length that is only announced: each item costs the peer a byte. */
function readArray(input: Input, info: number, depth: number): CborValue {
  const items: CborValue[] = [];
  forEachItem(input, info, (initial) => items.push(readAfter(input, initial, depth + 1)));
  return items;
}

function readMap(input: Input, info: number, depth: number): CborValue {
  const entries: [string, CborValue][] = [];
  forEachItem(input, info, (initial) => {
    const name = readAfter(input, initial, depth + 1);
    if (typeof name !== 'string') {
      throw new ProtocolViolation(`cannot read CBOR: a ${typeof name} as the name of a member`);
    }
    entries.push([name, readItem(input, depth + 1)]);
  });
  return Object.fromEntries(entries);
}

function forEachItem(input: Input, info: number, read: (initial: number) => void): void {
  const { reader } = input;
  if (info === INDEFINITE) {
    for (let initial = reader.u8(); initial !== BREAK; initial = reader.u8()) read(initial);
    return;
  }
  const count = readArgument(reader, info);
  for (let i = 0; i < count; i++) read(reader.u8());
}

function readTag(input: Input, info: number, depth: number): CborValue {
  const tag = readArgument(input.reader, info);
  const value = readItem(input, depth + 1);
  if (tag !== EPOCH_TIME) return value;
  if (typeof value !== 'number') {
    throw new ProtocolViolation(`cannot read CBOR: an epoch time that is a ${typeof value}`);
  }
  // Smithy's timestamps have milliseconds, which a double of seconds misses by a little, and a Date would cut off.
  return new Date(Math.round(value * 1000));
}

function readSimple(reader: ByteReader, info: number): CborValue {
  switch (info) {
    case 20:
      return false;
    case 21:
      return true;
    // RPC v2: undefined is read as null.
    case 22:
    case 23:
      return null;
    case 25:
      return halfFloat(reader.u16());
    case 26:
      return reader.f32();
    case 27:
      return reader.f64();
    default:
      throw new ProtocolViolation(`cannot read CBOR: simple value ${info}`);
  }
}

/** RFC 8949, appendix D. */
function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (mantissa + 1024) * 2 ** (exponent - 25);
}

/** Numbers are written as doubles, which is what a member of an output is here; members that are `undefined` are left out. */
export function encodeCbor(value: unknown): Uint8Array {
  const writer = new ByteWriter();
  writeItem(writer, value);
  return writer.finish();
}

function writeItem(writer: ByteWriter, value: unknown): void {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    writeHead(writer, Major.text, bytes.byteLength);
    writer.bytes(bytes);
  } else if (typeof value === 'number') writer.u8(FLOAT64).f64(value);
  else if (typeof value === 'boolean') writer.u8(value ? 0xf5 : 0xf4);
  else if (value instanceof Date) {
    writeHead(writer, Major.tag, EPOCH_TIME);
    writer.u8(FLOAT64).f64(value.getTime() / 1000);
  } else if (Array.isArray(value)) {
    writeHead(writer, Major.array, value.length);
    for (const item of value) writeItem(writer, item);
  } else if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    writeHead(writer, Major.map, members.length);
    for (const [name, member] of members) {
      writeItem(writer, name);
      writeItem(writer, member);
    }
  } else writer.u8(0xf6);
}

function writeHead(writer: ByteWriter, major: number, argument: number): void {
  if (argument < 24) writer.u8((major << 5) | argument);
  else if (argument < 0x100) writer.u8((major << 5) | 24).u8(argument);
  else if (argument < 0x10000) writer.u8((major << 5) | 25).u16(argument);
  else writer.u8((major << 5) | 26).u32(argument);
}
