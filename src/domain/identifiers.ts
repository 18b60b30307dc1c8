/** Cryptographically strong bytes; `adapters/system.ts` has the real one. */
export type RandomBytes = (count: number) => Uint8Array;

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** `length` letters and digits, uniformly distributed. */
export function randomAlphanumeric(length: number, random: RandomBytes): string {
  let text = '';
  while (text.length < length) {
    for (const byte of random(length - text.length)) {
      // 248 is the largest multiple of 62 in a byte: dropping the rest keeps every character equally likely.
      if (byte < 248) text += ALPHANUMERIC.charAt(byte % 62);
    }
  }
  return text;
}

/** The last part of an ARN: `dY7LsluQX1gV`. */
export const newResourceId = (random: RandomBytes): string => randomAlphanumeric(12, random);

/** `st-` and 23 letters and digits. */
export const newStreamId = (random: RandomBytes): string => `st-${randomAlphanumeric(23, random)}`;
