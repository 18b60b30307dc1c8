import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OutboxEvent, STREAM_EVENTS, type StreamEvent } from '../domain/events.ts';
import { envelopeOf } from './envelope.ts';

const ARN = 'arn:aws:ivs:us-east-1:123456789012:channel/aAbBcCdDeEfF';
const TIME_MS = Date.UTC(2017, 5, 12, 10, 23, 43, 987);

function outboxEvent(event: StreamEvent, isOfChannel = true): OutboxEvent {
  const channel = { arn: ARN, name: 'Your Channel', streamId: 'st-1FQzeLONMT9XTKI43leLSo1' };
  return {
    sequence: 7,
    id: '01234567-0123-0123-0123-012345678901',
    recordedAtMs: TIME_MS,
    accountId: '123456789012',
    region: 'us-east-1',
    ...(isOfChannel && { channel }),
    event,
  };
}

const ofStream = { channel_name: 'Your Channel', stream_id: 'st-1FQzeLONMT9XTKI43leLSo1' };

test('envelopeOf() has the members of the guide, and whole seconds', () => {
  assert.deepEqual(envelopeOf(outboxEvent({ name: 'Stream Start', timeMs: TIME_MS })), {
    version: '0',
    id: '01234567-0123-0123-0123-012345678901',
    'detail-type': 'IVS Stream State Change',
    source: 'aws.ivs',
    account: '123456789012',
    time: '2017-06-12T10:23:43Z',
    region: 'us-east-1',
    resources: [ARN],
    detail: { event_name: 'Stream Start', ...ofStream },
  });
});

