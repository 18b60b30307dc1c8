import type { Logger } from '../lib/logger.ts';
import { encodeJournalEntry, type JournalEntry } from './journal.ts';
import type { SpooledRecording } from './ports.ts';
import type { RecordingReason } from './recording-facts.ts';
import type { RecordingState } from './recording-state.ts';
import { writeLastLines } from './spool-upkeep.ts';

/** Whether a recording has failed, and how its journal comes to say so on a disk that may be full. */
export class RecordingFailure {
  readonly #state: RecordingState;
  readonly #spooled: Promise<SpooledRecording>;
  readonly #drained: () => Promise<void>;
  readonly #onWritten: () => void;
  readonly #log: Logger;
  #hasFailed: boolean;
  #written: Promise<void> | undefined;
  #firstLines: readonly JournalEntry[] = [];

  constructor(options: {
    readonly state: RecordingState;
    readonly spooled: Promise<SpooledRecording>;
    /** Resolves when nothing is being written any more. */
    readonly drained: () => Promise<void>;
    /** The state has it. */
    readonly onWritten: () => void;
    readonly log: Logger;
  }) {
    this.#state = options.state;
    this.#spooled = options.spooled;
    this.#drained = options.drained;
    this.#onWritten = options.onWritten;
    this.#log = options.log;
    this.#hasFailed = options.state.failure !== undefined;
  }

  /** It takes nothing more; `state` is told when nothing is being written any more. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Resolves when the state has the failure, if any. Nothing is brought to the bucket before: the spool is being trimmed. */
  get written(): Promise<void> | undefined {
    return this.#written;
  }

  /** The first lines of a new journal, which the disk may not have got when it fails. */
  beginsWith(entries: readonly JournalEntry[]): void {
    this.#firstLines = entries;
  }

  /** `false`: it had failed before. */
  note(reason: RecordingReason, error: unknown): boolean {
    if (this.#hasFailed) return false;
    this.#hasFailed = true;
    this.#log.error({ err: error, reason }, 'the recording failed');
    this.#written = this.#write({ type: 'failed', reason, message: messageOf(error) });
    return true;
  }

  /** Another line behind it: whether it gets to the disk or not, the state has it then. */
  async append(entry: JournalEntry): Promise<void> {
    await this.#written;
    try {
      await (await this.#spooled).append([], [encodeJournalEntry(entry)]);
    } catch (error) {
      this.#log.warn({ err: error, entry }, 'cannot write to the journal of a recording');
    }
    this.#state.apply(entry);
  }

  /** Whether it gets to the disk or not, the state has it then, and has whose recording it was. */
  async #write(failed: JournalEntry): Promise<void> {
    await this.#drained();
    const firstLines = this.#state.newestStream ? [] : this.#firstLines;
    const entries = [...firstLines, failed];
    try {
      await writeLastLines(entries, this.#state, await this.#spooled);
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot write down that the recording failed');
    }
    for (const entry of entries) this.#state.apply(entry);
    this.#onWritten();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
