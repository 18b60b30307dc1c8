import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';

/** Key material in the form that `createHmac` takes at a sixth of the cost of raw bytes. */
export const hmacKey = (secret: string | Uint8Array): KeyObject =>
  createSecretKey(typeof secret === 'string' ? Buffer.from(secret) : secret);

export const hmacSha256 = (key: KeyObject, data: string | Uint8Array): Buffer =>
  createHmac('sha256', key).update(data).digest();

/** Lower-case hexadecimal. */
export const sha256Hex = (data: string | Uint8Array): string => hash('sha256', data, 'hex');

/** Whether both are the same bytes, in a time that depends on their length only. */
export const equalInConstantTime = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteLength === b.byteLength && timingSafeEqual(a, b);
