/** A GET or POST request that is here to its last byte and asks for nothing but what its target and its body say. */
export interface PlainRequest {
  readonly method: string;
  /** In origin-form: it begins with a slash. */
  readonly target: string;
  /** The lines of the header section, as received. */
  readonly fields: string;
  /** Where its body begins: all that is behind is body. */
  readonly bodyOffset: number;
}

/**
 * RFC 9112 sections 3 and 5, and narrower than these: one space where the grammar has one, field names that are tokens, values
 * that are visible ASCII. Every repetition is followed by what it can't contain, so that no text takes more than one pass.
 */
const HEAD =
  /^(GET|POST) (\/[!-~]*) HTTP\/1\.1\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n){1,100})\r\n/;

/** What changes how a message is framed, or what becomes of its connection, except the default spelled out. */
const SPECIAL_FIELD =
  /(?:^|\n)(?:connection:(?![ \t]*keep-alive[ \t]*\r)|(?:transfer-encoding|expect|upgrade|te|trailer|http2-settings|proxy-connection|keep-alive):)/i;

const HOST_FIELDS = /(?:^|\n)host:/gi;
const LENGTH_FIELDS = /(?:^|\n)content-length:[^\r]*/gi;
const LENGTH = /^[^:]+:[ \t]*(\d{1,9})[ \t]*$/;

/**
 * Reads the bytes of one read from a connection, as Latin-1, as a plain request. `undefined` for everything else, right or wrong: a
 * request that is not complete, more than one, another method, a version, a field that wants something of the connection.
 * Those are for a parser that knows all of HTTP.
 */
export function readPlainRequest(text: string): PlainRequest | undefined {
  const match = HEAD.exec(text);
  if (match === null) return undefined;
  const [head, method = '', target = '', fields = ''] = match;
  // "A server MUST respond with a 400 to any request [...] that lacks a Host header field" or has two (RFC 9112 section 3.2).
  if (SPECIAL_FIELD.test(fields) || fields.match(HOST_FIELDS)?.length !== 1) return undefined;
  const bodyOffset = head.length;
  if (text.length - bodyOffset !== announcedLength(fields)) return undefined;
  return { method, target, fields, bodyOffset };
}

/** `undefined` where it is said twice, or is no number. "A [request] without Content-Length has no body" (RFC 9112 section 6.3). */
function announcedLength(fields: string): number | undefined {
  const lengths = fields.match(LENGTH_FIELDS);
  if (lengths === null) return 0;
  const digits = lengths.length === 1 ? LENGTH.exec(lengths[0])?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

/** The fields by their names in lower case; those of the same name joined as RFC 9110 section 5.3 says, and cookies by RFC 6265. */
export function fieldsByName(fields: string): Record<string, string | undefined> {
  const byName: Record<string, string | undefined> = {};
  for (let start = 0; start < fields.length; ) {
    const end = fields.indexOf('\r\n', start);
    const colon = fields.indexOf(':', start);
    const name = fields.slice(start, colon).toLowerCase();
    // The optional white space around a value is no part of it (RFC 9110 section 5.5).
    const value = fields.slice(colon + 1, end).trim();
    const before = byName[name];
    byName[name] =
      before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
    start = end + 2;
  }
  return byName;
}
