import { sql, type Transaction } from 'kysely';
import type { Tenant } from '../../domain/tenant.ts';
import type { KeptMetric } from '../../metrics/catalog.ts';
import type {
  MetricStore,
  SecondsRun,
  SeriesKey,
  SeriesMinute,
  SeriesPage,
  TimeRange,
} from '../../metrics/ports.ts';
import type { TimedStatistics } from '../../metrics/statistics.ts';
import { type Database, inWriteTransaction } from './database.ts';
import type { Schema } from './schema.ts';

/** Rows of one statement, and nearly always as many: statements of one length are compiled once. */
const BATCH_SIZE = 50;
/** Rows that are deleted in one transaction: milliseconds, in which nothing else is written. */
const DELETED_AT_ONCE = 5000;

/** What was measured, in SQL. A minute of a series is a row, and its seconds another. */
export class SqlMetricStore implements MetricStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  append(minutes: readonly SeriesMinute[]): Promise<void> {
    return inWriteTransaction(this.#database, async (transaction) => {
      for (let at = 0; at < minutes.length; at += BATCH_SIZE) {
        await appendBatch(transaction, minutes.slice(at, at + BATCH_SIZE));
      }
    });
  }

  async readMinutes(
    key: SeriesKey,
    { fromMs, toMs }: TimeRange,
    periodMs: number,
  ): Promise<readonly TimedStatistics[]> {
    const rows = await this.#database.reads
      .selectFrom('metric_series')
      .innerJoin('metric_minute', 'metric_minute.series_id', 'metric_series.id')
      .select(({ fn }) => [
        sql<number>`start_ms - (start_ms - ${fromMs}) % ${periodMs}`.as('period_ms'),
        fn.sum<number>('sample_count').as('sample_count'),
        fn.sum<number>('sum').as('sum'),
        fn.min('minimum').as('minimum'),
        fn.max('maximum').as('maximum'),
      ])
      .where(({ and }) => and(columnsOf(key)))
      .where('start_ms', '>=', fromMs)
      .where('start_ms', '<', toMs)
      .groupBy('period_ms')
      .orderBy('period_ms')
      .execute();
    return rows.map(({ period_ms: startMs, sample_count: sampleCount, sum, minimum, maximum }) => ({
      startMs,
      statistics: { sampleCount, sum, minimum, maximum },
    }));
  }

  async readSeconds(key: SeriesKey, { fromMs, toMs }: TimeRange): Promise<readonly SecondsRun[]> {
    const rows = await this.#database.reads
      .selectFrom('metric_series')
      .innerJoin('metric_seconds', 'metric_seconds.series_id', 'metric_series.id')
      .select(['start_ms', 'points'])
      .where(({ and }) => and(columnsOf(key)))
      .where('start_ms', '>=', fromMs)
      .where('start_ms', '<', toMs)
      .orderBy('start_ms')
      .execute();
    return rows.map(({ start_ms: startMs, points }) => ({ startMs, points }));
  }

  async listSeries(
    { accountId, region }: Tenant,
    { after, activeSinceMs, limit }: SeriesPage,
  ): Promise<readonly KeptMetric[]> {
    let query = this.#database.reads
      .selectFrom('metric_series')
      .select(['metric', 'dimensions'])
      .where('account_id', '=', accountId)
      .where('region', '=', region)
      .where('last_minute_ms', '>=', activeSinceMs);
    if (after) {
      query = query.where(({ and, or, eb }) =>
        or([
          eb('metric', '>', after.metric),
          and([eb('metric', '=', after.metric), eb('dimensions', '>', after.dimensions)]),
        ]),
      );
    }
    const rows = await query.orderBy('metric').orderBy('dimensions').limit(limit).execute();
    return rows as KeptMetric[];
  }

  async deleteBefore(
    limits: { readonly secondsMs: number; readonly minutesMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#deleteRows('metric_seconds', limits.secondsMs, signal);
    await this.#deleteRows('metric_minute', limits.minutesMs, signal);
    if (signal.aborted) return;
    await this.#database.writes
      .deleteFrom('metric_series')
      .where('last_minute_ms', '<', limits.minutesMs)
      .execute();
  }

  /** Some series at once: the primary keys find a series' oldest rows, and no other index is needed. */
  async #deleteRows(table: ValueTable, beforeMs: number, signal: AbortSignal): Promise<void> {
    const series = await this.#database.reads
      .selectFrom('metric_series')
      .select('id')
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom(table)
            .select('start_ms')
            .whereRef('series_id', '=', 'metric_series.id')
            .where('start_ms', '<', beforeMs),
        ),
      )
      .execute();
    for (let at = 0; at < series.length; at += BATCH_SIZE) {
      const ids = series.slice(at, at + BATCH_SIZE).map(({ id }) => id);
      let deleted = DELETED_AT_ONCE;
      while (deleted === DELETED_AT_ONCE && !signal.aborted) {
        deleted = await this.#deleteSome(table, ids, beforeMs);
      }
    }
  }

  async #deleteSome(table: ValueTable, ids: readonly number[], beforeMs: number): Promise<number> {
    const { numDeletedRows } = await this.#database.writes
      .deleteFrom(table)
      .where(({ eb, refTuple, selectFrom }) =>
        eb(
          refTuple('series_id', 'start_ms'),
          'in',
          selectFrom(table)
            .select(['series_id', 'start_ms'])
            .where('series_id', 'in', ids)
            .where('start_ms', '<', beforeMs)
            .limit(DELETED_AT_ONCE)
            .$asTuple('series_id', 'start_ms'),
        ),
      )
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  }
}

