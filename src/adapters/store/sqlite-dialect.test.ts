import assert from 'node:assert/strict';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Kysely, sql } from 'kysely';
import { type LogFields, silentLogger } from '../../lib/logger.ts';
import { SqliteThreadDialect } from './sqlite-dialect.ts';
import type { SqliteRequest, SqliteRole } from './sqlite-protocol.ts';
import { SqliteError, SqliteThread } from './sqlite-thread.ts';
import { StoreError } from './store-error.ts';

interface Notes {
  note: { id: number; text: string };
}

/** A database with one table, and connections to it. */
async function makeNotes() {
  const resources = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'ivory-dialect-'));
  resources.defer(() => rm(directory, { recursive: true }));
  const path = join(directory, 'notes.db');
  const errors: string[] = [];
  const log = {
    ...silentLogger,
    error: ({ role }: LogFields, message: string) => errors.push(`${role}: ${message}`),
  };
  const connect = (role: SqliteRole) => {
    const location = { path, role };
    const thread = resources.adopt(new SqliteThread(location, { log }), (opened) => opened.close());
    thread.moveOut();
    return { thread, db: new Kysely<Notes>({ dialect: new SqliteThreadDialect(thread) }) };
  };
  const writer = connect('writer');
  await sql`create table note (id integer primary key, text text not null)`.execute(writer.db);
  return { path, errors, writer, connect, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

const write = (db: Kysely<Notes>, id: number, text: string) =>
  db.insertInto('note').values({ id, text }).execute();
const readIds = async (db: Kysely<Notes>) =>
  (await db.selectFrom('note').select('id').orderBy('id').execute()).map(({ id }) => id);

test('a read does not wait for a write transaction, and sees what was committed', async () => {
  await using notes = await makeNotes();
  const { db } = notes.writer;
  const reader = notes.connect('reader');

  await db.transaction().execute(async (transaction) => {
    await transaction.insertInto('note').values({ id: 1, text: 'a' }).execute();
    assert.deepEqual(await readIds(reader.db), []);
  });

  assert.deepEqual(await readIds(reader.db), [1]);
});

test('a read transaction sees one moment', async () => {
  await using notes = await makeNotes();
  const reader = notes.connect('reader');
  await reader.db
    .transaction()
    .setAccessMode('read only')
    .execute(async (transaction) => {
      assert.deepEqual(await readIds(transaction), []);
      await write(notes.writer.db, 1, 'a');
      assert.deepEqual(await readIds(transaction), []);
    });
  assert.deepEqual(await readIds(reader.db), [1]);
});

test('a reader cannot write', async () => {
  await using notes = await makeNotes();
  const reader = notes.connect('reader');
  await assert.rejects(write(reader.db, 1, 'a'), SqliteError);
});

test('queries from outside wait until a transaction is over', async () => {
  await using notes = await makeNotes();
  const { db } = notes.writer;
  const transaction = db.transaction().execute(async (inside) => {
    await write(inside, 1, 'a');
    throw new Error('changed my mind');
  });
  const outside = write(db, 2, 'b');
  await assert.rejects(transaction, /changed my mind/);
  await outside;
  assert.deepEqual(await readIds(db), [2]);
});

test('a full database fails the transaction by its own reason, and the next one works', async () => {
  await using notes = await makeNotes();
  const { db } = notes.writer;
  await sql`pragma max_page_count = 20`.execute(db);
  const filling = db.transaction().execute(async (transaction) => {
    for (let id = 1; id <= 100; id += 1) await write(transaction, id, 'x'.repeat(4_000));
  });
  await assert.rejects(filling, /database or disk is full/);
  await write(db, 1, 'fits');
  assert.deepEqual(await readIds(db), [1]);
});

test('statements beyond the cache are compiled anew', async () => {
  await using notes = await makeNotes();
  const { db } = notes.writer;
  await write(db, 1, 'a');
  for (let round = 0; round < 2; round += 1) {
    for (let n = 1; n <= 250; n += 1) {
      const query = db.selectFrom('note').select('id').where('id', 'in', Array(n).fill(1));
      assert.deepEqual(await query.execute(), [{ id: 1 }]);
    }
  }
});

test('a thread answers what was asked before it was closed, and refuses the rest', async () => {
  await using notes = await makeNotes();
  const { thread } = notes.writer;
  const query = { kind: 'query', sql: 'select 1 as one', parameters: [] } as const;
  const before = thread.request(query);
  const closing = thread.close();
  assert.deepEqual(await before, { rows: [{ one: 1 }] });
  await closing;
  await thread.close();
  await assert.rejects(thread.request(query), StoreError);
});

test('a thread that rests loses nothing, and goes on with the next request', async () => {
  await using notes = await makeNotes();
  const { thread, db } = notes.writer;
  await write(db, 1, 'a');
  await Promise.all([thread.rest(), thread.rest()]);
  await write(db, 2, 'b');
  assert.deepEqual(await readIds(db), [1, 2]);
});

test('a thread whose database can not be opened for a while says so, and goes on when it can', async () => {
  await using notes = await makeNotes();
  await write(notes.writer.db, 1, 'a');
  const { thread, db } = notes.connect('reader');
  await Promise.all([thread.rest(), notes.writer.thread.rest()]);
  const { path } = notes;
  await rename(path, `${path}-away`);
  await assert.rejects(readIds(db), SqliteError);
  await rename(`${path}-away`, path);
  assert.deepEqual(await readIds(db), [1]);
});

const { postMessage } = Worker.prototype;

test('a thread whose worker ends by itself loses that turn, and goes on with the next', async (t) => {
  await using notes = await makeNotes();
  const { thread, db } = notes.writer;
  await write(db, 1, 'a');
  const workers = new Set<Worker>();
  t.mock.method(Worker.prototype, 'postMessage', function (this: Worker, message: unknown) {
    workers.add(this);
    return postMessage.call(this, message);
  });
  const lost = db.transaction().execute(async (transaction) => {
    await write(transaction, 2, 'b');
    await Promise.all([...workers].map((worker) => worker.terminate()));
    await write(transaction, 3, 'c');
  });
  const meanwhile = write(db, 4, 'd');
  await assert.rejects(lost, { name: 'StoreError', message: 'the database thread ended' });
  await meanwhile;
  assert.deepEqual(await readIds(db), [1, 4], 'and nothing of the transaction is left');
  await Promise.all([...workers].map((worker) => worker.terminate()));
  assert.deepEqual(await readIds(db), [1, 4], 'nor does an end between two turns matter');
  await thread.close();
  const line =
    'writer: a database thread ended, and what it was doing failed; the next request begins another one';
  assert.deepEqual(notes.errors, [line, line], 'an end that was asked for is not told');
});

test('a thread never rests within a transaction, however short its patience', async () => {
  await using notes = await makeNotes();
  const db = new Kysely<Notes>({ dialect: new SqliteThreadDialect(notes.writer.thread, 1) });
  for (let id = 1; id <= 20; id += 2) {
    await db.transaction().execute(async (transaction) => {
      await write(transaction, id, 'a');
      // Longer than its patience: it fires, and waits for its turn.
      await new Promise((resolve) => setTimeout(resolve, 2));
      await write(transaction, id + 1, 'b');
    });
  }
  assert.equal((await readIds(db)).length, 20);
});

test('a thread that was sent what cannot be cloned goes on with the right replies', async () => {
  await using notes = await makeNotes();
  const { thread } = notes.writer;
  const bad = {
    kind: 'query',
    sql: 'select ?',
    parameters: [() => {}],
  } as unknown as SqliteRequest;
  await assert.rejects(thread.request(bad), { name: 'DataCloneError' });
  const reply = await thread.request({ kind: 'query', sql: 'select 2 as two', parameters: [] });
  assert.deepEqual(reply.rows, [{ two: 2 }]);
});
