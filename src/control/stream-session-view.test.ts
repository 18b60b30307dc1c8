import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamEvent } from '../domain/events.ts';
import { ControlApiHarness } from './testing/control-api-harness.ts';

test('streamSessionView() shows name, type, time and code of an event, and none of its other members', async () => {
  const api = new ControlApiHarness();
  const { channel } = await api.createChannel({});
  const record = api.store.channels.get(channel.arn);
  assert.ok(record);
  const timeMs = Date.UTC(2026, 5, 1, 12);
  const events: StreamEvent[] = [
    { name: 'Session Ended', timeMs, code: 'MultitrackInputRequired' },
    { name: 'Stream Failure', timeMs, reason: 'Transcode capacity exceeded. Please try again.' },
    {
      name: 'Ingest Bitrate',
      timeMs,
      limitValue: 8_500_000,
      exceededBy: 1_000_000,
      limitUnit: 'bits per second',
    },
  ];
  api.store.sessions.push({
    streamId: 'st-00000000000000000000000',
    channelArn: channel.arn,
    startTimeMs: timeMs,
    hasErrorEvent: true,
    channel: record,
    events,
  });

  const { body } = await api.call('GetStreamSession', { channelArn: channel.arn });

  const eventTime = '2026-06-01T12:00:00Z';
  const change = { type: 'IVS Stream State Change', eventTime };
  assert.deepEqual(body.streamSession.truncatedEvents, [
    { name: 'Session Ended', ...change, code: 'MultitrackInputRequired' },
    { name: 'Stream Failure', ...change },
    { name: 'Ingest Bitrate', type: 'IVS Limit Breach', eventTime },
  ]);
});
