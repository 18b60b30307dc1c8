import { type RecordingEvent, STREAM_EVENTS } from '../domain/events.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { RecordingHistory } from './ports.ts';
import type { RecordingState } from './recording-state.ts';
import type { Retry } from './retry.ts';

/** How a recording can end. A session has one of them at most. */
const ENDS = ['Recording End', 'Recording End Failure', 'Recording Start Failure'] as const;

/** Tells the history and the log of one recording's beginning and end, until the history has it. */
export class RecordingNews {
  readonly #state: RecordingState;
  readonly #history: RecordingHistory;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #retry: Retry;

  constructor(options: {
    readonly state: RecordingState;
    readonly history: RecordingHistory;
    readonly clock: Clock;
    readonly log: Logger;
    readonly retry: Retry;
  }) {
    this.#state = options.state;
    this.#history = options.history;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#retry = options.retry;
  }

  async started(): Promise<void> {
    const { head, streams } = this.#state;
    const [first] = streams;
    if (!first) return;
    const event = { ...this.#members('Recording Start', head.startedAtMs), durationMs: 0 };
    await this.#tell(first.streamId, event, ['Recording Start', ...ENDS]);
  }

  /** `hasBegun`: its beginning was told. */
  async ended(hasBegun: boolean): Promise<void> {
    const { newestStream, failure, durationMs, streams } = this.#state;
    if (!newestStream) return;
    const failureName = hasBegun ? 'Recording End Failure' : 'Recording Start Failure';
    const event: RecordingEvent = {
      ...this.#members(failure ? failureName : 'Recording End', this.#clock.nowMs()),
      reason: failure?.reason ?? '',
      durationMs: hasBegun ? durationMs : 0,
      ...(hasBegun && { recordingSessionStreamIds: streams.map(({ streamId }) => streamId) }),
    };
    await this.#tell(newestStream.streamId, event, ENDS);
  }

  #members(name: RecordingEvent['name'], timeMs: number): Omit<RecordingEvent, 'durationMs'> {
    const { bucketName, prefix, sessionId } = this.#state.head;
    return {
      name,
      timeMs,
      reason: '',
      bucketName,
      keyPrefix: prefix,
      recordingSessionId: sessionId,
    };
  }

  async #tell(
    streamId: string,
    event: RecordingEvent,
    unless: readonly RecordingEvent['name'][],
  ): Promise<void> {
    await this.#retry.run(() => this.#history.appendRecordingEvent(streamId, event, unless), {
      onFailure: (error) => this.#log.error({ err: error }, `cannot write ${event.name} down`),
      isHopeless: () => false,
    });
    const { name, ...members } = event;
    this.#log.info({ event: name, type: STREAM_EVENTS[name], ...members }, name);
  }
}
