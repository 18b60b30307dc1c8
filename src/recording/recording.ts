import { DestinationRefused } from '../domain/destination-refused.ts';
import type { RecordingCondition } from '../domain/recording-measurements.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { JournalEntry } from './journal.ts';
import { PassLoop } from './pass-loop.ts';
import type { ObjectStore, RecordingHistory, SpooledRecording } from './ports.ts';
import { ReconnectWindow } from './reconnect-window.ts';
import type { RecordingReason } from './recording-facts.ts';
import type { RecordingState } from './recording-state.ts';
import { RecordingUpload } from './recording-upload.ts';
import { Stopped } from './retry.ts';
import type { SpoolBudget, SpoolUser } from './spool-budget.ts';
import { trimSpool, writeLastLines } from './spool-upkeep.ts';
import { type SpoolJob, SpoolWriter } from './spool-writer.ts';

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
  /** It is closed, or stopped for now. */
  readonly onClosed: () => void;
}

/** One recording, of one stream or of several that were merged: from the live segments over the spool to its bucket. */
export class Recording implements SpoolUser {
  readonly state: RecordingState;
  readonly #options: RecordingOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #writer: SpoolWriter;
  readonly #upload: RecordingUpload;
  readonly #done = Promise.withResolvers<void>();
  #phase: Phase = 'recording';
  /** No stream may come back when the one that is on has ended. */
  #isLastStream = false;
  readonly #window: ReconnectWindow;
  readonly #loop: PassLoop;
  /** The first lines of its journal, if it is a new one. */
  #beginning: readonly JournalEntry[] = [];
  /** It takes nothing more; `state` is told when nothing is being written any more. */
  #hasFailed: boolean;
  /** Begun where it failed: nothing is brought to the bucket before. */
  #makingRoom: Promise<void> | undefined;
  #spooledBytes = 0;

  constructor(options: RecordingOptions) {
    const { state, spooled, clock } = options;
    this.state = state;
    this.#hasFailed = state.failure !== undefined;
    this.#options = options;
    this.#clock = clock;
    this.#log = options.log.child({
      recording: state.head.recordingId,
      channel: state.head.channelArn,
    });
    this.#window = new ReconnectWindow(clock, () => this.finish());
    this.#loop = new PassLoop(
      () => this.#work(),
      () => this.#close(),
    );
    this.#upload = new RecordingUpload({
      ...options,
      log: this.#log,
      onAnnounced: () => this.#writer.push({ kind: 'entry', entry: { type: 'announced' } }),
      hasMedia: () => this.#phase !== 'finishing' || state.hasWaiting,
      // In this order: the disk may have got room meanwhile from another one.
      isRoomNeeded: async () =>
        this.isOverdue && (await options.isDiskFull()) && options.budget.mayLeave(this),
    });
    this.#writer = new SpoolWriter({
      state,
      spooled,
      onWritten: (byteLength) => this.#written(byteLength),
      onBroken: (error) => this.#fail('InternalServerException', error),
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
    if (this.#hasFailed) return 'failed';
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
    this.#beginning = entries;
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
    if (newestStream && newestStream.endTimeMs === undefined && !this.#hasFailed) {
      const { streamId } = newestStream;
      const entry: JournalEntry = { type: 'stream-ended', streamId, atMs: endedAtMs };
      this.#writer.push({ kind: 'entry', entry });
      await this.#writer.drained();
    }
    // Writing that may have failed, and nobody can go on with it then.
    if (this.#hasFailed || !newestStream) this.#phase = 'finishing';
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
    await this.#makingRoom;
    this.#window.close();
    if (this.#phase === 'waiting' || this.#phase === 'recording') this.#stopWork();
    const cancel = this.#clock.after(graceMs, () => this.#stopWork());
    await this.#done.promise;
    cancel();
  }

  #takeNoMore(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'finishing';
    this.#window.close();
    this.#loop.ask();
  }

  #stopWork(): void {
    this.#upload.stop();
    this.#loop.stop();
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

  #account(): void {
    this.#spooledBytes = this.state.spooledBytes;
  }

  #fail(reason: RecordingReason, error: unknown): void {
    if (this.#hasFailed || this.#phase === 'closed') return;
    this.#hasFailed = true;
    this.#log.error({ err: error, reason }, 'the recording failed');
    this.#makingRoom = this.#writeFailure({ type: 'failed', reason, message: messageOf(error) });
    this.#takeNoMore();
  }

  async #work(): Promise<void> {
    try {
      await this.#pass();
    } catch (error) {
      if (error instanceof Stopped) return;
      if (this.#hasFailed) {
        await this.#giveUp(error);
        return;
      }
      const isRefused = error instanceof DestinationRefused && !this.#upload.hasBegun;
      this.#fail(isRefused ? 'ValidationException' : 'InternalServerException', error);
    }
  }

  async #pass(): Promise<void> {
    await this.#makingRoom;
    await this.#upload.bring(this.#hasFailed);
    this.#account();
    if (this.#phase !== 'finishing') return;
    // What arrived meanwhile is not to be left behind.
    if (!this.#writer.isIdle) void this.#writer.drained().then(() => this.#loop.ask());
    else if (this.#hasFailed && !this.state.failure) this.#loop.ask();
    else if (this.#upload.hasBegun && this.state.hasWaiting) this.#loop.ask();
    else {
      await this.#upload.conclude();
      this.#phase = 'closed';
      this.#loop.stop();
    }
  }

  async #giveUp(error: unknown): Promise<void> {
    await this.#makingRoom;
    try {
      await this.#upload.giveUp(error);
      this.#phase = 'closed';
    } catch (failure) {
      if (failure instanceof Stopped) return;
      this.#log.error({ err: failure }, 'a recording that was given up is still in the spool');
    }
    this.#loop.stop();
  }

  /** Whether it gets to the disk or not, the state has it then, and has whose recording it was. */
  async #writeFailure(failed: JournalEntry): Promise<void> {
    await this.#writer.drained();
    const beginning = this.state.newestStream ? [] : this.#beginning;
    const entries = [...beginning, failed];
    try {
      await writeLastLines(entries, this.state, await this.#options.spooled);
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot write down that the recording failed');
    }
    for (const entry of entries) this.state.apply(entry);
    this.#account();
  }

  #close(): void {
    this.#options.budget.delete(this);
    this.#options.onClosed();
    this.#done.resolve();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
