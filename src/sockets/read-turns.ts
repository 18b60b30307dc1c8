import { READ_BUFFER_BYTES } from './shared-read-buffer.ts';

/** Smaller reads are not counted: they are no backlog. A full TLS record is twice this. */
const LARGE_READ_BYTES = 8 * 1024;

/** A connection that can stop reading for a moment. */
export interface TurnTaking {
  rest(): void;
  proceed(): void;
}

/** So much of all connections together takes no longer than other things that go on in a round. */
const UNHURRIED_BYTES = 1024 * 1024;

/**
 * What each connection may bring in one round of the event loop: libuv reads one that has more up to 32 times before it looks at the
 * next one (`uv__read`). With hundreds of encoders that have a second to make up for, a round would take seconds, and whatever else this
 * thread is told, the memory that others give back to it first of all, would wait for its end. One keyframe of several megabytes is
 * read at once, as long as others have little.
 */
export class ReadTurns {
  readonly #soon: (run: () => void) => void;
  readonly #received = new Map<TurnTaking, number>();
  #resting = new Set<TurnTaking>();
  #roundByteLength = 0;
  #isRoundOpen = false;

  /** `soon`: runs it once every connection has been read. */
  constructor(soon: (run: () => void) => void) {
    this.#soon = soon;
  }

  received(connection: TurnTaking, byteLength: number): void {
    if (byteLength < LARGE_READ_BYTES) return;
    if (!this.#isRoundOpen) {
      this.#isRoundOpen = true;
      this.#soon(this.#endRound);
    }
    const received = (this.#received.get(connection) ?? 0) + byteLength;
    this.#received.set(connection, received);
    this.#roundByteLength += byteLength;
    if (received < READ_BUFFER_BYTES || this.#roundByteLength < UNHURRIED_BYTES) return;
    if (this.#resting.has(connection)) return;
    this.#resting.add(connection);
    connection.rest();
  }

  readonly #endRound = (): void => {
    this.#isRoundOpen = false;
    this.#roundByteLength = 0;
    this.#received.clear();
    const resting = this.#resting;
    this.#resting = new Set();
    for (const connection of resting) connection.proceed();
  };
}
