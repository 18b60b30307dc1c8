import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  limitBreachEvent,
  type StreamEvent,
  TRANSCODE_CAPACITY_EXCEEDED,
} from '../../domain/events.ts';
import type { Store } from './sqlite-store.ts';
import {
  channelOf,
  eventAt,
  INGEST,
  sessionOf,
  storedChannel,
  streamKeyOf,
} from './store-fixtures.ts';

const NO_LIMIT = 1_000_000;
const DAY_MS = 86_400_000;
const T0 = 1_700_000_000_000;

export function testSessions(theStore: () => Store): void {
  test('getStreamSession() shows a whole session, its events newest first', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'onAir', { tags: { snapshot: 'yes' } });
    const session = sessionOf(channel, 'st-whole');

    const written = [
      sessionLog.createSession(session, eventAt(T0, 'Session Created')),
      sessionLog.setIngestConfiguration('st-whole', INGEST),
      sessionLog.appendEvents('st-whole', [
        eventAt(T0 + 1_000, 'Stream Start'),
        eventAt(T0 + 2_000, 'Starvation Start'),
      ]),
      sessionLog.appendEvents('st-whole', []),
      sessionLog.endSession('st-whole', T0 + 4_000, [
        { name: 'Stream Failure', timeMs: T0 + 3_000, code: 'StreamTakeoverMediaMismatch' },
        eventAt(T0 + 4_000, 'Session Ended'),
      ]),
    ];
    await Promise.all(written);

    const expected = {
      ...session,
      startTimeMs: T0 + 1_000,
      endTimeMs: T0 + 4_000,
      hasErrorEvent: true,
      ingest: INGEST,
      events: [
        eventAt(T0 + 4_000, 'Session Ended'),
        { name: 'Stream Failure', timeMs: T0 + 3_000, code: 'StreamTakeoverMediaMismatch' },
        eventAt(T0 + 2_000, 'Starvation Start'),
        eventAt(T0 + 1_000, 'Stream Start'),
        eventAt(T0, 'Session Created'),
      ],
    };
    assert.deepEqual(await controlStore.getStreamSession(channel.arn, 'st-whole'), expected);
    assert.equal(await controlStore.getStreamSession(channel.arn, 'st-other'), undefined);
    const other = channelOf('offAir').arn;
    assert.equal(await controlStore.getStreamSession(other, 'st-whole'), undefined);
    assert.equal(await controlStore.hasStreamSessions(channel.arn), true);
    assert.equal(await controlStore.hasStreamSessions(other), false);
  });

  test('getStreamSession() shows events with every member, and which of them are errors', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'breached');
    const changes: StreamEvent[] = [
      eventAt(T0, 'Starvation Start'),
      { name: 'Session Ended', timeMs: T0, code: 'MultitrackInputRequired' },
    ];
    const errors: StreamEvent[] = [
      { name: 'Stream Failure', timeMs: T0, reason: TRANSCODE_CAPACITY_EXCEEDED },
      { name: 'Stream Failure', timeMs: T0, code: 'a code', reason: 'a reason' },
      limitBreachEvent(
        {
          limitName: 'Ingest Bitrate',
          limitValue: 8_500_000,
          exceededBy: 1_000_000,
          limitUnit: 'bits per second',
        },
        T0,
      ),
    ];
    for (const [n, event] of [...changes, ...errors].entries()) {
      const session = sessionOf(channel, `st-breached${n}`);
      await sessionLog.createSession(session, eventAt(T0, 'Session Created'));
      await sessionLog.appendEvents(session.streamId, [event]);
      const shown = await controlStore.getStreamSession(channel.arn, session.streamId);
      assert.deepEqual(shown?.events[0], event);
      assert.equal(shown?.hasErrorEvent, errors.includes(event), event.name);
    }
  });

  test('getStreamSession() shows the newest session where none is named, without members it lacks', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'twice');
    for (const [streamId, startTimeMs] of [
      ['st-n1', T0],
      ['st-n2', T0 + 5],
    ] as const) {
      const session = sessionOf(channel, streamId, { startTimeMs });
      await sessionLog.createSession(session, eventAt(startTimeMs, 'Session Created'));
    }
    const newest = await controlStore.getStreamSession(channel.arn, undefined);
    assert.deepEqual(newest, {
      ...sessionOf(channel, 'st-n2', { startTimeMs: T0 + 5 }),
      events: [eventAt(T0 + 5, 'Session Created')],
    });
  });

  test('getStreamSession() shows the 500 newest events', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'eventful');
    const session = sessionOf(channel, 'st-eventful');
    await sessionLog.createSession(session, eventAt(T0, 'Session Created'));
    for (let batch = 0; batch < 6; batch += 1) {
      const events = Array.from({ length: 100 }, (_, n) =>
        eventAt(T0 + batch * 100 + n, n % 2 ? 'Starvation End' : 'Starvation Start'),
      );
      await sessionLog.appendEvents('st-eventful', events);
    }
    const shown = await controlStore.getStreamSession(channel.arn, 'st-eventful');
    assert.deepEqual(
      shown?.events.map(({ timeMs }) => timeMs),
      Array.from({ length: 500 }, (_, n) => T0 + 599 - n),
    );
  });

  test('appendEvents() and endSession() refuse a session that is not there', async () => {
    const { sessionLog } = theStore();
    await assert.rejects(sessionLog.appendEvents('st-none', [eventAt(T0, 'Stream Start')]), {
      name: 'SessionGone',
    });
    await assert.rejects(sessionLog.endSession('st-none', T0, []), { name: 'SessionGone' });
  });

  test('a failed call does not hold up the ones after it', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'afterFailure');
    const created = eventAt(T0, 'Session Created');
    const failed = sessionLog.appendEvents('st-late', [created]);
    const succeeded = sessionLog.createSession(sessionOf(channel, 'st-late'), created);
    await assert.rejects(failed);
    await succeeded;
    assert.ok(await controlStore.getStreamSession(channel.arn, 'st-late'));
  });

  test('listStreamSessions() shows newest first, page by page, none that ended before the horizon', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'history');
    for (let day = 0; day < 5; day += 1) {
      const startTimeMs = T0 + day * DAY_MS;
      const session = sessionOf(channel, `st-day${day}`, { startTimeMs });
      await sessionLog.createSession(session, eventAt(startTimeMs, 'Session Created'));
      if (day < 4) await sessionLog.endSession(session.streamId, startTimeMs + 1_000, []);
    }
    const horizon = { notEndedBeforeMs: T0 + DAY_MS + 1_000 };
    const first = await controlStore.listStreamSessions(channel.arn, { limit: 2, ...horizon });
    const second = await controlStore.listStreamSessions(channel.arn, {
      limit: 2,
      ...(first.next && { after: first.next }),
      ...horizon,
    });
    assert.deepEqual(
      first.items.map(({ streamId }) => streamId),
      ['st-day4', 'st-day3'],
    );
    assert.deepEqual(
      second.items.map(({ streamId }) => streamId),
      ['st-day2', 'st-day1'],
    );
    assert.equal(second.next, undefined);
  });

  test('createSession() refuses a channel that is not what it was, but for its tags', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'moved', { tags: { a: 'b' } });
    const created = eventAt(T0, 'Session Created');
    const begin = (id: string) => sessionLog.createSession(sessionOf(channel, id), created);
    await controlStore.updateChannel(channel.arn, (now) => ({ ...now, tags: { c: 'd' } }));
    await begin('st-same');
    const { tags } = (await controlStore.getChannel(channel.arn))!;
    assert.deepEqual(tags, { c: 'd' });
    await controlStore.updateChannel(channel.arn, (now) => ({ ...now, authorized: true }));
    await assert.rejects(begin('st-updated'), {
      name: 'ChannelChanged',
      message: 'cannot begin session st-updated: its channel was changed',
    });
    await controlStore.deleteChannel(channel.arn);
    await assert.rejects(begin('st-deleted'), {
      name: 'ChannelChanged',
      message: 'cannot begin session st-deleted: its channel is not there any more',
    });
    const sessions = await controlStore.listStreamSessions(channel.arn, {
      limit: 10,
      notEndedBeforeMs: 0,
    });
    assert.equal(sessions.items.length, 1);
  });

  test('a session starts when its stream does', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'slowly');
    await sessionLog.createSession(sessionOf(channel, 'st-slowly'), eventAt(T0, 'Session Created'));
    const startTimeMs = async () =>
      (await controlStore.getStreamSession(channel.arn, 'st-slowly'))?.startTimeMs;
    assert.equal(await startTimeMs(), T0);
    await sessionLog.appendEvents('st-slowly', [eventAt(T0 + 20_000, 'Stream Start')]);
    await sessionLog.appendEvents('st-slowly', [eventAt(T0 + 30_000, 'Starvation Start')]);
    assert.equal(await startTimeMs(), T0 + 20_000);
  });

  test('sessions survive their channel, with its snapshot', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = channelOf('mortal', { name: 'as it was' });
    await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    const session = sessionOf(channel, 'st-mortal');
    await sessionLog.createSession(session, eventAt(T0, 'Session Created'));

    await controlStore.deleteChannel(channel.arn);

    const shown = await controlStore.getStreamSession(channel.arn, 'st-mortal');
    assert.deepEqual(shown?.channel, channel);
  });

  test('deleteSessionsEndedBefore() forgets old sessions with their events, however many', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = await storedChannel(theStore(), 'forgetful');
    const longAgo = T0 - 100 * DAY_MS;
    await Promise.all(
      Array.from({ length: 510 }, async (_, n) => {
        const session = sessionOf(channel, `st-old${n}`, { startTimeMs: longAgo });
        await sessionLog.createSession(session, eventAt(longAgo, 'Session Created'));
        await sessionLog.endSession(session.streamId, longAgo + 1_000, []);
      }),
    );
    const open = sessionOf(channel, 'st-open', { startTimeMs: longAgo });
    await sessionLog.createSession(open, eventAt(longAgo, 'Session Created'));

    assert.equal(await sessionLog.deleteSessionsEndedBefore(longAgo + 1_000), 0);
    assert.equal(await sessionLog.deleteSessionsEndedBefore(longAgo + 1_001), 510);

    const page = { limit: 1_000, notEndedBeforeMs: 0 };
    const { items } = await controlStore.listStreamSessions(channel.arn, page);
    assert.deepEqual(items, [open]);
  });
}
