import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ApiError } from '../../domain/errors.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Store } from './sqlite-store.ts';
import { channelOf, eventAt, INGEST, sessionOf, streamKeyOf } from './store-fixtures.ts';

/** An empty database of one dialect, to be opened again and again. */
export interface StoreBed extends AsyncDisposable {
  open(): Promise<Store>;
}

const NO_LIMIT = 1_000_000;
const DAY_MS = 86_400_000;
const T0 = 1_700_000_000_000;

/** What every dialect's store does. */
export function testStore(dialect: string, makeBed: () => Promise<StoreBed>): void {
  describe(`${dialect} store`, () => {
    let bed: StoreBed;
    let store: Store;
    before(async () => {
      bed = await makeBed();
      store = await bed.open();
    });
    after(async () => {
      await store[Symbol.asyncDispose]();
      await bed[Symbol.asyncDispose]();
    });

    testChannels(() => store);
    testStreamKeys(() => store);
    testTags(() => store);
    testSessions(() => store);
  });

  describe(`${dialect} store, opened again`, () => {
    testReopening(makeBed);
  });
}

function testChannels(theStore: () => Store): void {
  test('createChannel() keeps every member of the channel and its key', async () => {
    const { controlStore } = theStore();
    const channel = channelOf('complete', {
      name: 'näme_1-a',
      latencyMode: 'NORMAL',
      type: 'ADVANCED_HD',
      authorized: true,
      insecureIngest: true,
      preset: 'CONSTRAINED_BANDWIDTH_DELIVERY',
      containerFormat: 'FRAGMENTED_MP4',
      recordingConfigurationArn: 'arn:aws:ivs:us-west-2:123456789012:recording-configuration/r',
      playbackRestrictionPolicyArn:
        'arn:aws:ivs:us-west-2:123456789012:playback-restriction-policy/p',
      adConfigurationArn: 'arn:aws:ivs:us-west-2:123456789012:ad-configuration/a',
      multitrackInputConfiguration: { enabled: true, policy: 'REQUIRE', maximumResolution: 'HD' },
      tags: { team: 'ivory', __proto__0: '', 'ключ 🎥': 'значение' },
    });
    const streamKey = streamKeyOf(channel, { tags: { a: 'b' } });

    assert.equal(await controlStore.createChannel(channel, streamKey, NO_LIMIT), 'created');

    assert.deepEqual(await controlStore.getChannel(channel.arn), channel);
    assert.deepEqual(await controlStore.getStreamKey(streamKey.arn), streamKey);
  });

  test('createChannel() refuses the channel after the last of the quota, for each tenant apart', async () => {
    const { controlStore } = theStore();
    const create = (id: string, tenant: Tenant) => {
      const channel = channelOf(id, tenant);
      return controlStore.createChannel(channel, streamKeyOf(channel), 2);
    };
    const tenant = { accountId: '000000000001', region: 'eu-west-1' };

    const outcomes = await Promise.all(['q1', 'q2', 'q3'].map((id) => create(id, tenant)));

    assert.deepEqual(outcomes, ['created', 'created', 'quota-exceeded']);
    assert.equal(await create('q4', { ...tenant, region: 'ap-south-1' }), 'created');
    assert.equal(await controlStore.deleteChannel(channelOf('q1', tenant).arn), true);
    assert.equal(await create('q5', tenant), 'created', 'a deleted channel counts no more');
    assert.equal(await create('q6', tenant), 'quota-exceeded');
  });

  test('createChannel() leaves nothing behind when it fails', async () => {
    const { controlStore } = theStore();
    const tenant = { accountId: '000000000002', region: 'eu-west-1' };
    const first = channelOf('half1', tenant);
    await controlStore.createChannel(first, streamKeyOf(first), 2);
    const second = channelOf('half2', tenant);

    const takenKeyArn = { ...streamKeyOf(second), arn: streamKeyOf(first).arn };
    await assert.rejects(controlStore.createChannel(second, takenKeyArn, 2));

    assert.equal(await controlStore.getChannel(second.arn), undefined);
    assert.equal(await controlStore.createChannel(second, streamKeyOf(second), 2), 'created');
  });

  test('getChannel() and getChannels() find nothing where nothing is', async () => {
    const { controlStore } = theStore();
    assert.equal(await controlStore.getChannel('arn:aws:ivs:x:1:channel/none'), undefined);
    assert.deepEqual(await controlStore.getChannels([]), []);
  });

  test('getChannels() gives what exists, in the order asked for, each once', async () => {
    const { controlStore } = theStore();
    const [a, b] = [channelOf('batchA'), channelOf('batchB')];
    for (const channel of [a, b]) {
      await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    }
    const arns = [b.arn, 'arn:aws:ivs:us-west-2:123456789012:channel/none', a.arn, b.arn];
    assert.deepEqual(await controlStore.getChannels(arns), [b, a]);
  });

  test('listChannels() shows one tenant in creation order, ties by ARN, page by page', async () => {
    const { controlStore } = theStore();
    const tenant = { accountId: '000000000003', region: 'eu-west-1' };
    const created = [
      channelOf('z', { ...tenant, createdAtMs: T0 }),
      channelOf('b', { ...tenant, createdAtMs: T0 + 1 }),
      channelOf('a', { ...tenant, createdAtMs: T0 + 1 }),
      channelOf('c', { ...tenant, createdAtMs: T0 + 1 }),
      channelOf('y', { ...tenant, createdAtMs: T0 + 2 }),
    ];
    for (const channel of created) {
      await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    }
    const pages: string[][] = [];
    let after: string | undefined;
    do {
      const page = await controlStore.listChannels(
        tenant,
        {},
        { limit: 2, ...(after && { after }) },
      );
      pages.push(page.items.map(({ id }) => id));
      after = page.next;
    } while (after);
    assert.deepEqual(pages, [['z', 'a'], ['b', 'c'], ['y']]);

    const exactly = await controlStore.listChannels(tenant, {}, { limit: 5 });
    assert.equal(exactly.next, undefined, 'a full last page is the last');
    const elsewhere = { ...tenant, region: 'us-east-1' };
    assert.deepEqual(await controlStore.listChannels(elsewhere, {}, { limit: 5 }), { items: [] });
  });

  test('listChannels() neither repeats nor skips a channel over inserts and deletes between pages', async () => {
    const { controlStore } = theStore();
    const tenant = { accountId: '000000000004', region: 'eu-west-1' };
    const create = (id: string, createdAtMs: number) => {
      const channel = channelOf(id, { ...tenant, createdAtMs });
      return controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    };
    for (let n = 0; n < 6; n += 1) await create(`c${n}`, T0 + n);

    const first = await controlStore.listChannels(tenant, {}, { limit: 3 });
    // The row that the cursor stands on goes, one comes before it and one after.
    await controlStore.deleteChannel(channelOf('c2', tenant).arn);
    await controlStore.deleteChannel(channelOf('c4', tenant).arn);
    await create('early', T0 - 1);
    await create('late', T0 + 9);
    const second = await controlStore.listChannels(tenant, {}, { limit: 9, after: first.next! });

    assert.deepEqual(
      first.items.map(({ id }) => id),
      ['c0', 'c1', 'c2'],
    );
    assert.deepEqual(
      second.items.map(({ id }) => id),
      ['c3', 'c5', 'late'],
    );
  });

  test('listChannels() filters by name and by each reference', async () => {
    const { controlStore } = theStore();
    const tenant = { accountId: '000000000005', region: 'eu-west-1' };
    const recordingConfigurationArn = 'arn:aws:ivs:eu-west-1:1:recording-configuration/r';
    const playbackRestrictionPolicyArn = 'arn:aws:ivs:eu-west-1:1:playback-restriction-policy/p';
    const adConfigurationArn = 'arn:aws:ivs:eu-west-1:1:ad-configuration/a';
    for (const channel of [
      channelOf('plain', tenant),
      channelOf('named', { ...tenant, name: 'news' }),
      channelOf('recorded', { ...tenant, name: 'news', recordingConfigurationArn }),
      channelOf('restricted', { ...tenant, playbackRestrictionPolicyArn }),
      channelOf('advertised', { ...tenant, adConfigurationArn }),
    ]) {
      await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    }
    const idsOf = async (filter: Parameters<typeof controlStore.listChannels>[1]) => {
      const { items } = await controlStore.listChannels(tenant, filter, { limit: 10 });
      return items.map(({ id }) => id);
    };
    assert.deepEqual(await idsOf({ name: 'news' }), ['named', 'recorded']);
    assert.deepEqual(await idsOf({ name: 'NEWS' }), []);
    assert.deepEqual(await idsOf({ recordingConfigurationArn }), ['recorded']);
    assert.deepEqual(await idsOf({ playbackRestrictionPolicyArn }), ['restricted']);
    assert.deepEqual(await idsOf({ adConfigurationArn }), ['advertised']);
    assert.deepEqual(await idsOf({ name: 'news', recordingConfigurationArn: '' }), ['named']);
  });

  test('listChannels() refuses a cursor that is not its own', async () => {
    const { controlStore } = theStore();
    const tenant = { accountId: '000000000005', region: 'eu-west-1' };
    for (const after of ['', 'x', '1', '1/', '-1/arn', '1e3/arn', "1/' or 1=1 --\n"]) {
      await assert.rejects(
        controlStore.listChannels(tenant, {}, { limit: 1, after }),
        (error) => error instanceof ApiError && error.name === 'ValidationException',
      );
    }
  });

  test('updateChannel() answers and stores what the change makes of the channel', async () => {
    const { controlStore } = theStore();
    const channel = channelOf('updated');
    await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);

    const changed = await controlStore.updateChannel(channel.arn, (current) => ({
      ...current,
      name: 'new',
      authorized: true,
    }));

    assert.deepEqual(changed, { ...channel, name: 'new', authorized: true });
    assert.deepEqual(await controlStore.getChannel(channel.arn), changed);
    assert.equal(await controlStore.updateChannel(`${channel.arn}x`, (c) => c), undefined);
  });

  test('updateChannel() passes on what the change throws and writes nothing', async () => {
    const { controlStore } = theStore();
    const channel = channelOf('refused');
    await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    const refusal = new ApiError('ConflictException', 'live');

    await assert.rejects(
      controlStore.updateChannel(channel.arn, () => {
        throw refusal;
      }),
      refusal,
    );

    assert.deepEqual(await controlStore.getChannel(channel.arn), channel);
  });

  test('updateChannel() loses nothing of 50 changes at once', async () => {
    const { controlStore } = theStore();
    const channel = channelOf('contended');
    await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);

    await Promise.all(
      Array.from({ length: 50 }, () =>
        controlStore.updateChannel(channel.arn, (current) => ({
          ...current,
          tags: { count: String(Number(current.tags['count'] ?? 0) + 1) },
        })),
      ),
    );

    assert.equal((await controlStore.getChannel(channel.arn))?.tags['count'], '50');
  });

  test('deleteChannel() takes the stream key along and frees its value', async () => {
    const { controlStore, channelDirectory } = theStore();
    const channel = channelOf('deleted');
    const streamKey = streamKeyOf(channel);
    await controlStore.createChannel(channel, streamKey, NO_LIMIT);

    assert.equal(await controlStore.deleteChannel(channel.arn), true);

    assert.equal(await controlStore.getChannel(channel.arn), undefined);
    assert.equal(await controlStore.getStreamKey(streamKey.arn), undefined);
    assert.equal(await channelDirectory.findChannelByStreamKey(streamKey.value), undefined);
    assert.equal(await controlStore.deleteChannel(channel.arn), false);
  });
}

