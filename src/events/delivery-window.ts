import type { OutboxEvent } from '../domain/events.ts';

/** Events that a target may be ahead of the oldest one that it has not had: so many may come again after a crash. */
export const MAX_WINDOW_EVENTS = 1000;

/** An event that a target has to get. */
export interface PendingEvent {
  readonly event: OutboxEvent;
  /** From when on the time counts in which it has to be delivered. */
  readonly sinceMs: number;
  /** It is delivered once more, out of turn, after it had been given up. */
  readonly isReplay: boolean;
  attempts: number;
  /** How the first attempts ended; `undefined` before the first failure. */
  failure: { readonly reason: string; readonly deliveredBefore: number } | undefined;
}

/** What of one channel is to be delivered, in order: nothing of it before its head is. */
export interface Lane {
  readonly key: string;
  readonly queue: PendingEvent[];
}

interface Slot {
  readonly event: OutboxEvent;
  readonly lane: Lane;
  isDone: boolean;
}

/** Which events a target has not had, of those that were read: lanes that are independent, and a cursor for the restart. */
export class DeliveryWindow {
  readonly #lanes = new Map<string, Lane>();
  /** Lanes whose head can be delivered now, the one that waited longest first. */
  readonly #ready: Lane[] = [];
  /** What was read and is not behind the cursor yet, in the order of its sequence. */
  readonly #slots: Slot[] = [];
  readonly #slotOf = new Map<PendingEvent, Slot>();
  #lastRead: number;

  constructor(cursor: number) {
    this.#lastRead = cursor;
  }

  /** The sequence after which to read on. */
  get lastRead(): number {
    return this.#lastRead;
  }

  /** The target has had this one and all before, as far as it wants them. */
  get cursor(): number {
    const [oldest] = this.#slots;
    return oldest ? oldest.event.sequence - 1 : this.#lastRead;
  }

  /** How many more events may be read. */
  get room(): number {
    return MAX_WINDOW_EVENTS - this.#slots.length;
  }

  /** The oldest event that the target has not had; none of those that it is sent once more. */
  get oldest(): OutboxEvent | undefined {
    return this.#slots[0]?.event;
  }

  /** What the cursor waits for. */
  get blocker(): Lane | undefined {
    return this.#slots[0]?.lane;
  }

  /** The target does not want it. */
  skip({ sequence }: OutboxEvent): void {
    this.#lastRead = sequence;
  }

  add(event: OutboxEvent): void {
    const pending = pendingOf(event, event.recordedAtMs, false);
    const slot: Slot = { event, lane: this.#enqueue(pending), isDone: false };
    this.#slots.push(slot);
    this.#slotOf.set(pending, slot);
    this.#lastRead = event.sequence;
  }

  /** One that the cursor is past already. */
  addReplay(event: OutboxEvent, sinceMs: number): void {
    this.#enqueue(pendingOf(event, sinceMs, true));
  }

  /** A lane that may be delivered from; the caller owes it a `done` or a `ready`. */
  take(): Lane | undefined {
    return this.#ready.shift();
  }

  /** The first `count` events of the lane are dealt with. The lane gets in line behind the others. */
  done(lane: Lane, count = 1): void {
    for (const pending of lane.queue.splice(0, count)) {
      const slot = this.#slotOf.get(pending);
      if (slot) slot.isDone = true;
      this.#slotOf.delete(pending);
    }
    const firstOpen = this.#slots.findIndex(({ isDone }) => !isDone);
    this.#slots.splice(0, firstOpen < 0 ? this.#slots.length : firstOpen);
    if (lane.queue.length === 0) this.#lanes.delete(lane.key);
    else this.#ready.push(lane);
  }

  /** A lane that was taken can be tried again. */
  ready(lane: Lane): void {
    this.#ready.push(lane);
  }

  #enqueue(pending: PendingEvent): Lane {
    const key = pending.event.channel?.arn ?? '';
    const known = this.#lanes.get(key);
    if (known) {
      known.queue.push(pending);
      return known;
    }
    const lane: Lane = { key, queue: [pending] };
    this.#lanes.set(key, lane);
    this.#ready.push(lane);
    return lane;
  }
}

function pendingOf(event: OutboxEvent, sinceMs: number, isReplay: boolean): PendingEvent {
  return { event, sinceMs, isReplay, attempts: 0, failure: undefined };
}
