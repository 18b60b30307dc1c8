import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const metrics: Migration = { up };

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('metric_series')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('account_id', 'text', (column) => column.notNull())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('metric', 'text', (column) => column.notNull())
    .addColumn('dimensions', 'text', (column) => column.notNull())
    .addColumn('last_minute_ms', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('metric_series_name', ['account_id', 'region', 'metric', 'dimensions'])
    .execute();
  await schema
    .createTable('metric_minute')
    .addColumn('series_id', 'integer', (column) =>
      column.notNull().references('metric_series.id').onDelete('cascade'),
    )
    .addColumn('start_ms', 'bigint', (column) => column.notNull())
    .addColumn('sample_count', 'double precision', (column) => column.notNull())
    .addColumn('sum', 'double precision', (column) => column.notNull())
    .addColumn('minimum', 'double precision', (column) => column.notNull())
    .addColumn('maximum', 'double precision', (column) => column.notNull())
    .addPrimaryKeyConstraint('metric_minute_primary_key', ['series_id', 'start_ms'])
    .execute();
  await schema
    .createTable('metric_seconds')
    .addColumn('series_id', 'integer', (column) =>
      column.notNull().references('metric_series.id').onDelete('cascade'),
    )
    .addColumn('start_ms', 'bigint', (column) => column.notNull())
    .addColumn('points', 'blob', (column) => column.notNull())
    .addPrimaryKeyConstraint('metric_seconds_primary_key', ['series_id', 'start_ms'])
    .execute();
}