function testStreamKeys(theStore: () => Store): void {
  test('createStreamKey() creates one of two at once, the other exceeds the quota', async () => {
    const { controlStore } = theStore();
    const channel = channelOf('keyed');
    const first = streamKeyOf(channel);
    await controlStore.createChannel(channel, first, NO_LIMIT);
    assert.equal(await controlStore.deleteStreamKey(first.arn), true);
    assert.equal(await controlStore.deleteStreamKey(first.arn), false);

    const outcomes = await Promise.all(
      ['k1', 'k2'].map((id) => controlStore.createStreamKey(streamKeyOf(channel, { id }))),
    );

    assert.deepEqual(outcomes.toSorted(), ['created', 'quota-exceeded']);
    const { items } = await controlStore.listStreamKeys(channel.arn, { limit: 10 });
    assert.equal(items.length, 1);
  });

  test('createStreamKey() says when there is no such channel', async () => {
    const { controlStore } = theStore();
    const streamKey = streamKeyOf(channelOf('nowhere'));
    assert.equal(await controlStore.createStreamKey(streamKey), 'channel-not-found');
    assert.equal(await controlStore.getStreamKey(streamKey.arn), undefined);
  });

  test('getStreamKeys() gives what exists, in the order asked for', async () => {
    const { controlStore } = theStore();
    const keys = [];
    for (const id of ['keysA', 'keysB']) {
      const channel = channelOf(id);
      keys.push(streamKeyOf(channel));
      await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    }
    const arns = [keys[1]!.arn, `${keys[1]!.arn}x`, keys[0]!.arn];
    assert.deepEqual(await controlStore.getStreamKeys(arns), [keys[1], keys[0]]);
  });

  test('listStreamKeys() has nothing after the only key', async () => {
    const { controlStore } = theStore();
    const channel = channelOf('oneKey');
    const streamKey = streamKeyOf(channel);
    await controlStore.createChannel(channel, streamKey, NO_LIMIT);
    assert.deepEqual(await controlStore.listStreamKeys(channel.arn, { limit: 1 }), {
      items: [streamKey],
    });
    const after = `${streamKey.createdAtMs}/${streamKey.arn}`;
    const next = await controlStore.listStreamKeys(channel.arn, { limit: 1, after });
    assert.deepEqual(next, { items: [] });
  });

  test('findChannelByStreamKey() follows the exact value, and a reset of the key', async () => {
    const { controlStore, channelDirectory } = theStore();
    const channel = channelOf('ingest');
    const old = streamKeyOf(channel, { id: 'old', value: 'sk_us-west-2_Old' });
    const reset = streamKeyOf(channel, { id: 'reset', value: 'sk_us-west-2_New' });
    await controlStore.createChannel(channel, old, NO_LIMIT);
    assert.deepEqual(await channelDirectory.findChannelByStreamKey(old.value), channel);
    assert.equal(await channelDirectory.findChannelByStreamKey('sk_us-west-2_old'), undefined);

    await controlStore.deleteStreamKey(old.arn);
    await controlStore.createStreamKey(reset);

    assert.equal(await channelDirectory.findChannelByStreamKey(old.value), undefined);
    assert.deepEqual(await channelDirectory.findChannelByStreamKey(reset.value), channel);
  });
}

