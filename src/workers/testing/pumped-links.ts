import { Link } from '../link.ts';

/**
 * The two ends of a pipe in one process. What is sent waits until the test lets it arrive, in pieces of `cutBytes`, in memory that is
 * used again at once.
 */
export class PumpedLinks {
  readonly main: Link;
  readonly worker: Link;
  readonly #lent: Buffer;
  readonly #toMain: Uint8Array[] = [];
  readonly #toWorker: Uint8Array[] = [];

  constructor(cutBytes = 1_000) {
    this.main = new Link((bytes) => this.#toWorker.push(bytes));
    this.worker = new Link((bytes) => this.#toMain.push(bytes));
    this.#lent = Buffer.alloc(cutBytes);
  }

  /** Bytes that main has sent and the worker has not received. */
  get underWayToWorker(): number {
    return this.#toWorker.reduce((sum, bytes) => sum + bytes.byteLength, 0);
  }

  /** Messages that the worker has sent and main has not received. */
  get messagesToMain(): number {
    return this.#toMain.length;
  }

  /** Until nothing is under way. */
  deliver(): void {
    while (this.#toMain.length + this.#toWorker.length > 0) {
      this.#deliver(this.#toMain, this.main);
      this.#deliver(this.#toWorker, this.worker);
    }
  }

  #deliver(sent: Uint8Array[], receiver: Link): void {
    for (const bytes of sent.splice(0)) {
      for (let offset = 0; offset < bytes.byteLength; offset += this.#lent.byteLength) {
        const piece = bytes.subarray(offset, offset + this.#lent.byteLength);
        this.#lent.set(piece);
        receiver.receive(this.#lent.subarray(0, piece.byteLength));
        this.#lent.fill(0xee);
      }
    }
  }
}
