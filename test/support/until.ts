import { setTimeout as delay } from 'node:timers/promises';

const POLL_INTERVAL_MS = 50;

/**
 * Asks again until there is an answer: for facts of another process that no event tells. Rejects at the deadline, saying what was
 * waited for and what was seen last.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs, intervalMs = POLL_INTERVAL_MS }: { timeoutMs: number; intervalMs?: number },
): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() - startedMs > timeoutMs) {
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    }
    await delay(intervalMs);
  }
}