function testTags(theStore: () => Store): void {
  test('updateTags() changes the tags of channels and stream keys, and getTags() reads them', async () => {
    const { controlStore } = theStore();
    const channel = channelOf('tagged', { tags: { a: '1', b: '2' } });
    const streamKey = streamKeyOf(channel);
    await controlStore.createChannel(channel, streamKey, NO_LIMIT);

    for (const arn of [channel.arn, streamKey.arn]) {
      const changed = await controlStore.updateTags(arn, () => ({ b: '3' }));
      assert.deepEqual(changed, { b: '3' });
      assert.deepEqual(await controlStore.getTags(arn), { b: '3' });
    }
    assert.deepEqual((await controlStore.getChannel(channel.arn))?.tags, { b: '3' });
  });

  test('getTags() and updateTags() find nothing where nothing is', async () => {
    const { controlStore } = theStore();
    for (const arn of [
      channelOf('untagged').arn,
      'arn:aws:ivs:us-west-2:123456789012:playback-key/none',
      'not an arn',
    ]) {
      assert.equal(await controlStore.getTags(arn), undefined);
      assert.equal(await controlStore.updateTags(arn, () => ({})), undefined);
    }
  });

  test('updateTags() passes on what the change throws and writes nothing', async () => {
    const { controlStore } = theStore();
    const channel = channelOf('tagLimit', { tags: { a: '1' } });
    await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    const refusal = new ApiError('ValidationException', 'too many');
    const change = () => {
      throw refusal;
    };
    await assert.rejects(controlStore.updateTags(channel.arn, change), refusal);
    assert.deepEqual(await controlStore.getTags(channel.arn), { a: '1' });
  });
}

