import type { DataDirectory } from '../adapters/data-directory.ts';
import type { Store } from '../adapters/store/sqlite-store.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';

/** What every part of the composition root stands on. */
export interface Foundation {
  readonly config: Config;
  readonly directory: DataDirectory;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** Closes what the part opens, in the reverse order. */
  readonly resources: AsyncDisposableStack;
}
