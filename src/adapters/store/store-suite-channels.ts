import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ControlStore } from '../../control/ports.ts';
import { ApiError } from '../../domain/errors.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Store } from './sqlite-store.ts';
import {
  adConfigurationOf,
  channelOf,
  playbackRestrictionPolicyOf,
  recordingConfigurationOf,
  streamKeyOf,
} from './store-fixtures.ts';

const NO_LIMIT = 1_000_000;
const T0 = 1_700_000_000_000;

export function testChannels(theStore: () => Store): void {
  test('createChannel() keeps every member of the channel and its key', async () => {
    const { controlStore } = theStore();
    const attached = await attach(controlStore, 'complete', {});
    const channel = channelOf('complete', {
      name: 'näme_1-a',
      latencyMode: 'NORMAL',
      type: 'ADVANCED_HD',
      authorized: true,
      insecureIngest: true,
      preset: 'CONSTRAINED_BANDWIDTH_DELIVERY',
      containerFormat: 'FRAGMENTED_MP4',
      ...attached,
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
    const second = await controlStore.listChannels(
      tenant,
      {},
      { limit: 9, ...(first.next && { after: first.next }) },
    );

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
    const { recordingConfigurationArn, playbackRestrictionPolicyArn, adConfigurationArn } =
      await attach(controlStore, 'listed', tenant);
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

/** One of each that a channel may refer to. */
async function attach(controlStore: ControlStore, id: string, tenant: Partial<Tenant>) {
  const recordingConfiguration = recordingConfigurationOf(id, tenant);
  const policy = playbackRestrictionPolicyOf(id, tenant);
  const adConfiguration = adConfigurationOf(id, tenant);
  await controlStore.recordingConfigurations.create(recordingConfiguration, NO_LIMIT);
  await controlStore.playbackRestrictionPolicies.create(policy, NO_LIMIT);
  await controlStore.adConfigurations.create(adConfiguration, NO_LIMIT);
  return {
    recordingConfigurationArn: recordingConfiguration.arn,
    playbackRestrictionPolicyArn: policy.arn,
    adConfigurationArn: adConfiguration.arn,
  };
}
