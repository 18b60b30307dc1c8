import type { LimitBreach } from '../domain/events.ts';
import type { StreamHealth } from '../domain/stream-session.ts';
import type { DisconnectReason } from '../ingest/publishing.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { IngestMonitor } from './ingest-monitor.ts';
import type { SessionHistory } from './session-history.ts';
import { ShownHealth } from './shown-health.ts';

/** "Stream duration: 48 hours" (IVS service quotas). */
const MAX_DURATION_MS = 48 * 3600 * 1000;

/** Looks after one stream: tells of its health, and ends it when it is silent, goes on for too long, or breaks a limit. */
export class ChannelWatch {
  readonly #ingest: IngestMonitor;
  readonly #history: SessionHistory;
  readonly #health: ShownHealth;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #log: Logger;
  readonly #onEnd: (reason: DisconnectReason) => void;
  /** On the monotonic clock: the wall clock may be set while the stream is on. */
  readonly #startedMs: number;
  #isLive = false;

  constructor(options: {
    readonly ingest: IngestMonitor;
    readonly history: SessionHistory;
    readonly clock: Pick<Clock, 'monotonicMs'>;
    readonly log: Logger;
    /** The stream must end. */
    readonly onEnd: (reason: DisconnectReason) => void;
  }) {
    this.#ingest = options.ingest;
    this.#history = options.history;
    this.#health = new ShownHealth(options.history);
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onEnd = options.onEnd;
    this.#startedMs = options.clock.monotonicMs();
  }

  /** As the API tells it. */
  get health(): StreamHealth {
    return this.#health.current;
  }

  /** Its first picture is there. Before that there is nothing to starve. */
  wentLive(): void {
    this.#isLive = true;
  }

  /** Once a second. */
  tick({ isPublishing }: { readonly isPublishing: boolean }): void {
    this.#ingest.sample();
    if (this.#ingest.isSilent) this.#onEnd('idle-timeout');
    else if (this.#clock.monotonicMs() - this.#startedMs >= MAX_DURATION_MS) {
      this.#onEnd('duration-limit');
    } else {
      if (isPublishing) this.#show(this.#ingest.judge());
      this.#history.ingests(this.#ingest.takeMeasured());
      for (const { name, text } of this.#ingest.warnings()) this.#log.warn({ warning: name }, text);
      const breach = this.#ingest.breach();
      if (breach) this.breached(breach);
    }
  }

  /** IVS tells of the breach, marks the session, and disconnects. */
  breached(breach: LimitBreach): void {
    this.#history.breached(breach);
    this.#onEnd('ingest-limit');
  }

  /** The encoder's connection is gone: no frame will come. */
  disconnected(): void {
    this.#show(this.#ingest.disconnected());
  }

  #show(health: StreamHealth): void {
    if (this.#isLive) this.#health.show(health);
  }
}
