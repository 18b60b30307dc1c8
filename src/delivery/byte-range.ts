/** Both ends inclusive, as in the header. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

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
