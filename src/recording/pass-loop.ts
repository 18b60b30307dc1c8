/** Work in passes, one at a time: whoever asks for one while another is under way gets the next. */
export class PassLoop {
  readonly #pass: () => Promise<void>;
  readonly #onStopped: () => void;
  #isRunning = false;
  #isAsked = false;
  #isStopped = false;

  /** `pass` never rejects. `onStopped`: once, when the last pass is over. */
  constructor(pass: () => Promise<void>, onStopped: () => void) {
    this.#pass = pass;
    this.#onStopped = onStopped;
  }

  ask(): void {
    this.#isAsked = true;
    if (!this.#isRunning && !this.#isStopped) void this.#run();
  }

  /** The pass that is under way is the last. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (!this.#isRunning) this.#onStopped();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isAsked && !this.#isStopped) {
      this.#isAsked = false;
      await this.#pass();
    }
    this.#isRunning = false;
    if (this.#isStopped) this.#onStopped();
  }
}
