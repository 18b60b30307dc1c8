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
import type { SessionLog } from './ports.ts';

/** A full disk is emptied by hand; until then there is one attempt for each session that ended. */
const RETRY_MS = 5000;

interface EventMembers {
  readonly reason?: string;
  readonly code?: string;
}

/**
 * States each fact of one stream once: to the log and to the durable history. The media path never waits for it; a write
 * that fails is an error in the log and nothing else, the stream goes on. Only the end is tried again until it is written:
 * a session without one would be listed as live until the next start.
 */
export class SessionHistory {
  readonly #sessionLog: SessionLog;
  readonly #streamId: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #isCreated = false;

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

  /** Returns what it is to be recorded by. Rejects when the session can't be written: then it must not begin. */
  async created(session: StreamSessionRecord): Promise<RecordingConfigurationRecord | undefined> {
    const created = this.#state('Session Created');
    const recordingConfiguration = await this.#sessionLog.createSession(session, created);
    this.#isCreated = true;
    return recordingConfiguration;
  }

  /** `reason`: of a failure, a sentence for people. */
  happened(name: StreamEventName, members: EventMembers = {}): void {
    this.#append(this.#state(name, members));
  }

  breached(breach: LimitBreach): void {
    const { limitName: name, ...members } = breach;
    this.#log.warn({ event: name, type: STREAM_EVENTS[name], ...members }, 'limit breached');
    this.#append(limitBreachEvent(breach, this.#clock.nowMs()));
  }

  ingests(configuration: IngestConfiguration): void {
    void this.#write(this.#sessionLog.setIngestConfiguration(this.#streamId, configuration));
  }

  /** Resolves when the end is written, or failed to be the first time. */
  ended(names: readonly StreamEventName[]): Promise<void> {
    const events = names.map((name) => this.#state(name));
    return this.#writeEnd(this.#clock.nowMs(), events);
  }

  #writeEnd(endTimeMs: number, events: readonly StreamEvent[]): Promise<void> {
    return this.#sessionLog
      .endSession(this.#streamId, endTimeMs, events)
      .catch((error: unknown) => {
        this.#log.error({ err: error }, 'cannot write the end of the stream');
        if (!this.#isCreated) return;
        this.#clock.after(RETRY_MS, () => void this.#writeEnd(endTimeMs, events));
      });
  }

  #append(event: StreamEvent): void {
    void this.#write(this.#sessionLog.appendEvents(this.#streamId, [event]));
  }

  #state(name: StreamEventName, members: EventMembers = {}): StreamEvent {
    this.#log.info({ event: name, type: STREAM_EVENTS[name], ...members }, name);
    return { name, timeMs: this.#clock.nowMs(), ...members };
  }

  #write(writing: Promise<void>): Promise<void> {
    return writing.catch((error: unknown) => {
      this.#log.error({ err: error }, 'cannot write the history of the stream');
    });
  }
}
