import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../domain/errors.ts';
import type { Store } from './sqlite-store.ts';
import { channelOf, streamKeyOf } from './store-fixtures.ts';

const NO_LIMIT = 1_000_000;

export function testStreamKeys(theStore: () => Store): void {
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
    const channels = [channelOf('keysA'), channelOf('keysB')] as const;
    const [a, b] = [streamKeyOf(channels[0]), streamKeyOf(channels[1])];
    await controlStore.createChannel(channels[0], a, NO_LIMIT);
    await controlStore.createChannel(channels[1], b, NO_LIMIT);
    assert.deepEqual(await controlStore.getStreamKeys([b.arn, `${b.arn}x`, a.arn]), [b, a]);
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

export function testChannelIds(theStore: () => Store): void {
  test('find() knows whose channel has an id', async () => {
    const { controlStore, channelDirectory } = theStore();
    const tenant = { accountId: '000000000006', region: 'ap-south-1' };
    const channel = channelOf('watched', tenant);
    await controlStore.createChannel(channel, streamKeyOf(channel), NO_LIMIT);
    assert.deepEqual(await channelDirectory.find('watched'), tenant);
    assert.equal(await channelDirectory.find('Watched'), undefined);
  });
}

export function testTags(theStore: () => Store): void {
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
