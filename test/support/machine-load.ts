import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const SAMPLE_MS = 500;
/** Of the processors in use and the time: two players, an encoder and the server on two processors are at 0.2 to 0.4. */
const SHORT_SHARE = 0.6;
/** The start of a page takes one or two by itself. */
const SHORT_SECONDS = 2;
const MICROSECONDS_PER_SECOND = 1_000_000;
/** Of /proc/stat: USER_HZ. */
const TICKS_PER_SECOND = 100;

/**
 * How long programs of this machine waited for a processor since it was started, in seconds: those that could have run
 * (`some` of /proc/pressure/cpu), and what the host of a virtual machine took from all its processors (`steal` of /proc/stat). Zero
 * where the system does not say.
 */
function waitedSeconds(): number {
  try {
    const [, some = '0'] =
      /^some .*total=(\d+)/m.exec(readFileSync('/proc/pressure/cpu', 'utf8')) ?? [];
    const stolen = readFileSync('/proc/stat', 'utf8').split(/\s+/, 9)[8] ?? '0';
    const stolenSeconds = Number(stolen) / TICKS_PER_SECOND / availableParallelism();
    return Number(some) / MICROSECONDS_PER_SECOND + stolenSeconds;
  } catch {
    return 0;
  }
}

/** Notes, from its making on, for how long this machine has had too much to do. */
export class MachineLoad implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #read: () => number;
  #at = performance.now();
  #waitedSeconds: number;
  #shortSeconds = 0;

  /** `read`: how long programs have waited so far, in seconds. */
  constructor(read = waitedSeconds) {
    this.#read = read;
    this.#waitedSeconds = read();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
  }

  /** Too long for anything in real time to be told of it. */
  get wasTooMuch(): boolean {
    return this.#shortSeconds >= SHORT_SECONDS;
  }

  toString(): string {
    return `programs waited for a processor for ${this.#shortSeconds.toFixed(1)} s`;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const [at, waited] = [performance.now(), this.#read()];
    const seconds = (at - this.#at) / 1000;
    if (waited - this.#waitedSeconds >= seconds * SHORT_SHARE) this.#shortSeconds += seconds;
    [this.#at, this.#waitedSeconds] = [at, waited];
  }
}
