import { type TestContext, test } from 'node:test';
import { MachineLoad } from './machine-load.ts';

/** What a report says of it begins so. */
export const TRIED_AGAIN = 'tried again';

/** A machine that never has time can't tell how fast anything is. */
export const MAX_ATTEMPTS = 3;

type TestBody = (t: TestContext) => Promise<void>;

/** A test of what is true in real time only: see `inRealTime`. */
export function realTimeTest(name: string, body: TestBody): void {
  void test(name, inRealTime(body));
}

/**
 * A test of what is true in real time only: players that never wait, latencies. Encoder, server and browser share this machine
 * with whatever else its host runs, and a picture that is encoded or painted too late is late for every player. What fails while
 * programs did not get a processor (`MachineLoad`) is no finding, and is tried again; what fails on a machine with time to spare
 * fails.
 */
export function inRealTime(body: TestBody, watchLoad = () => new MachineLoad()): TestBody {
  return async (t) => {
    for (let attempt = 1; ; attempt++) {
      using load = watchLoad();
      try {
        await body(t);
        return;
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !load.wasTooMuch) throw error;
        t.diagnostic(`${TRIED_AGAIN}, for ${load}: ${(error as Error).message}`);
      }
    }
  };
}
