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
}

/** What of one channel is to be delivered, in order: nothing of it before its head is. */
export interface Lane {
  readonly key: string;
  readonly queue: PendingEvent[];
}

interface Slot {
  readonly sequence: number;
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
    return oldest ? oldest.sequence - 1 : this.#lastRead;
  }

  /** How many more events may be read. */
  get room(): number {
    return MAX_WINDOW_EVENTS - this.#slots.length;
  }

  get oldest(): PendingEvent | undefined {
    let oldest: PendingEvent | undefined;
    for (const { queue } of this.#lanes.values()) {
      const [head] = queue;
      if (head && (!oldest || head.event.sequence < oldest.event.sequence)) oldest = head;
    }
    return oldest;
  }

  /** The target does not want it. */
  skip({ sequence }: OutboxEvent): void {
    this.#lastRead = sequence;
  }

  add(event: OutboxEvent): void {
    const pending = { event, sinceMs: event.recordedAtMs, isReplay: false, attempts: 0 };
    const slot: Slot = { sequence: event.sequence, isDone: false };
    this.#slots.push(slot);
    this.#slotOf.set(pending, slot);
    this.#lastRead = event.sequence;
    this.#enqueue(pending);
  }

  /** One that the cursor is past already. */
  addReplay(event: OutboxEvent, sinceMs: number): void {
    this.#enqueue({ event, sinceMs, isReplay: true, attempts: 0 });
  }

  /** A lane that may be delivered from; the caller owes it a `done` or a `ready`. */
  take(): Lane | undefined {
    return this.#ready.shift();
  }

  /** The head of the lane is dealt with. The lane gets in line behind the others. */
  done(lane: Lane): void {
    const head = lane.queue.shift();
    const slot = head && this.#slotOf.get(head);
    if (head && slot) {
      this.#slotOf.delete(head);
      slot.isDone = true;
      const firstOpen = this.#slots.findIndex(({ isDone }) => !isDone);
      this.#slots.splice(0, firstOpen < 0 ? this.#slots.length : firstOpen);
    }
    if (lane.queue.length === 0) this.#lanes.delete(lane.key);
    else this.#ready.push(lane);
  }

  /** A lane that was taken can be tried again. */
  ready(lane: Lane): void {
    this.#ready.push(lane);
  }

  #enqueue(pending: PendingEvent): void {
    const key = pending.event.channel?.arn ?? '';
    const known = this.#lanes.get(key);
    if (known) {
      known.queue.push(pending);
      return;
    }
    const lane: Lane = { key, queue: [pending] };
    this.#lanes.set(key, lane);
    this.#ready.push(lane);
  }
}
