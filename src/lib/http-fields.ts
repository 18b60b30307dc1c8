const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\t -~\x80-\xff]*$/;

/**
 * Checks one header of a reply, which has this status. A line break in the name or in the value would be a header, or a response, of
 * somebody else's making (RFC 9110 section 5).
 *
 * @throws TypeError where it is no header
 */
export function assertField(status: number, name: string, value: string): void {
  if (FIELD_NAME.test(name) && FIELD_VALUE.test(value)) return;
  throw new TypeError(`cannot send a ${status} with the header ${JSON.stringify(name)}`);
}
