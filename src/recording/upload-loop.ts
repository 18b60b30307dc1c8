import { DestinationRefused } from '../domain/destination-refused.ts';
import type { Logger } from '../lib/logger.ts';
import { PassLoop } from './pass-loop.ts';
import type { RecordingReason } from './recording-facts.ts';
import type { RecordingFailure } from './recording-failure.ts';
import type { RecordingState } from './recording-state.ts';
import type { RecordingUpload } from './recording-upload.ts';
import { Stopped } from './retry.ts';
import type { SpoolWriter } from './spool-writer.ts';

export interface UploadLoopOptions {
  readonly state: RecordingState;
  readonly failure: RecordingFailure;
  readonly writer: Pick<SpoolWriter, 'isIdle' | 'drained'>;
  readonly upload: RecordingUpload;
  readonly log: Logger;
  /** Whether what is in the spool, or on its way there, is all. */
  readonly isFinishing: () => boolean;
  /** The bucket has what was complete. */
  readonly onPassed: () => void;
  /** The bucket does not take it. */
  readonly onFailed: (reason: RecordingReason, error: unknown) => void;
  /** Nothing of it is in the spool any more. */
  readonly onEmptied: () => void;
  /** The last pass is over; once. */
  readonly onStopped: () => void;
}

/** Brings one recording to its bucket, pass after pass, until all of it has arrived or the bucket is given up. */
export class UploadLoop {
  readonly #options: UploadLoopOptions;
  readonly #passes: PassLoop;

  constructor(options: UploadLoopOptions) {
    this.#options = options;
    this.#passes = new PassLoop(() => this.#work(), options.onStopped);
  }

  /** There may be something to bring. */
  ask(): void {
    this.#passes.ask();
  }

  /** Ends it for now: what waits for the bucket stays in the spool. */
  stop(): void {
    this.#options.upload.stop();
    this.#passes.stop();
  }

  async #work(): Promise<void> {
    const { failure, upload, onFailed } = this.#options;
    try {
      await this.#pass();
    } catch (error) {
      if (error instanceof Stopped) return;
      if (failure.hasFailed) {
        await this.#giveUp(error);
        return;
      }
      const isRefused = error instanceof DestinationRefused && !upload.hasBegun;
      onFailed(isRefused ? 'ValidationException' : 'InternalServerException', error);
    }
  }

  async #pass(): Promise<void> {
    const { state, failure, writer, upload } = this.#options;
    await failure.written;
    await upload.bring(failure.hasFailed);
    this.#options.onPassed();
    if (!this.#options.isFinishing()) return;
    // What arrived meanwhile is not to be left behind.
    if (!writer.isIdle) void writer.drained().then(() => this.ask());
    else if (failure.hasFailed && !state.failure) this.ask();
    else if (upload.hasBegun && state.hasWaiting) this.ask();
    else {
      await upload.conclude();
      this.#end();
    }
  }

  async #giveUp(error: unknown): Promise<void> {
    const { failure, upload, log } = this.#options;
    await failure.written;
    try {
      await upload.giveUp(error);
      this.#end();
    } catch (problem) {
      if (problem instanceof Stopped) return;
      log.error({ err: problem }, 'a recording that was given up is still in the spool');
      this.#passes.stop();
    }
  }

  #end(): void {
    this.#options.onEmptied();
    this.#passes.stop();
  }
}