function testSessions(theStore: () => Store): void {
  test('getStreamSession() shows a whole session, its events newest first', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = channelOf('onAir', { tags: { snapshot: 'yes' } });
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

  test('getStreamSession() shows the newest session where none is named, without members it lacks', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = channelOf('twice');
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
    const channel = channelOf('eventful');
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
    await assert.rejects(sessionLog.appendEvents('st-none', [eventAt(T0, 'Stream Start')]));
    await assert.rejects(sessionLog.endSession('st-none', T0, []));
  });

  test('a failed call does not hold up the ones after it', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = channelOf('afterFailure');
    const created = eventAt(T0, 'Session Created');
    const failed = sessionLog.appendEvents('st-late', [created]);
    const succeeded = sessionLog.createSession(sessionOf(channel, 'st-late'), created);
    await assert.rejects(failed);
    await succeeded;
    assert.ok(await controlStore.getStreamSession(channel.arn, 'st-late'));
  });

  test('listStreamSessions() shows newest first, page by page, none that ended before the horizon', async () => {
    const { controlStore, sessionLog } = theStore();
    const channel = channelOf('history');
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
      after: first.next!,
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
    const channel = channelOf('forgetful');
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

function testReopening(makeBed: () => Promise<StoreBed>): void {
  test('endAbandonedSessions() ends open sessions at their last sign of life, truthfully', async () => {
    await using bed = await makeBed();
    const channel = channelOf('crashed');
    const created = eventAt(T0, 'Session Created');
    {
      await using store = await bed.open();
      const { sessionLog } = store;
      const open = ['st-never', 'st-live', 'st-stalled', 'st-between', 'st-beat'];
      for (const streamId of [...open, 'st-ended']) {
        await sessionLog.createSession(sessionOf(channel, streamId), created);
      }
      await sessionLog.appendEvents('st-live', [eventAt(T0 + 10, 'Stream Start')]);
      await sessionLog.appendEvents('st-stalled', [
        eventAt(T0 + 10, 'Stream Start'),
        eventAt(T0 + 7_000, 'Starvation Start'),
      ]);
      await sessionLog.appendEvents('st-between', [
        eventAt(T0 + 10, 'Stream Start'),
        eventAt(T0 + 20, 'Stream End'),
      ]);
      await sessionLog.appendEvents('st-beat', [eventAt(T0 + 10, 'Stream Start')]);
      await sessionLog.heartbeat(['st-beat', 'st-stalled', 'st-ended', 'st-unknown'], T0 + 5_000);
      await sessionLog.heartbeat(['st-beat'], T0 + 4_000);
      await sessionLog.heartbeat([], T0 + 9_000);
      await sessionLog.endSession('st-ended', T0 + 30, []);
    }
    await using store = await bed.open();

    assert.equal(await store.sessionLog.endAbandonedSessions(), 5);

    const historyOf = async (streamId: string) => {
      const session = await store.controlStore.getStreamSession(channel.arn, streamId);
      return [
        session?.endTimeMs,
        session?.events.map(({ name, timeMs }) => `${name} +${timeMs - T0}`),
      ];
    };
    assert.deepEqual(await historyOf('st-never'), [T0, ['Session Ended +0', 'Session Created +0']]);
    assert.deepEqual(await historyOf('st-live'), [
      T0 + 10,
      ['Session Ended +10', 'Stream End +10', 'Stream Start +10', 'Session Created +0'],
    ]);
    assert.deepEqual(await historyOf('st-stalled'), [
      T0 + 7_000,
      [
        'Session Ended +7000',
        'Stream End +7000',
        'Starvation Start +7000',
        'Stream Start +10',
        'Session Created +0',
      ],
    ]);
    assert.deepEqual(await historyOf('st-between'), [
      T0 + 20,
      ['Session Ended +20', 'Stream End +20', 'Stream Start +10', 'Session Created +0'],
    ]);
    assert.deepEqual((await historyOf('st-beat'))[0], T0 + 5_000);
    assert.deepEqual(await historyOf('st-ended'), [T0 + 30, ['Session Created +0']]);
    assert.equal(await store.sessionLog.endAbandonedSessions(), 0, 'once is enough');
  });

  test('a cursor holds over a restart', async () => {
    await using bed = await makeBed();
    const tenant = { accountId: '123456789012', region: 'us-west-2' };
    const channels = ['r0', 'r1', 'r2'].map((id) => channelOf(id));
    let after: string | undefined;
    {
      await using store = await bed.open();
      for (const channel of channels) {
        await store.controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
      }
      after = (await store.controlStore.listChannels(tenant, {}, { limit: 1 })).next;
    }
    await using store = await bed.open();
    const rest = await store.controlStore.listChannels(tenant, {}, { limit: 9, after: after! });
    assert.deepEqual(rest.items, channels.slice(1));
  });

  test('disposing finishes what was asked for before, and twice is once', async () => {
    await using bed = await makeBed();
    const channel = channelOf('drained');
    const store = await bed.open();
    const asked = [
      store.controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT),
      store.sessionLog.createSession(sessionOf(channel, 'st-1'), eventAt(T0, 'Session Created')),
      store.sessionLog.appendEvents('st-1', [eventAt(T0, 'Stream Start')]),
      store.controlStore.updateChannel(channel.arn, (current) => ({ ...current, name: 'last' })),
    ];
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await Promise.all(asked);
    await assert.rejects(store.controlStore.getChannel(channel.arn));

    await using again = await bed.open();
    assert.equal((await again.controlStore.getChannel(channel.arn))?.name, 'last');
    const session = await again.controlStore.getStreamSession(channel.arn, 'st-1');
    assert.equal(session?.events.length, 2);
  });
}
