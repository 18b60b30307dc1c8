import type { CancelTimer, Clock } from '../lib/clock.ts';
import { partHoldBackSeconds } from './playlist-view.ts';
import type { Part, Segment } from './segment.ts';
import { type Waiter, type WaitOutcome, WindowWaiters } from './window-waiters.ts';

/** RFC 8216bis 6.2.5.2: a blocked request is given up after three target durations. */
const BLOCKING_TARGET_DURATIONS = 3;

/** How long a request for a window that has no target duration yet may wait. */
const STARTING_TIMEOUT_MS = 12_000;

/** A window as far as requests wait for it; `LiveWindow` is one. */
interface AwaitedWindow {
  readonly isLowLatency: boolean;
  readonly isPlayable: boolean;
  readonly isInterrupted: boolean;
  readonly isEnded: boolean;
  readonly targetDurationSeconds: number;
  readonly partTargetSeconds: number;
  readonly nextMsn: number;
  readonly nextPart: number;
  segment(msn: number): Segment | undefined;
  part(msn: number, index: number): Part | undefined;
}

/** Whether the window's playlist has this segment (no part given: complete) or part, or anything later. */
export function hasInPlaylist(
  window: Pick<AwaitedWindow, 'nextMsn' | 'nextPart' | 'part'>,
  msn: number,
  part: number | undefined,
): boolean {
  if (part === undefined) return window.nextMsn > msn;
  if (window.part(msn, part)) return true;
  // "If the client requests a part index greater than the final part of the segment, the server MUST treat it as a
  // request for Part Index 0 of the following segment" (RFC 8216bis 6.2.5.2).
  return window.nextMsn > msn + 1 || (window.nextMsn === msn + 1 && window.nextPart > 0);
}

/** Requests for what a window does not have yet: each is held until it has it, or never will. */
export class WindowRequests {
  readonly #window: AwaitedWindow;
  readonly #clock: Clock;
  readonly #waiters: WindowWaiters;
  #isEndDue = false;
  #cancelEndDue: CancelTimer | undefined;

  constructor(window: AwaitedWindow, clock: Clock) {
    this.#window = window;
    this.#clock = clock;
    this.#waiters = new WindowWaiters(clock);
  }

  /** Whoever waits for what will never come may be told. */
  get isEndDue(): boolean {
    return this.#isEndDue;
  }

  windowChanged(): void {
    this.#waiters.wake();
  }

  /**
   * Who waits for a part that will never come is told when a player at PART-HOLD-BACK has asked for the last one, or has nothing left
   * to play: hls.js (1.7.4) asks for no part any more once it has seen ENDLIST, and waits for ever before the end.
   */
  windowEnded(): void {
    if (this.#window.isLowLatency && this.#window.isPlayable) {
      const holdBackMs = partHoldBackSeconds(this.#window) * 1000;
      this.#cancelEndDue = this.#clock.after(holdBackMs, () => this.#endIsDue());
    } else this.#endIsDue();
  }

  windowReleased(): void {
    this.#cancelEndDue?.();
    if (this.#window.isEnded) this.#endIsDue();
  }

  waitForPlaylist(msn: number, part: number | undefined): Waiter {
    return this.#wait(`playlist ${msn}.${part ?? ''}`, () => {
      if (this.#isEndDue) return 'available';
      return this.#window.isPlayable && hasInPlaylist(this.#window, msn, part)
        ? 'available'
        : undefined;
    });
  }

  waitForPart(msn: number, index: number): Waiter {
    return this.#wait(`part ${msn}.${index}`, () => {
      if (this.#window.part(msn, index)) return 'available';
      return this.#window.isEnded || this.#window.nextMsn > msn ? 'unavailable' : undefined;
    });
  }

  waitForSegment(msn: number): Waiter {
    return this.#wait(`segment ${msn}`, () => {
      if (this.#window.segment(msn)?.parts.length) return 'available';
      const { isEnded, isInterrupted, nextMsn } = this.#window;
      const isExpected = !isEnded && !isInterrupted && nextMsn <= msn;
      return isExpected ? undefined : 'unavailable';
    });
  }

  #endIsDue(): void {
    this.#isEndDue = true;
    this.#waiters.wake();
  }

  #wait(what: string, check: () => WaitOutcome | undefined): Waiter {
    const timeoutMs = this.#window.isPlayable
      ? this.#window.targetDurationSeconds * BLOCKING_TARGET_DURATIONS * 1000
      : STARTING_TIMEOUT_MS;
    return this.#waiters.wait(what, check, timeoutMs);
  }
}
