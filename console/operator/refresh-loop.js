// Asks again every few seconds while somebody looks.

const INTERVAL_MS = 5_000;
const STEP_MS = 1_000;
const MAX_BACKOFF_MS = 60_000;

export class RefreshLoop {
  #work;
  #running;

  /**
   * `refresh` asks for what is shown, and `look` for a few things more: it is asked again, a second apart, until it resolves to
   * false or the next refresh is due. `onDone` is told how each went: an error, if any, and in how many milliseconds there is
   * another attempt.
   */
  constructor(work) {
    this.#work = work;
  }

  /** Begins anew, at once. */
  start() {
    this.stop();
    this.#running = new AbortController();
    void this.#run(this.#running.signal);
  }

  stop() {
    this.#running?.abort();
  }

  async #run(signal) {
    const { refresh, look, onDone } = this.#work;
    let backoffMs = INTERVAL_MS;
    while (!signal.aborted) {
      await untilVisible(signal);
      const startedAtMs = performance.now();
      const leftMs = () => backoffMs - (performance.now() - startedAtMs);
      try {
        await refresh();
        backoffMs = INTERVAL_MS;
        let isLooking = true;
        while (isLooking && !signal.aborted && !document.hidden && leftMs() > 0) {
          onDone();
          isLooking = await look();
          if (isLooking) await pause(Math.min(STEP_MS, leftMs()), signal);
        }
        if (!signal.aborted) onDone();
      } catch (error) {
        if (signal.aborted) return;
        if (error.isThrottling) backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS);
        onDone(error, Math.max(STEP_MS, leftMs()));
      }
      await pause(Math.max(STEP_MS, leftMs()), signal);
    }
  }
}

/** Nobody looks at a tab that is hidden: nothing is asked for it. */
function untilVisible(signal) {
  if (!document.hidden || signal.aborted) return undefined;
  return new Promise((resolve) => {
    const seen = new AbortController();
    const options = { signal: seen.signal };
    const end = () => {
      if (document.hidden && !signal.aborted) return;
      seen.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', end, options);
    signal.addEventListener('abort', end, options);
  });
}

function pause(durationMs, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, durationMs));
    signal.addEventListener('abort', end);
  });
}
