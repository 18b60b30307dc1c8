import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { KEPT_TABLES, ROOT_TABLES } from './delete-everything.ts';
import { openSqliteStore } from './sqlite-store.ts';

test('deleteEverything() names every table, or one whose rows take it along, but those it keeps', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'ivory-delete-everything-'));
  t.after(() => rm(directory, { recursive: true }));
  const path = join(directory, 'ivory.db');
  await (await openSqliteStore(path))[Symbol.asyncDispose]();
  using database = new DatabaseSync(path);
  const tables = database
    .prepare("select name from sqlite_master where type = 'table' and name not like 'kysely_%'")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !name.startsWith('sqlite_'));
  const emptied = new Set<string>([...ROOT_TABLES, ...KEPT_TABLES]);
  for (const table of tables) {
    const parents = database.prepare('select * from pragma_foreign_key_list(?)').all(table);
    if (parents.some(({ on_delete }) => on_delete === 'CASCADE')) emptied.add(table);
  }
  assert.deepEqual(
    tables.filter((table) => !emptied.has(table)),
    [],
  );
});
