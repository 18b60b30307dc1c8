import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StreamSessionDetail } from '../../domain/stream-session.ts';
import { ControlApiHarness } from '../testing/control-api-harness.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = Date.UTC(2026, 5, 1, 12);
const streamId = (digit: number) => `st-${String(digit).repeat(23)}`;

/** A channel with a session for each start; those that started more than an hour ago have ended. */
async function withSessions(...startedAgoMs: number[]) {
  const api = new ControlApiHarness({ nowMs: () => NOW_MS });
  const { channel } = await api.createChannel({ name: 'before' });
  const record = api.store.channels.get(channel.arn);
  assert.ok(record);
  for (const [i, agoMs] of startedAgoMs.entries()) {
    const startTimeMs = NOW_MS - agoMs;
    const session: StreamSessionDetail = {
      streamId: streamId(i),
      channelArn: channel.arn,
      startTimeMs,
      ...(agoMs > HOUR_MS && { endTimeMs: startTimeMs + HOUR_MS }),
      hasErrorEvent: i === 1,
      channel: record,
      events: [
        { name: 'Stream Start', timeMs: startTimeMs },
        { name: 'Session Created', timeMs: startTimeMs },
      ],
    };
    api.store.sessions.push(session);
  }
  return { api, channel, channelArn: channel.arn as string };
}

describe('GetStreamSession', () => {
  test('shows the newest session, or the one that is asked for', async () => {
    const { api, channelArn } = await withSessions(2 * DAY_MS, 60_000);
    const idOf = async (input: object) =>
      (await api.call('GetStreamSession', { channelArn, ...input })).body.streamSession.streamId;
    assert.equal(await idOf({}), streamId(1));
    assert.equal(await idOf({ streamId: streamId(0) }), streamId(0));
  });

  test('shows the channel as it was, what the encoder sends, and the events', async () => {
    const { api, channel, channelArn } = await withSessions(2 * DAY_MS);
    const [session] = api.store.sessions;
    assert.ok(session);
    api.store.sessions[0] = {
      ...session,
      ingest: {
        video: {
          profile: 'High',
          level: '4.2',
          codec: 'avc1.64002A',
          encoder: 'Lavf58.45.100',
          targetBitrateBps: 3500000.4,
          targetFrameRate: 59.94,
          width: 1920,
          height: 1080,
        },
        audio: { codec: 'mp4a.40.2', targetBitrateBps: 160000, sampleRate: 48000, channelCount: 2 },
      },
    };
    await api.call('UpdateChannel', { arn: channelArn, name: 'renamed' });
    const { body } = await api.call('GetStreamSession', { channelArn });
    const video = {
      codec: 'avc1.64002A',
      encoder: 'Lavf58.45.100',
      targetBitrate: 3500000,
      targetFramerate: 60,
      videoHeight: 1080,
      videoWidth: 1920,
      level: '4.2',
      track: 'Track0',
      profile: 'High',
    };
    const audio = {
      codec: 'mp4a.40.2',
      targetBitrate: 160000,
      sampleRate: 48000,
      channels: 2,
      track: 'Track0',
    };
    assert.deepEqual(body.streamSession, {
      streamId: streamId(0),
      startTime: '2026-05-30T12:00:00Z',
      endTime: '2026-05-30T13:00:00Z',
      channel,
      ingestConfiguration: { video: { avcProfile: 'High', avcLevel: '4.2', ...video }, audio },
      ingestConfigurations: {
        videoConfigurations: [{ avcProfile: '', avcLevel: '', ...video }],
        audioConfigurations: [audio],
      },
      truncatedEvents: [
        {
          name: 'Stream Start',
          type: 'IVS Stream State Change',
          eventTime: '2026-05-30T12:00:00Z',
        },
        {
          name: 'Session Created',
          type: 'IVS Stream State Change',
          eventTime: '2026-05-30T12:00:00Z',
        },
      ],
    });
  });

  test('leaves out the end of a live session, and the configuration that is not known yet', async () => {
    const { api, channelArn } = await withSessions(60_000);
    const { streamSession } = (await api.call('GetStreamSession', { channelArn })).body;
    for (const member of ['endTime', 'ingestConfiguration', 'ingestConfigurations']) {
      assert.ok(!(member in streamSession), member);
    }
  });

  test('answers 404 where there is no such session', async () => {
    const { api, channelArn } = await withSessions();
    for (const input of [{}, { streamId: streamId(5) }]) {
      const { status, headers } = await api.call('GetStreamSession', { channelArn, ...input });
      assert.equal(status, 404);
      assert.equal(headers['x-amzn-ErrorType'], 'ResourceNotFoundException');
    }
  });
});

describe('ListStreamSessions', () => {
  test('lists the live one first, then the newest, and none that ended 60 days ago', async () => {
    const { api, channelArn } = await withSessions(62 * DAY_MS, 3 * DAY_MS, 60_000, 2 * DAY_MS);
    const { body } = await api.call('ListStreamSessions', { channelArn });
    assert.deepEqual(body, {
      streamSessions: [
        { streamId: streamId(2), startTime: '2026-06-01T11:59:00Z', hasErrorEvent: false },
        {
          streamId: streamId(3),
          startTime: '2026-05-30T12:00:00Z',
          endTime: '2026-05-30T13:00:00Z',
          hasErrorEvent: false,
        },
        {
          streamId: streamId(1),
          startTime: '2026-05-29T12:00:00Z',
          endTime: '2026-05-29T13:00:00Z',
          hasErrorEvent: true,
        },
      ],
    });
  });

  test('pages', async () => {
    const { api, channelArn } = await withSessions(3 * DAY_MS, 2 * DAY_MS);
    const first = await api.call('ListStreamSessions', { channelArn, maxResults: 1 });
    const { nextToken } = first.body;
    const second = await api.call('ListStreamSessions', { channelArn, maxResults: 1, nextToken });
    assert.equal(second.body.streamSessions[0].streamId, streamId(0));
    assert.equal(second.body.nextToken, undefined);
  });

  test('still answers, as GetStreamSession does, after the channel was deleted', async () => {
    const { api, channelArn } = await withSessions(2 * DAY_MS);
    assert.equal((await api.call('DeleteChannel', { arn: channelArn })).status, 204);
    const { body } = await api.call('ListStreamSessions', { channelArn });
    assert.equal(body.streamSessions.length, 1);
    assert.equal((await api.call('GetStreamSession', { channelArn })).status, 200);
  });

  test('tells a channel without sessions from one that never was', async () => {
    const { api, channelArn } = await withSessions();
    assert.deepEqual((await api.call('ListStreamSessions', { channelArn })).body, {
      streamSessions: [],
    });
    const never = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';
    assert.equal((await api.call('ListStreamSessions', { channelArn: never })).status, 404);
  });
});
