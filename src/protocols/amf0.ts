import { ByteReader } from '../lib/byte-reader.ts';
import { ByteWriter } from '../lib/byte-writer.ts';
import { ProtocolViolation } from '../lib/protocol-violation.ts';

/** Type markers, AMF 0 specification 2.1. */
const MARKER = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  movieClip: 0x04,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  recordSet: 0x0e,
  xmlDocument: 0x0f,
  typedObject: 0x10,
  avmPlusObject: 0x11,
} as const;

/** Real `connect` and `onMetaData` objects nest 3 deep at most. */
const MAX_DEPTH = 16;
/** Values in one message, members of every level counted; an `onMetaData` has a few dozen. */
const MAX_VALUES = 4096;
/** `onCaptionInfo` carries a few kilobytes of base64; nothing an encoder says is longer. */
const MAX_STRING_BYTES = 64 * 1024;

/** The members of an anonymous object. A map, so that no key of a peer meets `Object.prototype`. */
export type Amf0Members = ReadonlyMap<string, Amf0Value>;

/** An associative array: what `onMetaData` usually is. */
export class EcmaArray extends Map<string, Amf0Value> {}

export class TypedObject extends Map<string, Amf0Value> {
  readonly className: string;

  constructor(className: string, members?: Iterable<readonly [string, Amf0Value]>) {
    super(members);
    this.className = className;
  }
}

export class XmlDocument {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Amf0Value =
  | number
  | boolean
  | string
  | null
  | undefined
  | Date
  | Amf0Members
  | XmlDocument
  | readonly Amf0Value[];

/**
 * The first `count` values in `bytes`, or every one. Source: Action Message Format AMF 0, 2007.
 * Throws `ProtocolViolation` for malformed bytes, values past the limits above, references and AMF 3 values.
 */
export function decodeAmf0(bytes: Uint8Array, count = Number.POSITIVE_INFINITY): Amf0Value[] {
  const decoder = new Decoder(bytes);
  const values: Amf0Value[] = [];
  while (decoder.hasMore && values.length < count) values.push(decoder.value(0));
  return values;
}

/**
 * The inverse of `decodeAmf0`. A plain map becomes an object; strings past 65,535 bytes become long strings.
 */
export function encodeAmf0(values: readonly Amf0Value[]): Uint8Array {
  const writer = new ByteWriter();
  for (const value of values) writeValue(writer, value);
  return writer.finish();
}

/** An object to encode, from a literal of ours. */
export function amf0Object(members: Readonly<Record<string, Amf0Value>>): Amf0Members {
  return new Map(Object.entries(members));
}

class Decoder {
  readonly #reader: ByteReader;
  #valuesLeft = MAX_VALUES;

  constructor(bytes: Uint8Array) {
    this.#reader = new ByteReader(bytes);
  }

  get hasMore(): boolean {
    return this.#reader.remaining > 0;
  }

  value(depth: number): Amf0Value {
    return this.#content(this.#reader.u8(), depth);
  }

  #content(marker: number, depth: number): Amf0Value {
    if (depth > MAX_DEPTH) throw new ProtocolViolation(`cannot read AMF0 deeper than ${MAX_DEPTH}`);
    if (--this.#valuesLeft < 0) {
      throw new ProtocolViolation(`cannot read more than ${MAX_VALUES} AMF0 values in a message`);
    }
    const reader = this.#reader;
    switch (marker) {
      case MARKER.number:
        return reader.f64();
      case MARKER.boolean:
        return reader.u8() !== 0;
      case MARKER.string:
        return this.#string(reader.u16());
      case MARKER.object:
        return this.#members(new Map(), depth);
      case MARKER.null:
        return null;
      case MARKER.undefined:
      case MARKER.unsupported:
        return undefined;
      case MARKER.ecmaArray:
        // 2.10: the associative-count; the end marker is what counts, and encoders get the number wrong.
        reader.skip(4);
        return this.#members(new EcmaArray(), depth);
      case MARKER.strictArray:
        return this.#strictArray(reader.u32(), depth);
      case MARKER.date:
        return this.#date();
      case MARKER.longString:
        return this.#string(reader.u32());
      case MARKER.xmlDocument:
        return new XmlDocument(this.#string(reader.u32()));
      case MARKER.typedObject:
        return this.#members(new TypedObject(this.#string(reader.u16())), depth);
      default:
        throw new ProtocolViolation(`cannot read an AMF0 value with marker ${marker}`);
    }
  }