/** Every event there is, with the detail that the guide shows. */
const DETAILS: readonly (readonly [StreamEvent, Readonly<Record<string, unknown>>])[] = [
  ...(
    [
      'Session Created',
      'Stream Start',
      'Stream End',
      'Session Ended',
      'Stream Takeover',
      'Starvation Start',
      'Starvation End',
    ] as const
  ).map(
    (name) =>
      [
        { name, timeMs: TIME_MS },
        { event_name: name, ...ofStream },
      ] as const,
  ),
  [
    { name: 'Session Ended', timeMs: TIME_MS, code: 'MultitrackInputRequired' },
    { event_name: 'Session Ended', code: 'MultitrackInputRequired', ...ofStream },
  ],
  [
    {
      name: 'Stream Failure',
      timeMs: TIME_MS,
      reason: 'Transcode capacity exceeded. Please try again.',
    },
    {
      event_name: 'Stream Failure',
      reason: 'Transcode capacity exceeded. Please try again.',
      ...ofStream,
    },
  ],
  [
    { name: 'Stream Takeover Failure', timeMs: TIME_MS, code: 'StreamTakeoverInvalidPriority' },
    { event_name: 'Stream Takeover Failure', code: 'StreamTakeoverInvalidPriority', ...ofStream },
  ],
  [
    {
      name: 'Ingest Bitrate',
      timeMs: TIME_MS,
      limitValue: 8_500_000,
      exceededBy: 1_000_000,
      limitUnit: 'bits per second',
    },
    {
      limit_name: 'Ingest Bitrate',
      limit_value: 8_500_000,
      exceeded_by: 1_000_000,
      limit_unit: 'bits per second',
      ...ofStream,
    },
  ],
  [
    {
      name: 'Ingest Resolution',
      timeMs: TIME_MS,
      limitValue: 1920,
      exceededBy: 80,
      limitUnit: 'pixels per edge',
    },
    {
      limit_name: 'Ingest Resolution',
      limit_value: 1920,
      exceeded_by: 80,
      limit_unit: 'pixels per edge',
      ...ofStream,
    },
  ],
  [
    {
      name: 'Ad Break Inserted',
      timeMs: TIME_MS,
      adBreakId: 'abcdABCD1234',
      durationSeconds: 30,
      targetStartTimeMs: TIME_MS + 10_000,
    },
    {
      event_name: 'Ad Break Inserted',
      ad_break_id: 'abcdABCD1234',
      duration_seconds: 30,
      target_start_time: '2017-06-12T10:23:53Z',
      ...ofStream,
    },
  ],
  ...(['Recording Start', 'Recording Start Failure'] as const).map(
    (name) =>
      [
        {
          name,
          timeMs: TIME_MS,
          reason: name === 'Recording Start' ? ('' as const) : ('ValidationException' as const),
          bucketName: 'bucket',
          keyPrefix: 'ivs/v1/123456789012/AsXego4U6tnj/2020/6/23/20/12/j8Z9O91ndcVs',
          durationMs: 0,
          recordingSessionId: 'a6RfV23ES97iyfoQ',
        },
        {
          recording_status: name,
          recording_status_reason: name === 'Recording Start' ? '' : 'ValidationException',
          recording_s3_bucket_name: 'bucket',
          recording_s3_key_prefix: 'ivs/v1/123456789012/AsXego4U6tnj/2020/6/23/20/12/j8Z9O91ndcVs',
          recording_duration_ms: 0,
          recording_session_id: 'a6RfV23ES97iyfoQ',
          ...ofStream,
        },
      ] as const,
  ),
  ...(['Recording End', 'Recording End Failure'] as const).map(
    (name) =>
      [
        {
          name,
          timeMs: TIME_MS,
          reason: name === 'Recording End' ? ('' as const) : ('InternalServerException' as const),
          bucketName: 'bucket',
          keyPrefix: 'ivs/v1/123456789012/AsXego4U6tnj/2020/6/23/20/12/j8Z9O91ndcVs',
          durationMs: 99_370,
          recordingSessionId: 'a6RfV23ES97iyfoQ',
          recordingSessionStreamIds: ['st-254sopYUvi6F78ghpO9vn0A', 'st-1A2b3c4D5e6F78ghij9Klmn'],
        },
        {
          recording_status: name,
          recording_status_reason: name === 'Recording End' ? '' : 'InternalServerException',
          recording_s3_bucket_name: 'bucket',
          recording_s3_key_prefix: 'ivs/v1/123456789012/AsXego4U6tnj/2020/6/23/20/12/j8Z9O91ndcVs',
          recording_duration_ms: 99_370,
          recording_session_id: 'a6RfV23ES97iyfoQ',
          recording_session_stream_ids: [
            'st-254sopYUvi6F78ghpO9vn0A',
            'st-1A2b3c4D5e6F78ghij9Klmn',
          ],
          ...ofStream,
        },
      ] as const,
  ),
];

test('envelopeOf() has the detail of every event of a channel', () => {
  for (const [event, detail] of DETAILS) {
    const envelope = envelopeOf(outboxEvent(event));
    assert.deepEqual(envelope.detail, detail);
    assert.equal(envelope['detail-type'], STREAM_EVENTS[event.name]);
  }
});

test('envelopeOf() has no channel in what is of the account', () => {
  for (const [name, limitUnit] of [
    ['Concurrent Broadcasts', 'active streams'],
    ['Concurrent Viewers', 'viewers'],
  ] as const) {
    const event = { name, timeMs: TIME_MS, limitValue: 100, exceededBy: 1, limitUnit };
    const { detail, resources, ...envelope } = envelopeOf(outboxEvent(event, false));
    assert.deepEqual(resources, []);
    assert.deepEqual(detail, {
      limit_name: name,
      limit_value: 100,
      exceeded_by: 1,
      limit_unit: limitUnit,
    });
    assert.equal(envelope['detail-type'], 'IVS Limit Breach');
  }
  const told = new Set<string>([
    ...DETAILS.map(([{ name }]) => name),
    ...['Concurrent Broadcasts', 'Concurrent Viewers'],
  ]);
  assert.deepEqual(
    Object.keys(STREAM_EVENTS).filter((name) => !told.has(name)),
    [],
    'every event is here',
  );
});
