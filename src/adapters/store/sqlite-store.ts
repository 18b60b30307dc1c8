import { Kysely } from 'kysely';
import type { ResettableStore } from '../../control/emulator.ts';
import type { ControlStore } from '../../control/ports.ts';
import type { RecordedChannels } from '../../delivery/recording-access.ts';
import type { ChannelLocator, RecordingCatalog } from '../../delivery/watch-routes.ts';
import type { Outbox } from '../../events/ports.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Logger, silentLogger } from '../../lib/logger.ts';
import type { ChannelDirectory, SessionLog } from '../../live/ports.ts';
import type { MetricStore } from '../../metrics/ports.ts';
import type { RecordingHistory } from '../../recording/ports.ts';
import { systemClock } from '../system.ts';
import { SqlChannelDirectory } from './channel-directory.ts';
import { sqlControlStore } from './control-store.ts';
import type { Database } from './database.ts';
import { deleteEverything } from './delete-everything.ts';
import { SqlMetricStore } from './metric-store.ts';
import { migrate } from './migrate.ts';
import { SqlOutbox } from './outbox.ts';
import { type SqlPlaybackRecords, sqlPlaybackRecords } from './playback-records.ts';
import { SqlRecordingCatalog } from './recording-catalog.ts';
import type { Schema } from './schema.ts';
import { SqlSessionLog } from './session-log.ts';
import { SqliteThreadDialect } from './sqlite-dialect.ts';
import { lockDatabase } from './sqlite-lock.ts';
import { SqliteThread } from './sqlite-thread.ts';
import { StoreError } from './store-error.ts';

/** Everything durable. Disposing it finishes what was asked for and closes the database. */
export interface Store extends AsyncDisposable, ResettableStore {
  readonly controlStore: ControlStore;
  readonly sessionLog: SessionLog & RecordingHistory;
  readonly outbox: Outbox;
  readonly channelDirectory: ChannelDirectory & ChannelLocator;
  readonly playbackRecords: SqlPlaybackRecords;
  readonly recordingCatalog: RecordingCatalog & RecordedChannels;
  readonly metricStore: MetricStore;

  /**
   * To threads of its own, for which nothing waits. Until then, while Ivory starts and nothing is on air, the database is read and
   * written on the thread that opened it.
   */
  moveOut(): Promise<void>;
}

/** https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Opens the SQLite database in the file `path`, making it where there is none.
 *
 * @throws StoreError where another process has it open, it can't be read or written, or a newer Ivory has changed it
 */
export async function openSqliteStore(
  path: string,
  clock: Pick<Clock, 'nowMs'> = systemClock,
  log: Logger = silentLogger,
): Promise<Store> {
  await using opening = new AsyncDisposableStack();
  // Closed in reverse order, so that the writer is last and folds the log into the database.
  const lock = opening.use(attempt(path, () => lockDatabase(path)));
  const writer = attempt(path, () => new SqliteThread({ path, role: 'writer' }, { lock, log }));
  opening.defer(() => writer.close());
  const writes = kyselyOver(writer, opening);
  await bringUpToDate(path, writes);
  const reader = attempt(path, () => new SqliteThread({ path, role: 'reader' }, { log }));
  opening.defer(() => reader.close());
  const reads = kyselyOver(reader, opening);
  const database: Database = { reads, writes };

  const outbox = new SqlOutbox(database, clock);
  const sessionLog = new SqlSessionLog(database, outbox);
  opening.defer(() => sessionLog.drain());

  const resources = opening.move();
  return {
    controlStore: sqlControlStore(database, outbox),
    sessionLog,
    outbox,
    channelDirectory: new SqlChannelDirectory(database),
    playbackRecords: sqlPlaybackRecords(database),
    recordingCatalog: new SqlRecordingCatalog(database),
    metricStore: new SqlMetricStore(database),
    async deleteEverything() {
      await sessionLog.drain();
      await deleteEverything(database);
    },
    async moveOut() {
      // On the one connection that there is: not in the middle of a transaction.
      await writes.connection().execute(async () => writer.moveOut());
      await reads.connection().execute(async () => reader.moveOut());
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function attempt<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const isLocked = cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY;
    const reason = isLocked ? 'another Ivory is using it' : reasonOf(cause);
    throw new StoreError(`cannot open the database ${path}: ${reason}`, { cause });
  }
}

async function bringUpToDate(path: string, db: Kysely<Schema>): Promise<void> {
  try {
    await migrate(db);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new StoreError(`cannot bring the database ${path} up to date: ${reason}`, { cause });
  }
}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause);

function kyselyOver(thread: SqliteThread, resources: AsyncDisposableStack): Kysely<Schema> {
  const kysely = new Kysely<Schema>({ dialect: new SqliteThreadDialect(thread) });
  resources.defer(() => kysely.destroy());
  return kysely;
}
