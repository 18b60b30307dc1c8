import type { RecordingCondition } from '../domain/recording-measurements.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { JournalEntry } from './journal.ts';
import type { ObjectStore, RecordingHistory, SpooledRecording } from './ports.ts';
import { ReconnectWindow } from './reconnect-window.ts';
import type { RecordingReason } from './recording-facts.ts';
import { RecordingFailure } from './recording-failure.ts';
import type { RecordingState } from './recording-state.ts';
import { RecordingUpload } from './recording-upload.ts';
import type { SpoolBudget, SpoolUser } from './spool-budget.ts';
import { trimSpool } from './spool-upkeep.ts';
import { type SpoolJob, SpoolWriter } from './spool-writer.ts';
import { UploadLoop } from './upload-loop.ts';

/**
 * - `recording`: a stream is recorded.
 * - `waiting`: for the encoder to come back within the reconnect window.
 * - `finishing`: nothing comes any more; the bucket gets what is left.
 * - `closed`: all is said and written, and the spool is empty.
 */
type Phase = 'recording' | 'waiting' | 'finishing' | 'closed';

export interface RecordingOptions {
  readonly state: RecordingState;
  readonly spooled: Promise<SpooledRecording>;
  readonly store: ObjectStore;
  readonly history: RecordingHistory;
  readonly budget: SpoolBudget;
  /** Whether nobody can write to the spool any more. */
  readonly isDiskFull: () => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Once, where it takes nothing more. */
  readonly onFailed: () => void;
  /** It is closed, or stopped for now. */
  readonly onClosed: () => void;
}

/** One recording, of one stream or of several that were merged: from the live segments over the spool to its bucket. */
export class Recording implements SpoolUser {
  readonly state: RecordingState;
  readonly #options: RecordingOptions;
  readonly #clock: Clock;
  readonly #writer: SpoolWriter;
  readonly #failure: RecordingFailure;
  readonly #upload: RecordingUpload;
  readonly #loop: UploadLoop;
  readonly #window: ReconnectWindow;
  readonly #done = Promise.withResolvers<void>();
  #phase: Phase = 'recording';
  /** No stream may come back when the one that is on has ended. */
  #isLastStream = false;
  #spooledBytes = 0;

