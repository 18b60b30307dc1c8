/** So is every key of a recording; and none of them is a path to anywhere else. */
const OBJECT_KEY =
  /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}){0,15}$/;

/** Whether it can be the key of an object of a recording. */
export const isObjectKey = (text: string): boolean => OBJECT_KEY.test(text);
