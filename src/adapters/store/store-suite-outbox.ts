import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newAdBreak } from '../../domain/ad-configuration.ts';
import { limitBreachEvent, type OutboxEvent } from '../../domain/events.ts';
import type { DeadLetter } from '../../events/ports.ts';
import type { Store } from './sqlite-store.ts';
import { eventAt, sessionOf, storedChannel } from './store-fixtures.ts';
import type { StoreBed } from './store-suite.ts';

const T0 = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const KEEP_ALL = {
  targets: [],
  recordedBeforeMs: 0,
  maxEvents: 1_000_000,
  maxWaitingEvents: 1_000_000,
  deadBeforeMs: 0,
  maxDeadLettersPerTarget: 1_000_000,
};

/** Starts a session, whose first event is in the outbox then. */
async function beginSession(store: Store, id: string): Promise<string> {
  const streamId = `st-${id}`;
  const channel = await storedChannel(store, id, { name: `name of ${id}` });
  const session = sessionOf(channel, streamId);
  await store.sessionLog.createSession(session, eventAt(T0, 'Session Created'));
  return streamId;
}

async function appendMany({ sessionLog }: Store, streamId: string, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, n) => eventAt(T0 + n, 'Starvation Start'));
  await sessionLog.appendEvents(streamId, events);
}

