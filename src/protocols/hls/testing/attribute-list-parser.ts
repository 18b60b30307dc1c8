import { ProtocolViolation } from '../../../lib/protocol-violation.ts';
import { excerpt } from '../attribute-list.ts';

/** Attributes of a tag as written: quoted strings without their quotes, everything else as it stands. */
export type AttributeList = ReadonlyMap<string, string>;

/** More than any tag of RFC 8216 has, with room for vendors' own. */
const MAX_ATTRIBUTES = 64;

/** RFC 8216 4.2: name, `=`, and a quoted string or an unquoted value up to the next comma. */
const ATTRIBUTES = /([A-Z0-9-]+)=(?:"([^"\r\n]*)"|([^",\s]+))(?:,|$)/gy;

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