  constructor(options: RecordingOptions) {
    const { state, spooled, clock } = options;
    this.state = state;
    this.#options = options;
    this.#clock = clock;
    const log = options.log.child({
      recording: state.head.recordingId,
      channel: state.head.channelArn,
    });
    this.#window = new ReconnectWindow(clock, () => this.finish());
    this.#writer = new SpoolWriter({
      state,
      spooled,
      onWritten: (byteLength) => this.#written(byteLength),
      onBroken: (error) => this.#fail('InternalServerException', error),
    });
    this.#failure = new RecordingFailure({
      state,
      spooled,
      drained: () => this.#writer.drained(),
      onWritten: () => this.#account(),
      log,
    });
    this.#upload = new RecordingUpload({
      ...options,
      log,
      onAnnounced: () => this.#writer.push({ kind: 'entry', entry: { type: 'announced' } }),
      onLost: (entry) => this.#lost(entry),
      hasMedia: () => this.#phase !== 'finishing' || state.hasWaiting,
      // In this order: the disk may have got room meanwhile from another one.
      isRoomNeeded: async () =>
        this.isOverdue && (await options.isDiskFull()) && options.budget.mayLeave(this),
    });
    this.#loop = new UploadLoop({
      state,
      failure: this.#failure,
      writer: this.#writer,
      upload: this.#upload,
      log,
      isFinishing: () => this.#phase === 'finishing',
      onPassed: () => this.#account(),
      onFailed: (reason, error) => this.#fail(reason, error),
      onEmptied: () => {
        this.#phase = 'closed';
      },
      onStopped: () => this.#close(),
    });
    options.budget.add(this);
  }

  get isWaiting(): boolean {
    return this.#phase === 'waiting';
  }

  /** Resolves when it is closed, or stopped. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  get condition(): RecordingCondition {
    if (this.#failure.hasFailed) return 'failed';
    return this.#phase === 'recording' || this.#phase === 'waiting' ? 'recording' : 'finishing';
  }

  // --- what the budget of the spool is for

  /** At its last pass or write: adding up is not for every segment of every recording. */
  get spooledBytes(): number {
    return this.#spooledBytes;
  }

  get isGrowing(): boolean {
    return this.#phase === 'recording';
  }

  get isOverdue(): boolean {
    // An encoder that is waited for would go on with it.
    return this.#phase === 'finishing' && this.#upload.patience.isOverdue;
  }

  get isGivenUp(): boolean {
    return this.#upload.patience.isGivenUp;
  }

  outgrown(error: Error): void {
    this.#writer.break(error);
  }

  giveUp(): void {
    this.#upload.patience.giveUp();
  }

  // --- what the recorder does

  /** The first lines of a new one. */
  begin(entries: readonly JournalEntry[]): void {
    this.#failure.beginsWith(entries);
    for (const entry of entries) this.#writer.push({ kind: 'entry', entry });
  }

  /** A stream that came back goes on with it. */
  resume(entry: Extract<JournalEntry, { type: 'stream' }>): void {
    this.#phase = 'recording';
    this.#window.close();
    this.#writer.push({ kind: 'entry', entry });
  }

  push(job: SpoolJob): void {
    if (this.#phase === 'recording') this.#writer.push(job);
  }

  /** The stream is over. */
  async streamEnded(streamId: string): Promise<void> {
    if (this.#phase !== 'recording') return;
    const atMs = this.#clock.nowMs();
    if (this.#isLastStream) this.#phase = 'finishing';
    else this.#waitFor(atMs + this.state.head.reconnectWindowSeconds * 1000);
    this.#writer.push({ kind: 'entry', entry: { type: 'stream-ended', streamId, atMs } });
    await this.#writer.drained();
    this.#window.check();
    this.#loop.ask();
  }

  /** After a restart: goes on where the journal ends. */
  async takeUp(): Promise<void> {
    const { newestStream, endedAtMs, head } = this.state;
    const spooled = await this.#options.spooled;
    this.state.takeUp(await spooled.files());
    this.#upload.patience.hasWaited(this.#clock.nowMs() - endedAtMs);
    this.#account();
    // What is written makes the loop begin, and nothing may be in a bucket that is still to be cut off.
    await trimSpool(this.state, spooled);
    if (newestStream && newestStream.endTimeMs === undefined && !this.#failure.hasFailed) {
      const { streamId } = newestStream;
      const entry: JournalEntry = { type: 'stream-ended', streamId, atMs: endedAtMs };
      this.#writer.push({ kind: 'entry', entry });
      await this.#writer.drained();
    }
    // Writing that may have failed, and nobody can go on with it then.
    if (this.#failure.hasFailed || !newestStream) this.#phase = 'finishing';
    else {
      // Media may be ahead of the clock by a moment.
      const endMs = Math.min(endedAtMs, this.#clock.nowMs());
      this.#waitFor(endMs + head.reconnectWindowSeconds * 1000);
      this.#window.check();
    }
    this.#loop.ask();
  }

  /** Whether a stream that began at `startTimeMs` came back in time; if so it may not end until `release`. */
  hold(startTimeMs: number): boolean {
    return this.#phase === 'waiting' && this.#window.hold(startTimeMs);
  }

  release(): void {
    this.#window.release();
  }

  /** Nobody comes back any more: it ends when the stream that is on, if any, has brought its last segments. */
  finish(): void {
    this.#isLastStream = true;
    if (this.#phase === 'waiting') this.#takeNoMore();
  }

  fail(error: unknown): void {
    this.#writer.break(error);
  }

  /** Everything taken so far is on disk when this resolves; the rest is done after the next start. */
  async stop(graceMs: number): Promise<void> {
    await this.#writer.drained();
    await this.#failure.written;
    this.#window.close();
    if (this.#phase === 'waiting' || this.#phase === 'recording') this.#loop.stop();
    const cancel = this.#clock.after(graceMs, () => this.#loop.stop());
    await this.#done.promise;
    cancel();
  }

  #takeNoMore(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'finishing';
    this.#window.close();
    this.#loop.ask();
  }

  #waitFor(deadlineMs: number): void {
    this.#phase = 'waiting';
    this.#window.open(deadlineMs);
  }

  // --- what follows from it

  #written(byteLength: number): void {
    this.#account();
    if (byteLength > 0) this.#options.budget.enforce();
    this.#loop.ask();
  }

  /** On disk before anything behind it arrives: a file that is not there any more would else have arrived. */
  async #lost(entry: JournalEntry): Promise<void> {
    this.#writer.push({ kind: 'entry', entry });
    await this.#writer.drained();
    if (this.#writer.isBroken) await this.#failure.append(entry);
  }

  #account(): void {
    this.#spooledBytes = this.state.spooledBytes;
  }

  #fail(reason: RecordingReason, error: unknown): void {
    if (this.#phase === 'closed' || !this.#failure.note(reason, error)) return;
    this.#options.onFailed();
    this.#takeNoMore();
  }

  #close(): void {
    this.#options.budget.delete(this);
    this.#options.onClosed();
    this.#done.resolve();
  }
}