export function testOutbox(makeBed: () => Promise<StoreBed>): void {
  test('the outbox has every event in the order it was written, with whose it is', async () => {
    await using bed = await makeBed();
    await using store = await bed.open();
    const { sessionLog, outbox, controlStore } = store;
    const channel = await storedChannel(store, 'told', { name: 'Told' });
    let woken = 0;
    const stop = outbox.onAppended(() => woken++);
    await sessionLog.createSession(sessionOf(channel, 'st-told'), eventAt(T0, 'Session Created'));
    await sessionLog.appendEvents('st-told', [
      eventAt(T0 + 1, 'Stream Start'),
      eventAt(T0 + 2, 'Starvation Start'),
    ]);
    const breach = limitBreachEvent(
      {
        limitName: 'Concurrent Viewers',
        limitValue: 5,
        exceededBy: 1,
        limitUnit: 'viewers',
      },
      T0 + 3,
    );
    const tenant = { accountId: channel.accountId, region: channel.region };
    await sessionLog.appendAccountEvent(tenant, breach);
    const adBreak = newAdBreak(
      { id: 'break1', channelArn: channel.arn, streamId: 'st-told', durationSeconds: 30 },
      T0 + 4,
    );
    await controlStore.insertAdBreak(adBreak);
    assert.equal(await controlStore.insertAdBreak({ ...adBreak, id: 'break2' }), 'in-progress');
    const recording = {
      name: 'Recording Start',
      timeMs: T0 + 5,
      reason: '',
      bucketName: 'a',
      keyPrefix: 'b',
      durationMs: 0,
      recordingSessionId: 'c',
    } as const;
    for (let told = 0; told < 2; told++) {
      await sessionLog.appendRecordingEvent('st-told', recording, ['Recording Start']);
    }
    await sessionLog.endSession('st-told', T0 + 6, [eventAt(T0 + 6, 'Session Ended')]);
    await assert.rejects(sessionLog.appendEvents('st-none', [eventAt(T0, 'Stream Start')]));
    stop();
    await sessionLog.appendEvents('st-told', [eventAt(T0 + 7, 'Stream End')]);

    const events = await outbox.readAfter(0, 100);
    const ofChannel = { arn: channel.arn, name: 'Told', streamId: 'st-told' };
    assert.deepEqual(
      events.map(({ sequence, event, channel: whose }) => [sequence, event.name, whose]),
      [
        [1, 'Session Created', ofChannel],
        [2, 'Stream Start', ofChannel],
        [3, 'Starvation Start', ofChannel],
        [4, 'Concurrent Viewers', undefined],
        [5, 'Ad Break Inserted', ofChannel],
        [6, 'Recording Start', ofChannel],
        [7, 'Session Ended', ofChannel],
        [8, 'Stream End', ofChannel],
      ],
    );
    assert.deepEqual(events[3]?.event, breach);
    assert.deepEqual(events[5]?.event, recording);
    assert.ok(events.every(({ id }) => UUID.test(id)));
    assert.equal(new Set(events.map(({ id }) => id)).size, 8);
    assert.deepEqual(
      events.map(({ accountId, region }) => ({ accountId, region })),
      events.map(() => tenant),
    );
    assert.ok(woken >= 6);
    assert.equal(await outbox.newestSequence(), 8);
    assert.deepEqual(await outbox.readAfter(6, 1), [events[6]]);
    // The history has the same ones.
    const session = await controlStore.getStreamSession(channel.arn, 'st-told');
    assert.deepEqual(
      session?.events.toReversed(),
      events.filter(({ channel: whose }) => whose).map(({ event }) => event),
    );
  });

  test('sequences have no gaps, whatever fails and however many write at once', async () => {
    await using bed = await makeBed();
    await using store = await bed.open();
    const streams = await Promise.all(['a', 'b', 'c'].map((id) => beginSession(store, id)));
    await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) =>
        store.sessionLog.appendEvents(streams[n % 4] ?? 'st-none', [eventAt(T0, 'Stream Start')]),
      ),
    );
    const sequences = (await store.outbox.readAfter(0, 1000)).map(({ sequence }) => sequence);
    assert.deepEqual(
      sequences,
      Array.from({ length: 78 }, (_, n) => n + 1),
    );
  });

  test('events, cursors and ids are the same over a restart, and after a session is gone', async () => {
    await using bed = await makeBed();
    let before: readonly OutboxEvent[];
    {
      await using store = await bed.open();
      const streamId = await beginSession(store, 'restarted');
      assert.equal(await store.outbox.openTarget('hook'), 1, 'a new target begins now');
      await appendMany(store, streamId, 3);
      await store.sessionLog.endSession(streamId, T0, []);
      await store.outbox.saveCursors(new Map([['hook', 3]]));
      await store.outbox.saveCursors(new Map());
      before = await store.outbox.readAfter(0, 100);
    }
    await using store = await bed.open();
    await store.sessionLog.deleteSessionsEndedBefore(T0 + 1);
    assert.deepEqual(await store.outbox.readAfter(0, 100), before);
    assert.equal(await store.outbox.openTarget('hook'), 3);
    assert.equal(await store.outbox.openTarget('late'), 4);
  });

  test('endAbandonedSessions() tells of what it ends', async () => {
    await using bed = await makeBed();
    {
      await using store = await bed.open();
      const streamId = await beginSession(store, 'abandoned');
      await store.sessionLog.appendEvents(streamId, [eventAt(T0 + 1, 'Stream Start')]);
    }
    await using store = await bed.open();
    await store.sessionLog.endAbandonedSessions();
    const names = (await store.outbox.readAfter(2, 100)).map(({ event }) => event.name);
    assert.deepEqual(names, ['Stream End', 'Session Ended']);
  });

  test('trim() forgets what is old, but nothing that a target has not had', async () => {
    await using bed = await makeBed();
    await using store = await bed.open();
    const { outbox } = store;
    const streamId = await beginSession(store, 'old');
    await outbox.openTarget('slow');
    await outbox.openTarget('gone');
    await appendMany(store, streamId, 9);
    await outbox.saveCursors(new Map([['slow', 4]]));
    const sequences = async () => (await outbox.readAfter(0, 100)).map(({ sequence }) => sequence);
    const rules = { ...KEEP_ALL, targets: ['slow'] };

    await outbox.trim({ ...rules, recordedBeforeMs: Date.now() - DAY_MS });
    assert.equal((await sequences()).length, 10);
    await outbox.trim({ ...rules, recordedBeforeMs: Date.now() + DAY_MS });
    assert.deepEqual(await sequences(), [5, 6, 7, 8, 9, 10]);
    assert.equal(await outbox.openTarget('gone'), 10, 'it has missed some: it begins anew');
    await outbox.saveCursors(new Map([['slow', 6]]));
    await outbox.trim({ ...rules, maxEvents: 2 });
    assert.deepEqual(await sequences(), [7, 8, 9, 10], 'what a target lacks may be more');
    await outbox.saveCursors(new Map([['slow', 10]]));
    await outbox.trim({ ...rules, maxEvents: 3 });
    assert.deepEqual(await sequences(), [8, 9, 10], 'not more than so many that all have had');
    await outbox.saveCursors(new Map([['slow', 4]]));
    await outbox.trim({ ...rules, maxEvents: 1, maxWaitingEvents: 2 });
    assert.deepEqual(await sequences(), [9, 10], 'too many: whoever has not had them');
    assert.equal(await outbox.openTarget('slow'), 4);
    await outbox.trim({ ...rules, targets: [], recordedBeforeMs: Date.now() + DAY_MS });
    assert.deepEqual(await sequences(), []);
    await appendMany(store, streamId, 1);
    assert.deepEqual(await sequences(), [11], 'numbers are not given twice');
  });

  test('trim() forgets however many', async () => {
    await using bed = await makeBed();
    await using store = await bed.open();
    const streamId = await beginSession(store, 'many');
    for (let n = 0; n < 6; n++) await appendMany(store, streamId, 200);
    await store.outbox.trim({ ...KEEP_ALL, recordedBeforeMs: Date.now() + DAY_MS });
    assert.deepEqual(await store.outbox.readAfter(0, 10), []);
  });

  test('dead letters are listed page by page, replayed, removed and forgotten', async () => {
    await using bed = await makeBed();
    await using store = await bed.open();
    const { outbox } = store;
    await appendMany(store, await beginSession(store, 'dead'), 4);
    const events = await outbox.readAfter(0, 100);
    const letterOf = (
      target: string,
      n: number,
      changes: Partial<DeadLetter> = {},
    ): DeadLetter => ({
      target,
      event: events[n]!,
      reason: 'it answered 410',
      attempts: 5,
      failedAtMs: T0 + n,
      isReplaying: false,
      ...changes,
    });
    for (const letter of [letterOf('b', 0), letterOf('a', 2), letterOf('a', 1), letterOf('a', 3)]) {
      await outbox.addDeadLetters([letter]);
    }
    const again = letterOf('a', 2, { attempts: 10, reason: 'again' });
    await outbox.addDeadLetters([again]);

    const first = await outbox.listDeadLetters({}, { limit: 2 });
    assert.deepEqual(first, [letterOf('a', 1), again]);
    const after = { target: 'a', sequence: again.event.sequence };
    const second = await outbox.listDeadLetters({}, { limit: 9, after });
    assert.deepEqual(second, [letterOf('a', 3), letterOf('b', 0)]);
    assert.deepEqual(await outbox.listDeadLetters({ target: 'b' }, { limit: 9 }), [
      letterOf('b', 0),
    ]);
    const { id: eventId } = again.event;
    assert.deepEqual(await outbox.listDeadLetters({ eventId }, { limit: 9 }), [again]);
    assert.deepEqual(
      await outbox.countDeadLetters(),
      new Map([
        ['a', 3],
        ['b', 1],
      ]),
    );

    assert.equal(await outbox.replayDeadLetters({ target: 'a', eventId }), 1);
    assert.deepEqual(await outbox.lettersToReplay('a', 0, 9), [{ ...again, isReplaying: true }]);
    assert.equal(await outbox.replayDeadLetters({}), 4);
    assert.equal((await outbox.lettersToReplay('a', 0, 2)).length, 2);
    await outbox.removeDeadLetter('a', again.event.sequence);
    await outbox.addDeadLetters([letterOf('a', 1)]);
    await outbox.addDeadLetters([letterOf('a', 3)]);

    await outbox.trim({ ...KEEP_ALL, targets: ['b'], deadBeforeMs: T0 + 2 });
    assert.deepEqual(await outbox.listDeadLetters({}, { limit: 9 }), [
      letterOf('a', 3),
      letterOf('b', 0, { isReplaying: true }),
    ]);
    await outbox.trim({ ...KEEP_ALL, deadBeforeMs: T0 + 2 });
    assert.deepEqual(await outbox.listDeadLetters({ target: 'b' }, { limit: 9 }), []);
    await outbox.addDeadLetters([letterOf('a', 1)]);
    await outbox.trim({ ...KEEP_ALL, maxDeadLettersPerTarget: 1 });
    assert.deepEqual(await outbox.listDeadLetters({ target: 'a' }, { limit: 9 }), [
      letterOf('a', 3),
    ]);
  });

  test('deleteEverything() forgets events and dead letters, not how many there were', async () => {
    await using bed = await makeBed();
    await using store = await bed.open();
    const { outbox } = store;
    await beginSession(store, 'reset');
    await outbox.openTarget('hook');
    const [event] = await outbox.readAfter(0, 1);
    await outbox.addDeadLetters([
      {
        ...{ target: 'hook', event: event!, reason: 'a', attempts: 1 },
        ...{ failedAtMs: T0, isReplaying: false },
      },
    ]);
    await store.deleteEverything();
    assert.deepEqual(await outbox.readAfter(0, 10), []);
    assert.deepEqual(await outbox.listDeadLetters({}, { limit: 9 }), []);
    await beginSession(store, 'reset');
    assert.deepEqual(
      (await outbox.readAfter(0, 10)).map(({ sequence }) => sequence),
      [2],
    );
  });
}
