import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertError, ControlApiHarness } from '../testing/control-api-harness.ts';

async function onAir() {
  const clock = { nowMs: Date.UTC(2026, 0, 1) };
  const api = new ControlApiHarness({ nowMs: () => clock.nowMs });
  const goLive = async () => {
    const { channel } = await api.createChannel();
    api.live.goLive(channel.arn);
    return channel.arn as string;
  };
  const channelArn = await goLive();
  const put = (metadata: unknown, arn = channelArn) =>
    api.call('PutMetadata', { channelArn: arn, metadata });
  return { api, clock, goLive, channelArn, put };
}

describe('PutMetadata', () => {
  test('hands the text to the stream as it is, and answers 204 without a body', async () => {
    const { api, channelArn, put } = await onAir();
    const metadata = '{"a": "ü\\u0000😀"}\n';
    const { status, body } = await put(metadata);
    assert.deepEqual([status, body], [204, undefined]);
    assert.deepEqual(api.live.metadata, [{ channelArn, metadata }]);
  });

  test('takes 1 KB of UTF-8, and not a byte more', async () => {
    const { put, clock } = await onAir();
    for (const metadata of ['a'.repeat(1024), '😀'.repeat(256)]) {
      assert.equal((await put(metadata)).status, 204);
    }
    clock.nowMs += 1000;
    for (const metadata of ['a'.repeat(1025), `a${'😀'.repeat(256)}`]) {
      const answer = await put(metadata);
      assertError(answer, 400, 'ValidationException');
      assert.equal(answer.body.message, 'Metadata size exceeds payload limit');
    }
  });

  test('names the member that is missing', async () => {
    const { api, put } = await onAir();
    const { body } = await api.call('PutMetadata', { metadata: 'a' });
    assert.equal(body.message, 'PutMetadata.channelArn is a required attribute');
    assertError(await put(''), 400, 'ValidationException');
  });

  test('tells a channel that is offline from one that is not there', async () => {
    const { api, channelArn, put } = await onAir();
    await api.call('StopStream', { channelArn });
    const offline = await put('a');
    assertError(offline, 404, 'ChannelNotBroadcasting');
    assert.equal(offline.body.message, `Channel: ${channelArn} is not currently online`);
    assertError(await put('a', `${channelArn}x`), 404, 'ResourceNotFoundException');
    const elsewhere = channelArn.replace('us-west-2', 'us-east-1');
    assertError(await put('a', elsewhere), 404, 'ResourceNotFoundException');
  });

  test('is let through five times a second for a channel', async () => {
    const { clock, goLive, channelArn, put } = await onAir();
    for (let n = 0; n < 5; n += 1) assert.equal((await put('a')).status, 204);
    const refused = await put('a');
    assertError(refused, 429, 'ThrottlingException');
    assert.equal(
      refused.body.message,
      `Operation: ivs:PutMetadata exceeded call rate: 5 for resource: ${channelArn}`,
    );
    assert.equal((await put('a', await goLive())).status, 204, 'another channel has its own rate');
    clock.nowMs += 200;
    assert.equal((await put('a')).status, 204);
  });

  test('is let through 155 times a second for an account', async () => {
    const { goLive, put } = await onAir();
    for (let channel = 0; channel < 31; channel += 1) {
      const arn = await goLive();
      for (let n = 0; n < 5; n += 1) assert.equal((await put('a', arn)).status, 204);
    }
    const refused = await put('a');
    assertError(refused, 429, 'ThrottlingException');
    assert.match(refused.body.message, /exceeded call rate: 155 for account: 123456789012$/);
  });
});
