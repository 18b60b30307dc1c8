/** What adding up thirds of a second loses. */
const ROUNDING_MS = 0.001;

/**
 * Takes one token from a bucket that is one number, the moment at which it will be full again (the generic cell rate algorithm).
 *
 * @param fullAtMs that moment; any that is past is full
 * @param tokenMs how long one token takes to come
 * @param depthMs how long all that it holds take
 * @returns the moment from now on; `undefined`: it is empty, and nothing was taken
 */
export function takeToken(
  fullAtMs: number,
  nowMs: number,
  tokenMs: number,
  depthMs: number,
): number | undefined {
  const thenFullAtMs = Math.max(fullAtMs, nowMs) + tokenMs;
  return thenFullAtMs - nowMs > depthMs + ROUNDING_MS ? undefined : thenFullAtMs;
}