type ValueTable = 'metric_seconds' | 'metric_minute';

const columnsOf = ({ accountId, region, metric, dimensions }: SeriesKey) => ({
  account_id: accountId,
  region,
  metric,
  dimensions,
});

async function appendBatch(
  transaction: Transaction<Schema>,
  minutes: readonly SeriesMinute[],
): Promise<void> {
  const ids = await seriesIds(transaction, minutes);
  const idOf = ({ key }: SeriesMinute) => {
    const id = ids.get(nameOf(key.accountId, key.region, key.metric, key.dimensions));
    if (id === undefined) throw new Error(`cannot write a minute: no series for ${key.metric}`);
    return id;
  };
  await transaction
    .insertInto('metric_minute')
    .values(
      minutes.map((minute) => ({
        series_id: idOf(minute),
        start_ms: minute.startMs,
        sample_count: minute.statistics.sampleCount,
        sum: minute.statistics.sum,
        minimum: minute.statistics.minimum,
        maximum: minute.statistics.maximum,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['series_id', 'start_ms']).doUpdateSet(({ eb, ref, case: when }) => ({
        sample_count: eb('metric_minute.sample_count', '+', ref('excluded.sample_count')),
        sum: eb('metric_minute.sum', '+', ref('excluded.sum')),
        minimum: when()
          .when('excluded.minimum', '<', ref('metric_minute.minimum'))
          .then(ref('excluded.minimum'))
          .else(ref('metric_minute.minimum'))
          .end(),
        maximum: when()
          .when('excluded.maximum', '>', ref('metric_minute.maximum'))
          .then(ref('excluded.maximum'))
          .else(ref('metric_minute.maximum'))
          .end(),
      })),
    )
    .execute();
  const runs = minutes.flatMap((minute) =>
    minute.seconds
      ? { series_id: idOf(minute), start_ms: minute.seconds.startMs, points: minute.seconds.points }
      : [],
  );
  if (runs.length === 0) return;
  await transaction
    .insertInto('metric_seconds')
    .values(runs)
    .onConflict((conflict) =>
      // The minute began twice, the clock having been set back: of the same seconds, the longer story.
      conflict.columns(['series_id', 'start_ms']).doUpdateSet(({ ref, fn, case: when }) => ({
        points: when()
          .when(
            fn<number>('length', ['excluded.points']),
            '>',
            fn<number>('length', ['metric_seconds.points']),
          )
          .then(ref('excluded.points'))
          .else(ref('metric_seconds.points'))
          .end(),
      })),
    )
    .execute();
}

async function seriesIds(
  transaction: Transaction<Schema>,
  minutes: readonly SeriesMinute[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await transaction
    .insertInto('metric_series')
    .values(
      minutes.map(({ key, startMs }) => ({
        ...columnsOf(key),
        last_minute_ms: startMs,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['account_id', 'region', 'metric', 'dimensions'])
        .doUpdateSet(({ ref }) => ({ last_minute_ms: ref('excluded.last_minute_ms') })),
    )
    .returning(['id', 'account_id', 'region', 'metric', 'dimensions'])
    .execute();
  return new Map(
    rows.map((row) => [nameOf(row.account_id, row.region, row.metric, row.dimensions), row.id]),
  );
}

const nameOf = (...parts: readonly string[]): string => parts.join(' ');
