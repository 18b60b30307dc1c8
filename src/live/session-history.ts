import {
  type LimitBreach,
  limitBreachEvent,
  STREAM_EVENTS,
  type StreamEvent,
  type StreamEventName,
} from '../domain/events.ts';
import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import type { IngestConfiguration, StreamSessionRecord } from '../domain/stream-session.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { HistoryWriter } from './history-writer.ts';
import type { SessionLog } from './ports.ts';

interface EventMembers {
  readonly reason?: string;
  readonly code?: string;
}

/** A disk that is full is one trouble, whatever cannot be written to it. */
const ERROR_INTERVAL_MS = 60_000;

/**
 * States each fact of one stream once: to the log and to the durable history. The media path never waits for it; a write
 * that fails is an error in the log, the stream goes on, and the writer tries again: a session without its start would be
 * one that never was live, one without its end would be listed as live until the next start.
 */
export class SessionHistory {
  readonly #sessionLog: SessionLog;
  readonly #writer: HistoryWriter;
  readonly #channelArn: string;
  readonly #streamId: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** The newest configuration, while its write waits. */
  #unwritten: IngestConfiguration | undefined;
  /** When an error was logged last. */
  #errorAtMs = Number.NEGATIVE_INFINITY;
  #unloggedErrors = 0;

  constructor(options: {
    readonly sessionLog: SessionLog;
    readonly writer: HistoryWriter;
    readonly channelArn: string;
    readonly streamId: string;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#sessionLog = options.sessionLog;
    this.#writer = options.writer;
    this.#channelArn = options.channelArn;
    this.#streamId = options.streamId;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Returns what it is to be recorded by. Rejects when the session can't be written: then it must not begin. */
  created(session: StreamSessionRecord): Promise<RecordingConfigurationRecord | undefined> {
    const created = this.#state('Session Created');
    return this.#writer.writeOnce(this.#channelArn, () =>
      this.#sessionLog.createSession(session, created),
    );
  }

  /** `reason`: of a failure, a sentence for people. Returns when it happened. */
  happened(name: StreamEventName, members: EventMembers = {}): number {
    const event = this.#state(name, members);
    this.#append(event);
    return event.timeMs;
  }

  breached(breach: LimitBreach): void {
    const { limitName: name, ...members } = breach;
    this.#log.warn({ event: name, type: STREAM_EVENTS[name], ...members }, 'limit breached');
    this.#append(limitBreachEvent(breach, this.#clock.nowMs()));
  }

  /** `undefined`: there is nothing to tell yet, or nothing new. */
  ingests(configuration: IngestConfiguration | undefined): void {
    if (!configuration) return;
    const isWaiting = this.#unwritten !== undefined;
    this.#unwritten = configuration;
    // The write that waits takes the newest: an encoder that changes all the time leaves room for what else happens.
    if (!isWaiting) void this.#write(() => this.#writeIngest(), 'isKept');
  }

  async #writeIngest(): Promise<void> {
    const newest = this.#unwritten;
    if (!newest) return;
    this.#unwritten = undefined;
    try {
      await this.#sessionLog.setIngestConfiguration(this.#streamId, newest);
    } catch (error) {
      this.#unwritten ??= newest;
      throw error;
    }
  }

  /** Resolves when the end is written, or failed to be the first time. */
  ended(names: readonly StreamEventName[]): Promise<void> {
    const events = names.map((name) => this.#state(name));
    const endTimeMs = this.#clock.nowMs();
    return this.#write(
      () => this.#sessionLog.endSession(this.#streamId, endTimeMs, events),
      'isKept',
    );
  }

  #append(event: StreamEvent): void {
    void this.#write(() => this.#sessionLog.appendEvents(this.#streamId, [event]));
  }

  #state(name: StreamEventName, members: EventMembers = {}): StreamEvent {
    this.#log.info({ event: name, type: STREAM_EVENTS[name], ...members }, name);
    return { name, timeMs: this.#clock.nowMs(), ...members };
  }

  #write(write: () => Promise<void>, isKept?: 'isKept'): Promise<void> {
    return this.#writer
      .write(this.#channelArn, write, isKept === 'isKept')
      .catch((error: unknown) => this.#cannotWrite(error));
  }

  /** A line for the first, and then one an interval, with the number of those in between. */
  #cannotWrite(error: unknown): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#errorAtMs < ERROR_INTERVAL_MS) {
      this.#unloggedErrors++;
      return;
    }
    const unlogged = this.#unloggedErrors;
    this.#errorAtMs = nowMs;
    this.#unloggedErrors = 0;
    this.#log.error(
      { err: error, ...(unlogged > 0 && { unlogged }) },
      'cannot write the history of the stream',
    );
  }
}
