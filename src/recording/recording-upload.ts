import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { BucketPatience } from './bucket-patience.ts';
import { BucketWriter } from './bucket-writer.ts';
import type { JournalEntry } from './journal.ts';
import type { ObjectStore, RecordingHistory, SpooledRecording } from './ports.ts';
import { RecordingNews } from './recording-news.ts';
import type { RecordingState } from './recording-state.ts';
import { Retry } from './retry.ts';

/** The spool's disk may be the one that fails. */
const EMPTYING_MS = 10_000;

export interface RecordingUploadOptions {
  readonly state: RecordingState;
  readonly spooled: Promise<SpooledRecording>;
  readonly store: ObjectStore;
  readonly history: RecordingHistory;
  readonly clock: Clock;
  readonly log: Logger;
  /** The bucket has the started document, and the history its event. */
  readonly onAnnounced: () => void;
  /** The spool has lost a file. Resolves when the state has it. */
  readonly onLost: (entry: JournalEntry) => Promise<void>;
  /** More may come for the bucket, or waits for it. */
  readonly hasMedia: () => boolean;
  /** Others can't record for what waits for the bucket. */
  readonly isRoomNeeded: () => Promise<boolean>;
}

/**
 * One recording's way from the spool to its bucket, and what the history is told of it. Everything rejects with `Stopped` once
 * it is stopped.
 */
export class RecordingUpload {
  readonly patience = new BucketPatience();
  readonly #options: RecordingUploadOptions;
  readonly #state: RecordingState;
  readonly #retry: Retry;
  readonly #news: RecordingNews;
  #bucket: BucketWriter | undefined;
  /** The journal may not know of it yet. */
  #hasAnnounced = false;

  constructor(options: RecordingUploadOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#retry = new Retry(options.clock);
    this.#news = new RecordingNews({ ...options, retry: this.#retry });
  }

  /** The bucket has the started document, and the history its event. */
  get hasBegun(): boolean {
    return this.#state.isAnnounced || this.#hasAnnounced;
  }

  stop(): void {
    this.#retry.stop();
  }

  /** Brings what is complete to the bucket. `hasFailed`: nothing more comes. Rejects where the bucket is given up. */
  async bring(hasFailed: boolean): Promise<void> {
    const bucket = await this.#openBucket();
    if (!this.#state.newestStream) return;
    // What failed before its bucket was told of it is still worth having, if there is anything.
    const isWorthBeginning = !this.patience.isGivenUp && (!hasFailed || this.#state.hasWaiting);
    if (!this.hasBegun && isWorthBeginning) await this.#announce(bucket);
    if (this.hasBegun) await bucket.writeMedia();
  }

  /** When all is there: the tree is complete before the history says so, and the spool is kept until it does. */
  async conclude(): Promise<void> {
    const bucket = await this.#openBucket();
    if (this.hasBegun) await bucket.conclude(this.#state.endedAtMs);
    else if (this.#state.hasWaiting) this.#logLoss();
    await this.#leave(await this.#options.spooled);
  }

  /** The bucket does not take the rest. Rejects where the spool can't be emptied. */
  async giveUp(error: unknown): Promise<void> {
    this.#logLoss(error);
    await this.#leave(await this.#spooledIfAny());
  }

  /** None where the disk had no room for it from the beginning. */
  async #spooledIfAny(): Promise<SpooledRecording | undefined> {
    try {
      return await this.#options.spooled;
    } catch {
      return undefined;
    }
  }

  #logLoss(error?: unknown): void {
    const { waitingCount: files, spooledBytes: byteLength } = this.#state;
    this.#options.log.error(
      { ...(error !== undefined && { err: error }), lost: { files, byteLength } },
      'the recording is given up: its bucket never got the rest',
    );
  }

  async #announce(bucket: BucketWriter): Promise<void> {
    await bucket.announce();
    await this.#news.started();
    this.#hasAnnounced = true;
    this.#options.onAnnounced();
  }

  async #leave(spooled: SpooledRecording | undefined): Promise<void> {
    const { log } = this.#options;
    await this.#news.ended(this.hasBegun);
    await this.#retry.run(async () => spooled?.remove(), {
      onFailure: (error) => log.warn({ err: error }, 'cannot empty the spool of a recording'),
      isHopeless: (_, elapsedMs) => elapsedMs >= EMPTYING_MS,
    });
  }

  async #openBucket(): Promise<BucketWriter> {
    const spooled = await this.#options.spooled;
    const { hasMedia, isRoomNeeded } = this.#options;
    this.#bucket ??= new BucketWriter({
      ...this.#options,
      spooled,
      retry: this.#retry,
      isHopeless: (error, elapsedMs) =>
        this.patience.isOver(error, elapsedMs, {
          hasBegun: this.hasBegun,
          hasMedia: hasMedia(),
          isRoomNeeded,
        }),
      onArrived: (file) => {
        this.patience.arrived();
        return spooled.delete(file);
      },
    });
    return this.#bucket;
  }
}
