import { type Batch, Link } from '../link.ts';

/** What one side has said and the other has not heard. */
class Pipe {
  readonly #soon: (() => void)[] = [];
  readonly #batches: Batch[] = [];

  end(side: 'main' | 'worker', dealtWith: Int32Array): Link {
    return new Link({
      post: (batch, memory) =>
        this.#batches.push(structuredClone(batch, { transfer: [...memory] })),
      soon: (run) => this.#soon.push(run),
      after: (_delayMs, run) => this.#soon.push(run),
      dealtWith,
      side,
    });
  }

  get messageCount(): number {
    this.#flush();
    return this.#batches.reduce((sum, batch) => sum + batch.length, 0);
  }

  deliver(receiver: Link): void {
    this.#flush();
    for (const batch of this.#batches.splice(0)) receiver.receive(batch);
  }

  #flush(): void {
    for (const run of this.#soon.splice(0)) run();
  }
}

/** A link whose messages wait until the test lets them arrive. */
export class PumpedLinks {
  readonly main: Link;
  readonly worker: Link;
  readonly #toMain = new Pipe();
  readonly #toWorker = new Pipe();

  constructor() {
    const dealtWith = new Int32Array(new SharedArrayBuffer(8));
    this.main = this.#toWorker.end('main', dealtWith);
    this.worker = this.#toMain.end('worker', dealtWith);
  }

  get messagesToWorker(): number {
    return this.#toWorker.messageCount;
  }

  get messagesToMain(): number {
    return this.#toMain.messageCount;
  }

  /** Until nothing is under way. */
  deliver(): void {
    while (this.messagesToMain + this.messagesToWorker > 0) {
      this.#toMain.deliver(this.main);
      this.#toWorker.deliver(this.worker);
    }
  }
}
