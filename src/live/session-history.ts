import type { StreamEvent, StreamEventName } from '../domain/events.ts';
import { STREAM_EVENTS } from '../domain/events.ts';
import type { IngestConfiguration, StreamSessionRecord } from '../domain/stream-session.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { SessionLog } from './ports.ts';

/**
 * States each fact of one stream once: to the log and to the durable history. The media path never waits for it; a write
 * that fails is an error in the log and nothing else, the stream goes on.
 */
export class SessionHistory {
  readonly #sessionLog: SessionLog;
  readonly #streamId: string;
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(options: {
    readonly sessionLog: SessionLog;
    readonly streamId: string;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#sessionLog = options.sessionLog;
    this.#streamId = options.streamId;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Rejects when the session can't be written: then it must not begin. */
  async created(session: StreamSessionRecord): Promise<void> {
    await this.#sessionLog.createSession(session, this.#state('Session Created'));
  }

  happened(name: StreamEventName): void {
    void this.#write(this.#sessionLog.appendEvents(this.#streamId, [this.#state(name)]));
  }

  ingests(configuration: IngestConfiguration): void {
    void this.#write(this.#sessionLog.setIngestConfiguration(this.#streamId, configuration));
  }

  /** Resolves when the end is written, or failed to be. */
  async ended(names: readonly StreamEventName[]): Promise<void> {
    const events = names.map((name) => this.#state(name));
    await this.#write(this.#sessionLog.endSession(this.#streamId, this.#clock.nowMs(), events));
  }

  #state(name: StreamEventName): StreamEvent {
    this.#log.info({ event: name, type: STREAM_EVENTS[name] }, name);
    return { name, timeMs: this.#clock.nowMs() };
  }

  #write(writing: Promise<void>): Promise<void> {
    return writing.catch((error: unknown) => {
      this.#log.error({ err: error }, 'cannot write the history of the stream');
    });
  }
}