  #members<M extends Map<string, Amf0Value>>(into: M, depth: number): M {
    for (;;) {
      const name = this.#string(this.#reader.u16());
      const marker = this.#reader.u8();
      // 2.5: an empty name followed by the object-end marker; with any other marker it is a member.
      if (name === '' && marker === MARKER.objectEnd) return into;
      into.set(name, this.#content(marker, depth + 1));
    }
  }

  #strictArray(count: number, depth: number): Amf0Value[] {
    // An element takes a byte or more; the announced count allocates nothing.
    if (count > this.#reader.remaining) {
      throw new ProtocolViolation(
        `cannot read an AMF0 array of ${count}: ${this.#reader.remaining} bytes left`,
      );
    }
    const items: Amf0Value[] = [];
    for (let i = 0; i < count; i++) items.push(this.value(depth + 1));
    return items;
  }

  #date(): Date {
    const epochMs = this.#reader.f64();
    // 2.13: the time zone "should be set to 0x0000"; nobody may read it.
    this.#reader.skip(2);
    return new Date(epochMs);
  }

  #string(byteLength: number): string {
    if (byteLength > MAX_STRING_BYTES) {
      throw new ProtocolViolation(
        `cannot read an AMF0 string of ${byteLength} bytes: at most ${MAX_STRING_BYTES}`,
      );
    }
    return this.#reader.utf8(byteLength);
  }
}

function writeValue(writer: ByteWriter, value: Amf0Value): void {
  if (typeof value === 'number') writer.u8(MARKER.number).f64(value);
  else if (typeof value === 'boolean') writer.u8(MARKER.boolean).u8(value ? 1 : 0);
  else if (typeof value === 'string') writeString(writer, value);
  else if (value === null) writer.u8(MARKER.null);
  else if (value === undefined) writer.u8(MARKER.undefined);
  else if (value instanceof Date) writer.u8(MARKER.date).f64(value.getTime()).u16(0);
  else if (value instanceof XmlDocument) {
    const text = new TextEncoder().encode(value.text);
    writer.u8(MARKER.xmlDocument).u32(text.byteLength).bytes(text);
  } else if (isMembers(value)) writeMembers(writer, value);
  else {
    writer.u8(MARKER.strictArray).u32(value.length);
    for (const item of value) writeValue(writer, item);
  }
}

function writeString(writer: ByteWriter, value: string): void {
  const bytes = new TextEncoder().encode(value);
  if (bytes.byteLength > 0xffff) writer.u8(MARKER.longString).u32(bytes.byteLength);
  else writer.u8(MARKER.string).u16(bytes.byteLength);
  writer.bytes(bytes);
}

function writeMembers(writer: ByteWriter, members: Amf0Members): void {
  if (members instanceof EcmaArray) writer.u8(MARKER.ecmaArray).u32(members.size);
  else if (members instanceof TypedObject) {
    writer.u8(MARKER.typedObject);
    writeName(writer, members.className);
  } else writer.u8(MARKER.object);
  for (const [name, member] of members) {
    writeName(writer, name);
    writeValue(writer, member);
  }
  writer.u16(0).u8(MARKER.objectEnd);
}

function writeName(writer: ByteWriter, name: string): void {
  const bytes = new TextEncoder().encode(name);
  writer.u16(bytes.byteLength).bytes(bytes);
}

/** Whether a decoded value has members. */
export function isMembers(value: Amf0Value): value is Amf0Members {
  return value instanceof Map;
}
