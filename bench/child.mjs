// A program of its own that a benchmark talks with by messages, one question at a time, so that what it takes of the processor is not
// the benchmark's and not the server's.
import { start } from './processes.mjs';

export class Child {
  #process;
  #answered = () => {};

  /** `script`: as `import.meta.url`; it has called `answering`. `niceness`: how far it stands back behind the other programs. */
  constructor(script, { niceness = 0 } = {}) {
    const program = [process.execPath, '--no-warnings', new URL(script).pathname];
    const argv = niceness > 0 ? ['nice', '-n', String(niceness), ...program] : program;
    this.#process = start(argv, { hasMessages: true });
    this.#process.on('message', (answer) => this.#answered(answer));
    this.#process.on('exit', () => this.#answered({ error: `${script} ended` }));
  }

  async ask(question) {
    const answered = new Promise((resolve) => {
      this.#answered = resolve;
    });
    this.#process.send(question);
    const { error, ...answer } = await answered;
    if (error !== undefined) throw new Error(error);
    return answer;
  }

  stop() {
    this.#process.kill('SIGKILL');
  }
}

/** In the program itself: has `answer` answer each question. */
export function answering(script, answer) {
  if (!process.send || process.argv[1] !== new URL(script).pathname) return;
  process.on('message', async (question) => {
    try {
      process.send((await answer(question)) ?? {});
    } catch (error) {
      process.send({ error: error.message });
    }
  });
  process.on('disconnect', () => process.exit());
}
