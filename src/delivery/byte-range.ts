import type { HttpRequest } from '../lib/http.ts';

/** Both ends inclusive, as in the header. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The range that a request asks for. Nothing that is served has a validator, so no If-Range can match: the range is to be ignored then
 * (RFC 9110 section 13.1.5).
 */
export function askedRange(
  { headers }: Pick<HttpRequest, 'headers'>,
  byteLength: number,
): ByteRange | 'unsatisfiable' | undefined {
  const header = headers['if-range'] === undefined ? headers['range'] : undefined;
  return header === undefined ? undefined : parseByteRange(header, byteLength);
}

/** The value of a Content-Range header (RFC 9110 section 14.4). */
export const contentRange = (range: ByteRange | 'unsatisfiable', byteLength: number): string =>
  range === 'unsatisfiable'
    ? `bytes */${byteLength}`
    : `bytes ${range.first}-${range.last}/${byteLength}`;

const SINGLE_RANGE = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/i;

/**
 * Reads a Range header for a resource of `byteLength` bytes, RFC 9110 section 14.2. `undefined` where it is to be ignored and
 * the whole sent: another unit, bad syntax, or several ranges, which "a server MAY ignore".
 */
export function parseByteRange(
  header: string,
  byteLength: number,
): ByteRange | 'unsatisfiable' | undefined {
  const [, firstDigits, lastDigits] = SINGLE_RANGE.exec(header) ?? [];
  if (firstDigits === undefined || lastDigits === undefined) return undefined;
  if (firstDigits === '') {
    if (lastDigits === '') return undefined;
    const suffixLength = Math.min(Number(lastDigits), byteLength);
    if (suffixLength === 0) return 'unsatisfiable';
    return { first: byteLength - suffixLength, last: byteLength - 1 };
  }
  const first = Number(firstDigits);
  const last = lastDigits === '' ? byteLength - 1 : Math.min(Number(lastDigits), byteLength - 1);
  if (lastDigits !== '' && Number(lastDigits) < first) return undefined;
  return first < byteLength ? { first, last } : 'unsatisfiable';
}
