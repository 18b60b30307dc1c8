import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ControlApiHarness } from '../testing/control-api-harness.ts';

const NO_CHANNEL = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';
const NO_KEY = 'arn:aws:ivs:us-west-2:123456789012:stream-key/abcdABCDefgh';
const FOREIGN_KEY = 'arn:aws:ivs:us-west-2:210987654321:stream-key/abcdABCDefgh';

test('CreateStreamKey refuses a second key, and makes a new one after the first was deleted', async () => {
  const api = new ControlApiHarness();
  const { channel, streamKey } = await api.createChannel();
  const input = { channelArn: channel.arn, tags: { k: 'v' } };
  const refused = await api.call('CreateStreamKey', input);
  assert.equal(refused.status, 402);
  assert.equal(refused.headers['x-amzn-ErrorType'], 'ServiceQuotaExceededException');
  assert.equal((await api.call('DeleteStreamKey', { arn: streamKey.arn })).status, 204);
  const { status, body } = await api.call('CreateStreamKey', input);
  assert.equal(status, 200);
  assert.deepEqual(body.streamKey.tags, { k: 'v' });
  assert.notEqual(body.streamKey.value, streamKey.value);
});

test('CreateStreamKey gives one key and one refusal to two callers at once', async () => {
  const api = new ControlApiHarness();
  const { channel, streamKey } = await api.createChannel();
  await api.call('DeleteStreamKey', { arn: streamKey.arn });
  const input = { channelArn: channel.arn };
  const answers = await Promise.all([
    api.call('CreateStreamKey', input),
    api.call('CreateStreamKey', input),
  ]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 402]);
});

test('CreateStreamKey knows no key for a channel that is not there', async () => {
  const api = new ControlApiHarness();
  const { status } = await api.call('CreateStreamKey', { channelArn: NO_CHANNEL });
  assert.equal(status, 404);
});

test('GetStreamKey shows the value again', async () => {
  const api = new ControlApiHarness();
  const { streamKey } = await api.createChannel();
  const { body } = await api.call('GetStreamKey', { arn: streamKey.arn });
  assert.deepEqual(body, { streamKey });
  assert.equal((await api.call('GetStreamKey', { arn: NO_KEY })).status, 404);
  assert.equal((await api.call('GetStreamKey', { arn: FOREIGN_KEY })).status, 404);
});

test('BatchGetStreamKey shows the values, and names what is not there', async () => {
  const api = new ControlApiHarness();
  const { streamKey } = await api.createChannel();
  const { body } = await api.call('BatchGetStreamKey', { arns: [NO_KEY, streamKey.arn] });
  assert.deepEqual(body.streamKeys, [streamKey]);
  assert.equal(body.errors[0].arn, NO_KEY);
});

test('ListStreamKeys lists keys without their values', async () => {
  const api = new ControlApiHarness();
  const { channel, streamKey } = await api.createChannel();
  const { body } = await api.call('ListStreamKeys', { channelArn: channel.arn });
  const { value: _, ...summary } = streamKey;
  assert.deepEqual(body, { streamKeys: [summary] });
  assert.equal((await api.call('ListStreamKeys', { channelArn: NO_CHANNEL })).status, 404);
  await api.call('DeleteStreamKey', { arn: streamKey.arn });
  const empty = await api.call('ListStreamKeys', { channelArn: channel.arn });
  assert.deepEqual(empty.body, { streamKeys: [] });
});

describe('DeleteStreamKey', () => {
  test('answers 404 for a key that is gone', async () => {
    const api = new ControlApiHarness();
    const { streamKey } = await api.createChannel();
    const remove = () => api.call('DeleteStreamKey', { arn: streamKey.arn });
    assert.deepEqual([(await remove()).status, (await remove()).status], [204, 404]);
  });

  test('leaves a stream that runs on the key alone', async () => {
    const api = new ControlApiHarness();
    const { channel, streamKey } = await api.createChannel();
    api.live.goLive(channel.arn);
    await api.call('DeleteStreamKey', { arn: streamKey.arn });
    assert.equal((await api.call('GetStream', { channelArn: channel.arn })).status, 200);
  });
});
