import path from 'node:path';
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { MachineLoad } from './machine-load.ts';
import { MAX_ATTEMPTS, TRIED_AGAIN } from './real-time.ts';

/** A test that takes longer hangs: the slowest whole-service tests wait for windows of 60 s. */
export const TEST_TIMEOUT_MS = 10 * 60_000;

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface Counts {
  readonly tests: number;
  readonly passed: number;
  readonly skipped: number;
  readonly todo: number;
}

/** What one run of a test file said. */
export interface FileRun {
  readonly events: readonly TestEvent[];
  readonly counts: Counts;
}

interface Options {
  readonly runFile?: (file: string) => Promise<FileRun>;
  readonly watchLoad?: () => MachineLoad;
}

/**
 * Runs test files of the whole service, one after the other.
 *
 * Everything that they start shares this machine with other lanes and with whatever else its host runs, and nearly each of their
 * tests waits for something so long at most. A file that failed while programs did not get a processor (`MachineLoad`) has found
 * nothing yet: `inDoubt` has it, and it is to be run again alone. A file that failed on a machine with time to spare failed.
 */
export class TestLane {
  readonly inDoubt: string[] = [];
  readonly #runFile: (file: string) => Promise<FileRun>;
  readonly #watchLoad: () => MachineLoad;
  readonly #onCounts: (counts: Counts) => void;

  /** `onCounts` is told what counts: each file once. */
  constructor(onCounts: (counts: Counts) => void, options: Options = {}) {
    this.#onCounts = onCounts;
    this.#runFile = options.runFile ?? runFile;
    this.#watchLoad = options.watchLoad ?? (() => new MachineLoad());
  }

  /** Runs the files; what is in doubt then is none of the events. */
  async *run(files: readonly string[]): AsyncGenerator<TestEvent> {
    for (const file of files) yield* this.#attempt(file, true);
  }

  /** Runs what is in doubt until it is no more, or until that was enough. */
  async *settle(): AsyncGenerator<TestEvent> {
    for (let attempt = 2; attempt <= MAX_ATTEMPTS; attempt++) {
      for (const file of this.inDoubt.splice(0)) yield* this.#attempt(file, attempt < MAX_ATTEMPTS);
    }
  }

  async *#attempt(file: string, mayDoubt: boolean): AsyncGenerator<TestEvent> {
    using load = this.#watchLoad();
    const { events, counts } = await this.#runFile(file);
    const hasFailed = events.some(({ type }) => type === 'test:fail');
    if (!(hasFailed && mayDoubt && load.wasTooMuch)) {
      this.#onCounts(counts);
      yield* events;
      return;
    }
    this.inDoubt.push(file);
    const why = events.flatMap(failureOf).join('\n');
    const message = `${TRIED_AGAIN} alone, for ${load}: ${file}\n${why}`;
    yield { type: 'test:diagnostic', data: { file, message, nesting: 0, level: 'warn' } };
  }
}

function failureOf({ type, data }: TestEvent): string[] {
  if (type !== 'test:fail') return [];
  const { cause } = data.details.error;
  return [`${data.name}: ${cause instanceof Error ? cause.message : cause}`];
}

async function runFile(file: string): Promise<FileRun> {
  const events: TestEvent[] = [];
  let counts: Counts = { tests: 0, passed: 0, skipped: 0, todo: 0 };
  const stream: AsyncIterable<TestEvent> = run({
    cwd: ROOT,
    files: [file],
    concurrency: 1,
    timeout: TEST_TIMEOUT_MS,
  });
  for await (const event of stream) {
    const { type, data } = event;
    // What comes without a file is a summary of all of them: of this one.
    if (type === 'test:summary') counts = data.counts;
    else if (type !== 'test:diagnostic' || data.file !== undefined) events.push(event);
  }
  return { events, counts };
}
