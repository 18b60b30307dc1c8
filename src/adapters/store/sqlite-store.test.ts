import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import type { ChannelRecord } from '../../domain/channel.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { StoreError } from './store-error.ts';
import { channelOf, eventAt, sessionOf, storedChannel, streamKeyOf } from './store-fixtures.ts';
import { type StoreBed, testStore } from './store-suite.ts';

const NO_LIMIT = 1_000_000;

async function makeDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'ivory-store-'));
  return {
    path,
    database: join(path, 'ivory.db'),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

testStore('SQLite', async (): Promise<StoreBed> => {
  const directory = await makeDirectory();
  return {
    async open() {
      const store = await openSqliteStore(directory.database);
      await store.moveOut();
      return store;
    },
    [Symbol.asyncDispose]: directory[Symbol.asyncDispose],
  };
});

/** Another process that creates the channel `childChannel`, says so, and stays until it is killed. */
async function startChild(database: string): Promise<ChildProcess> {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const script = `
    import { openSqliteStore } from ${module('./sqlite-store.ts')};
    import { channelOf, streamKeyOf } from ${module('./store-fixtures.ts')};
    const { controlStore } = await openSqliteStore(${JSON.stringify(database)});
    const channel = channelOf('childChannel');
    await controlStore.createChannel(channel, streamKeyOf(channel), 10);
    process.stdout.write('created');
    setInterval(() => controlStore, 60_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('openSqliteStore()', () => {
  test('finds what was acknowledged right before a kill -9, and is not held up by the dead', async () => {
    await using directory = await makeDirectory();
    await kill(await startChild(directory.database));

    await using store = await openSqliteStore(directory.database);

    const channel = channelOf('childChannel');
    assert.deepEqual(await store.controlStore.getChannel(channel.arn), channel);
    const key = streamKeyOf(channel);
    assert.deepEqual(await store.controlStore.getStreamKey(key.arn), key);
  });

  test('refuses a database that another process has open', async () => {
    await using directory = await makeDirectory();
    const child = await startChild(directory.database);
    try {
      await assert.rejects(openSqliteStore(directory.database), {
        name: 'StoreError',
        message: `cannot open the database ${directory.database}: another Ivory is using it`,
      });
    } finally {
      await kill(child);
    }
  });

  test('refuses a database that this process has open, whose lock outlives the attempt', async () => {
    await using directory = await makeDirectory();
    await using _store = await openSqliteStore(directory.database);
    await assert.rejects(openSqliteStore(directory.database), StoreError);
    await assert.rejects(openSqliteStore(directory.database), StoreError);
  });

  test('refuses a database that a newer version has changed', async () => {
    await using directory = await makeDirectory();
    await (await openSqliteStore(directory.database))[Symbol.asyncDispose]();
    const database = new DatabaseSync(directory.database);
    database.exec("insert into kysely_migration values ('9999-future', '2030-01-01T00:00:00Z')");
    database.close();

    await assert.rejects(openSqliteStore(directory.database), {
      name: 'StoreError',
      message: `cannot bring the database ${directory.database} up to date: a newer version of Ivory has changed it (9999-future)`,
    });
  });

  test('brings a database of an older version up to date, with the events that are in it', async () => {
    await using directory = await makeDirectory();
    const event = eventAt(1_700_000_000_000, 'Session Created');
    let channel: ChannelRecord;
    {
      await using store = await openSqliteStore(directory.database);
      channel = await storedChannel(store, 'older');
      await store.sessionLog.createSession(sessionOf(channel, 'st-older'), event);
    }
    const database = new DatabaseSync(directory.database);
    database.exec(`drop table event_sequence; drop table outbox_event;
      drop table event_target; drop table event_dead_letter;
      drop table metric_seconds; drop table metric_minute; drop table metric_series;
      drop table used_playback_token;
      alter table stream_event drop column detail;
      delete from kysely_migration where name >= '0003-event-details'`);
    database.close();

    await using store = await openSqliteStore(directory.database);

    const failure = { name: 'Stream Failure', timeMs: event.timeMs, reason: 'a reason' } as const;
    await store.sessionLog.appendEvents('st-older', [failure]);
    const session = await store.controlStore.getStreamSession(channel.arn, 'st-older');
    assert.deepEqual(session?.events, [failure, event]);
  });

  // A full disk at the first start was "cannot bring the database up to date", and nothing else.
  test('says which database can not be brought up to date, and why', async () => {
    await using directory = await makeDirectory();
    const database = new DatabaseSync(directory.database);
    database.exec('create table channel (arn text)');
    database.close();
    await assert.rejects(openSqliteStore(directory.database), {
      name: 'StoreError',
      message: `cannot bring the database ${directory.database} up to date: table "channel" already exists`,
    });
  });

  test('refuses a file that is not a database and a directory that is not there', async () => {
    await using directory = await makeDirectory();
    await writeFile(directory.database, 'text '.repeat(1_000));
    await assert.rejects(openSqliteStore(directory.database), {
      name: 'StoreError',
      message: `cannot open the database ${directory.database}: file is not a database`,
    });
    await assert.rejects(openSqliteStore(join(directory.path, 'none', 'ivory.db')), {
      name: 'StoreError',
      message: /unable to open database file/,
    });
  });

  test('keeps its files from other users, and leaves no log behind after closing', async () => {
    await using directory = await makeDirectory();
    await chmod(directory.path, 0o755);
    const store = await openSqliteStore(directory.database);
    for (const file of ['ivory.db', 'ivory.db-wal', 'ivory.db-shm', 'ivory.db-lock']) {
      const { mode } = await stat(join(directory.path, file));
      assert.equal(mode & 0o077, 0, file);
    }
    await store[Symbol.asyncDispose]();
    assert.deepEqual((await readdir(directory.path)).toSorted(), ['ivory.db', 'ivory.db-lock']);
  });

  test('moves to its threads between two writes, with all that was written', async () => {
    await using directory = await makeDirectory();
    await using store = await openSqliteStore(directory.database);
    const channel = channelOf('moved');
    await store.controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    const append = () =>
      store.controlStore.updateChannel(channel.arn, (current) => ({
        ...current,
        name: `${current.name}+`,
      }));

    await Promise.all([append(), append(), store.moveOut(), append(), append()]);

    // Nobody has written since, and the log may be gone: the reader alone.
    const moved = await store.controlStore.getChannel(channel.arn);
    assert.equal(moved?.name, `${channel.name}++++`);
  });

  test('is read first after it has moved to its threads, and sees what is written then', async () => {
    await using directory = await makeDirectory();
    const channel = channelOf('read-first');
    await using store = await openSqliteStore(directory.database);
    await store.moveOut();
    assert.equal(await store.controlStore.getChannel(channel.arn), undefined);
    await store.controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    assert.deepEqual(await store.controlStore.getChannel(channel.arn), channel);
  });

  test('leaves the event loop free while 2,000 writes run', async () => {
    await using directory = await makeDirectory();
    await using store = await openSqliteStore(directory.database);
    await store.moveOut();
    const channel = channelOf('busy');
    await store.controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);

    const writes = Promise.all(
      Array.from({ length: 2_000 }, (_, n) =>
        store.controlStore.updateChannel(channel.arn, (current) => ({ ...current, name: `${n}` })),
      ),
    );
    const gapsMs = await loopGapsUntil(writes);

    // The 99th percentile, because other processes on a busy machine take the rest.
    const p99Ms = gapsMs[Math.floor(gapsMs.length * 0.99)];
    assert.ok(p99Ms !== undefined && p99Ms < 10, `the loop stood still for ${p99Ms} ms`);
  });
});

/** Milliseconds between the turns of the event loop until `work` is done, shortest first. */
async function loopGapsUntil(work: Promise<unknown>): Promise<readonly number[]> {
  let isDone = false;
  const finished = work.finally(() => {
    isDone = true;
  });
  const gapsMs: number[] = [];
  let lastMs = performance.now();
  while (!isDone) {
    await new Promise(setImmediate);
    const nowMs = performance.now();
    gapsMs.push(nowMs - lastMs);
    lastMs = nowMs;
  }
  await finished;
  return gapsMs.toSorted((a, b) => a - b);
}
