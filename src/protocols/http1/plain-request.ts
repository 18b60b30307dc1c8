/** A GET or POST request that is here to its last byte and asks for nothing but what its target and its body say. */
export interface PlainRequest {
  readonly method: string;
  /** In origin-form: it begins with a slash. */
  readonly target: string;
  readonly fields: HeaderFields;
  /** Where its body begins: all that is behind is body. */
  readonly bodyOffset: number;
}

/** Narrower than RFC 9112 section 3: two methods, one version. */
const REQUEST_LINE = /^(GET|POST) (\/[!-~]*) HTTP\/1\.1$/;

/**
 * RFC 9112 section 5, and narrower: field names that are tokens, values that are visible ASCII. Every repetition is followed by
 * what it can't contain, so that no text takes more than one pass.
 */
const FIELD_LINES = /^((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n){1,100})\r\n/;

/** What changes how a message is framed, or what becomes of its connection, except the default spelled out. */
const SPECIAL_FIELD =
  /(?:^|\n)(?:connection:(?![ \t]*keep-alive[ \t]*\r)|(?:transfer-encoding|expect|upgrade|te|trailer|http2-settings|proxy-connection|keep-alive):)/i;

const HOST_FIELDS = /(?:^|\n)host:/gi;
const LENGTH_FIELDS = /(?:^|\n)content-length:[^\r]*/gi;
const LENGTH = /^[^:]+:[ \t]*(\d{1,9})[ \t]*$/;

/** The header section of a plain request, read when somebody asks for it. */
export class HeaderFields {
  readonly #lines: string;
  #byName: Readonly<Record<string, string | undefined>> | undefined;

  /** `lines`: as received, each with its line break. */
  constructor(lines: string) {
    this.#lines = lines;
  }

  /** By their names in lower case; those of the same name joined as RFC 9110 section 5.3 says, and cookies by RFC 6265. */
  get byName(): Readonly<Record<string, string | undefined>> {
    this.#byName ??= fieldsByName(this.#lines);
    return this.#byName;
  }
}

/** Reads the plain requests of one connection, of which most are like the one before. */
export class PlainRequestReader {
  /** The last request without a body: who reloads a playlist sends the very same again. */
  #lastText = '';
  #last: PlainRequest | undefined;
  /** All behind the request line of one without a body: it stays the same where the target does not. */
  #known = '';
  #knownFields: HeaderFields | undefined;

  /**
   * Reads the bytes of one read from the connection, as Latin-1, as a plain request. `undefined` for everything else, right or
   * wrong: a request that is not complete, more than one, another method, a version, a field that wants something of the
   * connection. Those are for a parser that knows all of HTTP.
   */
  read(text: string): PlainRequest | undefined {
    if (text === this.#lastText) return this.#last;
    const request = this.#read(text);
    if (request?.bodyOffset === text.length) {
      this.#lastText = text;
      this.#last = request;
    }
    return request;
  }

  #read(text: string): PlainRequest | undefined {
    const lineEnd = text.indexOf('\r\n');
    const line = lineEnd < 0 ? null : REQUEST_LINE.exec(text.slice(0, lineEnd));
    if (line === null) return undefined;
    const [, method = '', target = ''] = line;
    const rest = text.slice(lineEnd + 2);
    if (this.#knownFields !== undefined && rest === this.#known) {
      return { method, target, fields: this.#knownFields, bodyOffset: text.length };
    }
    const match = FIELD_LINES.exec(rest);
    if (match === null) return undefined;
    const [head, lines = ''] = match;
    // "A server MUST respond with a 400 to any request [...] that lacks a Host header field" or has two (RFC 9112 section 3.2).
    if (SPECIAL_FIELD.test(lines) || lines.match(HOST_FIELDS)?.length !== 1) return undefined;
    const bodyByteLength = rest.length - head.length;
    if (bodyByteLength !== announcedLength(lines)) return undefined;
    const fields = new HeaderFields(lines);
    if (bodyByteLength === 0) {
      this.#known = rest;
      this.#knownFields = fields;
    }
    return { method, target, fields, bodyOffset: text.length - bodyByteLength };
  }
}

/** `undefined` where it is said twice, or is no number. "A [request] without Content-Length has no body" (RFC 9112 section 6.3). */
function announcedLength(fields: string): number | undefined {
  const lengths = fields.match(LENGTH_FIELDS);
  if (lengths === null) return 0;
  const digits = lengths.length === 1 ? LENGTH.exec(lengths[0])?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}

function fieldsByName(fields: string): Record<string, string | undefined> {
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
