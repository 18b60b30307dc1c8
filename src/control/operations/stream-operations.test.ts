import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ControlApiHarness } from '../testing/control-api-harness.ts';

const NO_CHANNEL = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';
const START_MS = Date.UTC(2026, 4, 5, 21, 55, 38, 500);

const channelArn = (id: string) => `arn:aws:ivs:us-west-2:123456789012:channel/${id}`;
const streamId = (digit: number) => `st-${String(digit).repeat(23)}`;

describe('GetStream', () => {
  test('answers for a live channel without asking the store', async () => {
    const api = new ControlApiHarness();
    api.live.goLive(NO_CHANNEL, { startTimeMs: START_MS, health: 'STARVING', viewerCount: 7 });
    api.store.getChannel = () => assert.fail('the store was asked');
    const { status, body } = await api.call('GetStream', { channelArn: NO_CHANNEL });
    assert.equal(status, 200);
    assert.deepEqual(body, {
      stream: {
        channelArn: NO_CHANNEL,
        streamId: 'st-00000000000000000000000',
        playbackUrl:
          'https://play.example.com/api/video/v1/us-west-2.123456789012.channel.abcdABCDefgh.m3u8',
        startTime: '2026-05-05T21:55:38Z',
        state: 'LIVE',
        health: 'STARVING',
        viewerCount: 7,
      },
    });
  });

  test('says in IVS’s words that a channel is offline', async () => {
    const api = new ControlApiHarness();
    const { arn } = (await api.createChannel()).channel;
    const { status, headers, body } = await api.call('GetStream', { channelArn: arn });
    assert.equal(status, 404);
    assert.equal(headers['x-amzn-ErrorType'], 'ChannelNotBroadcasting');
    const message = `Channel: ${arn} is not currently online`;
    assert.deepEqual(body, { message, exceptionMessage: message });
  });

  test('knows nothing of a channel that is not there, or live for another tenant', async () => {
    const api = new ControlApiHarness();
    const foreign = 'arn:aws:ivs:us-west-2:210987654321:channel/abcdABCDefgh';
    api.live.goLive(foreign);
    for (const arn of [NO_CHANNEL, foreign]) {
      const { headers } = await api.call('GetStream', { channelArn: arn });
      assert.equal(headers['x-amzn-ErrorType'], 'ResourceNotFoundException');
    }
  });
});

describe('ListStreams', () => {
  test('lists live streams, without their playback URLs', async () => {
    const api = new ControlApiHarness();
    api.live.goLive(channelArn('a'), { startTimeMs: START_MS });
    api.live.goLive('arn:aws:ivs:us-east-1:123456789012:channel/b');
    const { body } = await api.call('ListStreams');
    assert.deepEqual(body, {
      streams: [
        {
          channelArn: channelArn('a'),
          streamId: 'st-00000000000000000000000',
          startTime: '2026-05-05T21:55:38Z',
          state: 'LIVE',
          health: 'HEALTHY',
          viewerCount: 1,
        },
      ],
    });
  });

  test('filters by health, and takes a filter without members for none', async () => {
    const api = new ControlApiHarness();
    api.live.goLive(channelArn('a'), { health: 'HEALTHY' });
    api.live.goLive(channelArn('b'), { health: 'STARVING' });
    const list = async (filterBy: object) =>
      (await api.call('ListStreams', { filterBy })).body.streams;
    assert.deepEqual(
      (await list({ health: 'STARVING' })).map(
        (stream: { channelArn: string }) => stream.channelArn,
      ),
      [channelArn('b')],
    );
    assert.equal((await list({})).length, 2);
    assert.equal((await list({ health: 'UNKNOWN' })).length, 0);
  });

  test('shows every stream once that was on from the first page to the last', async () => {
    const api = new ControlApiHarness();
    // Two pairs of streams that started in the same millisecond.
    for (let i = 0; i < 5; i++) {
      api.live.goLive(channelArn(`c${i}`), {
        streamId: streamId(i),
        startTimeMs: START_MS + Math.floor(i / 2),
      });
    }
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const { body } = await api.call('ListStreams', { maxResults: 1, nextToken });
      seen.push(...body.streams.map((stream: { streamId: string }) => stream.streamId));
      nextToken = body.nextToken;
      if (seen.length === 2) {
        await api.call('StopStream', { channelArn: channelArn('c1') });
        api.live.goLive(channelArn('c9'), { streamId: streamId(9), startTimeMs: START_MS + 9 });
      }
    } while (nextToken);
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 9].map(streamId));
  });
});

describe('StopStream', () => {
  test('ends the stream and answers an empty object', async () => {
    const api = new ControlApiHarness();
    const { arn } = (await api.createChannel()).channel;
    api.live.goLive(arn);
    const { status, body } = await api.call('StopStream', { channelArn: arn });
    assert.deepEqual([status, body], [200, {}]);
    const again = await api.call('StopStream', { channelArn: arn });
    assert.equal(again.headers['x-amzn-ErrorType'], 'ChannelNotBroadcasting');
  });

  test('does not reach another tenant’s stream', async () => {
    const api = new ControlApiHarness();
    const foreign = 'arn:aws:ivs:us-west-2:210987654321:channel/abcdABCDefgh';
    api.live.goLive(foreign);
    const { headers } = await api.call('StopStream', { channelArn: foreign });
    assert.equal(headers['x-amzn-ErrorType'], 'ResourceNotFoundException');
    assert.ok(api.live.hasSession(foreign));
  });

  test('knows nothing of a channel that is not there', async () => {
    const api = new ControlApiHarness();
    const { headers } = await api.call('StopStream', { channelArn: NO_CHANNEL });
    assert.equal(headers['x-amzn-ErrorType'], 'ResourceNotFoundException');
  });
});
