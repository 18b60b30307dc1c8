const QUOTE_BREAKING = /["\r\n]/;
const LINE_BREAKING = /[\r\n]/;

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

export function excerpt(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
