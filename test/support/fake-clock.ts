import type { CancelTimer, Clock } from '../../src/lib/clock.ts';

interface Timer {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it. Both clocks move together; timers fire in order. */
export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    return this.#add({ atMs: this.#monotonicMs + delayMs, everyMs: undefined, run });
  }

  every(intervalMs: number, run: () => void): CancelTimer {
    return this.#add({ atMs: this.#monotonicMs + intervalMs, everyMs: intervalMs, run });
  }

  /** Moves time on, firing what falls due on the way. */
  advance(ms: number): void {
    this.setMonotonic(this.#monotonicMs + ms);
  }

  setMonotonic(toMs: number): void {
    for (;;) {
      const due = [...this.#timers]
        .filter((timer) => timer.atMs <= toMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      this.#moveTo(due.atMs);
      if (due.everyMs === undefined) this.#timers.delete(due);
      else due.atMs += due.everyMs;
      due.run();
    }
    this.#moveTo(toMs);
  }

  /** The process gets no processor for so long. Then what fell due meanwhile is late, and an interval fires once. */
  stall(ms: number): void {
    this.#moveTo(this.#monotonicMs + ms);
    for (const timer of [...this.#timers].sort((a, b) => a.atMs - b.atMs)) {
      if (timer.atMs > this.#monotonicMs) continue;
      if (timer.everyMs === undefined) this.#timers.delete(timer);
      else timer.atMs = this.#monotonicMs + timer.everyMs;
      timer.run();
    }
  }

  /** Somebody sets the wall clock; the monotonic one does not notice. */
  setWall(ms: number): void {
    this.#wallMs = ms;
  }

  #moveTo(ms: number): void {
    if (ms <= this.#monotonicMs) return;
    this.#wallMs += ms - this.#monotonicMs;
    this.#monotonicMs = ms;
  }

  #add(timer: Timer): CancelTimer {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
}
