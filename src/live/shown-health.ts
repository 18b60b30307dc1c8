import type { StreamHealth } from '../domain/stream-session.ts';
import type { SessionHistory } from './session-history.ts';

/** A stream's health as the API tells it. Its history has when starvation began, and when it was over. */
export class ShownHealth {
  readonly #history: Pick<SessionHistory, 'happened'>;
  #health: StreamHealth = 'UNKNOWN';

  constructor(history: Pick<SessionHistory, 'happened'>) {
    this.#history = history;
  }

  get current(): StreamHealth {
    return this.#health;
  }

  show(health: StreamHealth): void {
    if (health === this.#health) return;
    const wasStarving = this.#health === 'STARVING';
    this.#health = health;
    if (health === 'STARVING') this.#history.happened('Starvation Start');
    else if (wasStarving) this.#history.happened('Starvation End');
  }
}
