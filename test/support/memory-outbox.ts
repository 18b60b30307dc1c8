import type { OutboxEvent, StreamEvent } from '../../src/domain/events.ts';
import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterPage,
  Outbox,
  RetentionRules,
} from '../../src/events/ports.ts';
import type { Clock } from '../../src/lib/clock.ts';

/** An outbox that forgets with the test. `isBroken`: everything that is asked of it fails. */
export class MemoryOutbox implements Outbox {
  events: OutboxEvent[] = [];
  readonly cursors = new Map<string, number>();
  letters: DeadLetter[] = [];
  isBroken = false;
  reads = 0;
  trimmedBy: RetentionRules | undefined;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #listeners = new Set<() => void>();
  #newest = 0;

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock;
  }

  /** Writes an event of a channel, or of the account, and returns it. */
  append(channelId?: string, name: StreamEvent['name'] = 'Stream Start'): OutboxEvent {
    const arn = `arn:aws:ivs:us-west-2:123456789012:channel/${channelId}`;
    const event: OutboxEvent = {
      sequence: ++this.#newest,
      id: `id-${this.#newest}`,
      recordedAtMs: this.#clock.nowMs(),
      accountId: '123456789012',
      region: 'us-west-2',
      ...(channelId !== undefined && { channel: { arn, name: channelId, streamId: 'st-1' } }),
      event: { name, timeMs: this.#clock.nowMs() } as StreamEvent,
    };
    this.events.push(event);
    for (const listener of this.#listeners) listener();
    return event;
  }

  onAppended(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async newestSequence() {
    return this.#newest;
  }

  async readAfter(sequence: number, limit: number) {
    this.#check();
    this.reads++;
    return this.events.filter((event) => event.sequence > sequence).slice(0, limit);
  }

  async openTarget(name: string) {
    this.#check();
    const cursor = this.cursors.get(name) ?? this.#newest;
    this.cursors.set(name, cursor);
    return cursor;
  }

  async saveCursors(cursors: ReadonlyMap<string, number>) {
    this.#check();
    for (const [name, cursor] of cursors) this.cursors.set(name, cursor);
  }

  async addDeadLetters(letters: readonly DeadLetter[]) {
    this.#check();
    for (const letter of letters) {
      await this.removeDeadLetter(letter.target, letter.event.sequence);
      this.letters.push(letter);
    }
  }

  async removeDeadLetter(target: string, sequence: number) {
    this.#check();
    this.letters = this.letters.filter(
      (letter) => letter.target !== target || letter.event.sequence !== sequence,
    );
  }

  async listDeadLetters(filter: DeadLetterFilter, { limit, after }: DeadLetterPage) {
    const place = ({ target, sequence }: { target: string; sequence: number }) =>
      `${target}/${String(sequence).padStart(15, '0')}`;
    return this.letters
      .filter((letter) => isMeant(letter, filter))
      .map((letter) => ({ letter, at: place({ ...letter, ...letter.event }) }))
      .filter(({ at }) => !after || at > place(after))
      .sort((a, b) => (a.at < b.at ? -1 : 1))
      .slice(0, limit)
      .map(({ letter }) => letter);
  }

  async replayDeadLetters(filter: DeadLetterFilter) {
    const meant = this.letters.filter((letter) => isMeant(letter, filter));
    this.letters = this.letters.map((letter) =>
      meant.includes(letter) ? { ...letter, isReplaying: true } : letter,
    );
    return meant.length;
  }

  async lettersToReplay(target: string, after: number, limit: number) {
    return this.letters
      .filter((letter) => letter.target === target && letter.isReplaying)
      .filter(({ event }) => event.sequence > after)
      .sort((a, b) => a.event.sequence - b.event.sequence)
      .slice(0, limit);
  }

  async countDeadLetters() {
    const counts = new Map<string, number>();
    for (const { target } of this.letters) counts.set(target, (counts.get(target) ?? 0) + 1);
    return counts;
  }

  async trim(rules: RetentionRules) {
    this.trimmedBy = rules;
  }

  #check(): void {
    if (this.isBroken) throw new Error('the disk is full');
  }
}

const isMeant = (letter: DeadLetter, { target, eventId }: DeadLetterFilter) =>
  (target === undefined || letter.target === target) &&
  (eventId === undefined || letter.event.id === eventId);
