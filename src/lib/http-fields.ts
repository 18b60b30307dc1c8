const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\t -~\x80-\xff]*$/;

/** RFC 9110 section 5: a line break in either would be a header, or a response, of somebody else's making. */
export const isField = (name: string, value: string): boolean =>
  FIELD_NAME.test(name) && FIELD_VALUE.test(value);
