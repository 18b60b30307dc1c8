import { READ_BUFFER_BYTES } from './borrowed-reads.ts';

/** A connection that can stop reading for a moment. */
export interface TurnTaking {
  rest(): void;
  proceed(): void;
}

/**
 * What each connection may bring in one round of the event loop: libuv reads one that has more up to 32 times before it looks at the
 * next one (`uv__read`). With hundreds of encoders that have a second to make up for, a round would take seconds, and whatever else this
 * thread is told, the memory that others give back to it first of all, would wait for its end.
 */
export class ReadTurns {
  readonly #soon: (run: () => void) => void;
  readonly #received = new Map<TurnTaking, number>();
  #resting: TurnTaking[] = [];
  #isRoundOpen = false;

  /** `soon`: runs it once every connection has been read. */
  constructor(soon: (run: () => void) => void) {
    this.#soon = soon;
  }

  received(connection: TurnTaking, byteLength: number): void {
    if (!this.#isRoundOpen) {
      this.#isRoundOpen = true;
      this.#soon(this.#endRound);
    }
    const before = this.#received.get(connection) ?? 0;
    const received = before + byteLength;
    this.#received.set(connection, received);
    if (before >= READ_BUFFER_BYTES || received < READ_BUFFER_BYTES) return;
    this.#resting.push(connection);
    connection.rest();
  }

  readonly #endRound = (): void => {
    this.#isRoundOpen = false;
    this.#received.clear();
    const resting = this.#resting;
    this.#resting = [];
    for (const connection of resting) connection.proceed();
  };
}
