import { after } from 'node:test';
import { Chromium } from './chromium.ts';
import { type IvoryInProcess, startIvoryForTest } from './ivory.ts';

export interface BrowserStage {
  readonly ivory: IvoryInProcess;
  readonly chromium: Chromium;
}

/** A server and a browser for all tests of a file, gone after the last one. */
export async function browserStage(): Promise<BrowserStage> {
  const [ivory, chromium] = await Promise.all([startIvoryForTest(), Chromium.launch()]);
  after(async () => {
    await chromium[Symbol.asyncDispose]();
    await ivory[Symbol.asyncDispose]();
  });
  return { ivory, chromium };
}
