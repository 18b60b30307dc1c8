import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ChannelRecord } from '../../domain/channel.ts';
import type { Store } from './sqlite-store.ts';
import { channelOf, eventAt, sessionOf, storedChannel, streamKeyOf } from './store-fixtures.ts';
import { testChannels } from './store-suite-channels.ts';
import { testChannelIds, testStreamKeys, testTags } from './store-suite-keys.ts';
import { testMetrics } from './store-suite-metrics.ts';
import { testOutbox } from './store-suite-outbox.ts';
import { testPlaybackRecords } from './store-suite-playback.ts';
import { testResources } from './store-suite-resources.ts';
import { testSessions } from './store-suite-sessions.ts';

/** An empty database of one dialect, to be opened again and again. */
export interface StoreBed extends AsyncDisposable {
  open(): Promise<Store>;
}

const NO_LIMIT = 1_000_000;
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
    testChannelIds(() => store);
    testTags(() => store);
    testResources(() => store);
    testPlaybackRecords(() => store);
    testSessions(() => store);
    testMetrics(() => store);
  });

  describe(`${dialect} outbox`, () => {
    testOutbox(makeBed);
  });

  describe(`${dialect} store, opened again`, () => {
    testReopening(makeBed);
  });
}

function testReopening(makeBed: () => Promise<StoreBed>): void {
  test('endAbandonedSessions() ends open sessions at their last sign of life, truthfully', async () => {
    await using bed = await makeBed();
    const created = eventAt(T0, 'Session Created');
    let channel: ChannelRecord;
    {
      await using store = await bed.open();
      channel = await storedChannel(store, 'crashed');
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
    const rest = await store.controlStore.listChannels(
      tenant,
      {},
      { limit: 9, ...(after && { after }) },
    );
    assert.deepEqual(rest.items, channels.slice(1));
  });

  test('a used token and a revoked viewer stay so over a restart', async () => {
    await using bed = await makeBed();
    const channel = channelOf('private');
    const token = { channelArn: channel.arn, uuid: 'a uuid', expiresAtMs: T0 };
    const revocation = { channelArn: channel.arn, viewerId: 'ann', versionsThrough: 3 };
    {
      await using store = await bed.open();
      await store.controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
      assert.equal(await store.playbackRecords.useToken(token), true);
      await store.controlStore.revokeViewerSessions([revocation]);
    }
    await using store = await bed.open();
    assert.equal(await store.playbackRecords.useToken(token), false);
    assert.equal(await store.playbackRecords.revokedVersion(channel.arn, 'ann'), 3);
  });

  test('disposing finishes what was asked for before, and twice is once', async () => {
    await using bed = await makeBed();
    const store = await bed.open();
    const channel = await storedChannel(store, 'drained');
    const asked = [
      store.sessionLog.createSession(sessionOf(channel, 'st-1'), eventAt(T0, 'Session Created')),
      store.sessionLog.appendEvents('st-1', [eventAt(T0, 'Stream Start')]),
      store.controlStore.updateChannel(channel.arn, (current) => ({
        ...current,
        tags: { last: 'yes' },
      })),
    ];
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
    await Promise.all(asked);
    await assert.rejects(store.controlStore.getChannel(channel.arn));

    await using again = await bed.open();
    assert.deepEqual((await again.controlStore.getChannel(channel.arn))?.tags, { last: 'yes' });
    const session = await again.controlStore.getStreamSession(channel.arn, 'st-1');
    assert.equal(session?.events.length, 2);
  });
}
