import { ProtocolViolation } from '../../lib/protocol-violation.ts';

/** Attributes of a tag as written: quoted strings without their quotes, everything else as it stands. */
export type AttributeList = ReadonlyMap<string, string>;

/** More than any tag of RFC 8216 has, with room for vendors' own. */
const MAX_ATTRIBUTES = 64;

/** RFC 8216 4.2: name, `=`, and a quoted string or an unquoted value up to the next comma. */
const ATTRIBUTES = /([A-Z0-9-]+)=(?:"([^"\r\n]*)"|([^",\s]+))(?:,|$)/gy;

const QUOTE_BREAKING = /["\r\n]/;
const LINE_BREAKING = /[\r\n]/;

/** Throws `ProtocolViolation` on bad syntax, and on a name that comes twice (RFC 8216 4.2). */
export function parseAttributeList(text: string): AttributeList {
  const attributes = new Map<string, string>();
  let end = 0;
  for (const match of text.matchAll(ATTRIBUTES)) {
    const [whole, name = '', quotedValue, value = ''] = match;
    if (attributes.has(name) || attributes.size === MAX_ATTRIBUTES) {
      throw new ProtocolViolation(`cannot read an attribute list: ${name} is one too many`);
    }
    attributes.set(name, quotedValue ?? value);
    end += whole.length;
  }
  if (end < text.length) {
    throw new ProtocolViolation(`cannot read an attribute list at ${end}: ${excerpt(text)}`);
  }
  return attributes;
}

/**
 * A quoted-string of RFC 8216 4.2. There is no escape in it: throws `RangeError` on a value with a double quote, CR or
 * LF, rather than let it end the string, or the line, early.
 */
export function quoted(value: string): string {
  if (QUOTE_BREAKING.test(value)) {
    throw new RangeError(`cannot write ${excerpt(value)} as a quoted string of a playlist`);
  }
  return `"${value}"`;
}

/** Text that is a line of its own, or the rest of one. Throws `RangeError` when it would be more than one line. */
export function oneLine(value: string): string {
  if (value === '' || LINE_BREAKING.test(value)) {
    throw new RangeError(`cannot write ${excerpt(value)} as a line of a playlist`);
  }
  return value;
}

/** A URI line. Throws `RangeError` when it would be read as a tag, or as more than one line. */
export function uriLine(uri: string): string {
  if (uri.startsWith('#')) {
    throw new RangeError(`cannot write ${excerpt(uri)} as a URI of a playlist`);
  }
  return oneLine(uri);
}

/** decimal-integer of RFC 8216 4.2, up to what a double holds exactly. */
export function parseDecimalInteger(text: string, what: string): number {
  const value = Number(text);
  if (!/^[0-9]{1,20}$/.test(text) || !Number.isSafeInteger(value)) {
    throw new ProtocolViolation(`cannot read ${what}: ${excerpt(text)} is not a decimal integer`);
  }
  return value;
}

/** decimal-floating-point of RFC 8216 4.2: no sign, no exponent. */
export function parseDecimalFloat(text: string, what: string): number {
  if (!/^[0-9]{1,15}(\.[0-9]{0,15})?$/.test(text)) {
    throw new ProtocolViolation(`cannot read ${what}: ${excerpt(text)} is not a decimal number`);
  }
  return Number(text);
}

/** The attribute's value. Throws `ProtocolViolation` where it is missing. */
export function required(attributes: AttributeList, name: string, tag: string): string {
  const value = attributes.get(name);
  if (value === undefined) throw new ProtocolViolation(`cannot read ${tag}: it has no ${name}`);
  return value;
}

/** `YES` or `NO`; absent is `NO`. */
export function parseYesNo(attributes: AttributeList, name: string): boolean {
  const value = attributes.get(name) ?? 'NO';
  if (value !== 'YES' && value !== 'NO') {
    throw new ProtocolViolation(`cannot read ${name}: ${excerpt(value)} is neither YES nor NO`);
  }
  return value === 'YES';
}

export function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
