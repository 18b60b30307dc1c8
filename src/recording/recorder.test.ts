import assert from 'node:assert/strict';
import test from 'node:test';
import { DestinationRefused } from '../domain/destination-refused.ts';
import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import { RecorderBench } from './testing/recorder-bench.ts';

const PREFIX = /^ivs\/v1\/123456789012\/abcdABCDefgh\/2026\/1\/2\/3\/4\/[A-Za-z0-9]{12}$/;

const LADDER = [
  { name: '720p30', width: 1280, height: 720 },
  { name: '480p30', width: 852, height: 480 },
  { name: '160p30', width: 284, height: 160 },
] as const;

test('a recording has the tree of IVS, and its events have every member', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream();
  for (let count = 0; count < 7; count++) stream.segment();
  await bench.settle();
  bench.clock.advance(14_000);
  stream.end();
  await bench.settle();
  const [start, end, ...others] = bench.events;
  assert.ok(start && end);
  assert.deepEqual(others, []);
  assert.match(start.keyPrefix, PREFIX);
  const recording = {
    streamId: 'st-1',
    bucketName: 'bucket',
    keyPrefix: start.keyPrefix,
    recordingSessionId: start.recordingSessionId,
    reason: '',
  };
  const startedAtMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  assert.deepEqual(start, {
    ...recording,
    name: 'Recording Start',
    timeMs: startedAtMs,
    durationMs: 0,
  });
  assert.deepEqual(end, {
    ...recording,
    name: 'Recording End',
    timeMs: startedAtMs + 14_000,
    durationMs: 14_000,
    recordingSessionStreamIds: ['st-1'],
  });
  const keys = [...bench.store.objects.keys()].map((key) =>
    key.slice(`bucket/${start.keyPrefix}/`.length),
  );
  assert.deepEqual(keys.toSorted(), [
    'events/recording-ended.json',
    'events/recording-started.json',
    'media/hls/720p30/0.ts',
    'media/hls/720p30/1.ts',
    'media/hls/720p30/byte-range-variant.m3u8',
    'media/hls/720p30/playlist.m3u8',
    'media/hls/byte-range-multivariant.m3u8',
    'media/hls/master.m3u8',
  ]);
  assert.deepEqual(JSON.parse(bench.store.text('recording-ended.json')), {
    version: 'v1',
    recording_started_at: '2026-01-02T03:04:05Z',
    recording_ended_at: '2026-01-02T03:04:19Z',
    channel_arn: 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh',
    recording_status: 'RECORDING_ENDED',
    media: {
      hls: {
        duration_ms: 14_000,
        path: 'media/hls',
        playlist: 'master.m3u8',
        byte_range_playlist: 'byte-range-multivariant.m3u8',
        renditions: [
          {
            path: '720p30',
            playlist: 'playlist.m3u8',
            byte_range_playlist: 'byte-range-variant.m3u8',
            resolution_width: 1280,
            resolution_height: 720,
          },
        ],
      },
    },
  });
  assert.equal(
    bench.store.text('720p30/playlist.m3u8'),
    [
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      '#EXT-X-TARGETDURATION:12',
      '#ID3-EQUIV-TDTG:2026-01-02T03:04:19',
      '#EXT-X-PLAYLIST-TYPE:EVENT',
      '#EXT-X-MEDIA-SEQUENCE:0',
      '#EXT-X-TWITCH-ELAPSED-SECS:0.000',
      '#EXT-X-TWITCH-TOTAL-SECS:14.000',
      '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z',
      '#EXTINF:10.000,',
      '0.ts',
      '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:15.000Z',
      '#EXTINF:4.000,',
      '1.ts',
      '#EXT-X-ENDLIST',
      '',
    ].join('\n'),
  );
  assert.equal(bench.store.text('720p30/1.ts'), 'st-1 720p30 6\nst-1 720p30 7\n');
  assert.deepEqual(await bench.spool.list(), []);
});

test('a growing playlist lists what the bucket has, and never what it lacks', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream();
  for (let count = 0; count < 5; count++) stream.segment();
  await bench.settle();
  assert.match(bench.store.text('720p30/playlist.m3u8'), /\n0\.ts\n$/);
  bench.store.error = new Error('away');
  for (let count = 0; count < 5; count++) stream.segment();
  await bench.settle();
  assert.ok(!bench.store.has('/1.ts'));
  assert.match(bench.store.text('720p30/playlist.m3u8'), /\n0\.ts\n$/);
  bench.store.error = undefined;
  bench.clock.advance(1000);
  await bench.settle();
  assert.match(bench.store.text('720p30/playlist.m3u8'), /\n0\.ts\n.*\n1\.ts\n$/s);
  const { puts } = bench.store;
  assert.ok(puts.findIndex((key) => key.endsWith('/1.ts')) < puts.length - 1);
});

test('a bucket that is away for a minute in mid-stream misses nothing', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream();
  stream.segment();
  await bench.settle();
  bench.store.error = new Error('away');
  for (let count = 1; count < 30; count++) {
    stream.segment();
    bench.clock.advance(2000);
    await bench.settle();
  }
  stream.end();
  await bench.settle();
  assert.deepEqual(bench.eventNames, ['Recording Start']);
  bench.store.error = undefined;
  bench.clock.advance(30_000);
  await bench.settle();
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End']);
  const { media } = JSON.parse(bench.store.text('recording-ended.json'));
  assert.equal(media.hls.duration_ms, 60_000);
  assert.ok(bench.store.has('720p30/5.ts'));
});

test('after a crash at any moment the recording is completed, and each event is told once', async () => {
  for (let completed = 1; completed < 14; completed++) {
    const before = new RecorderBench();
    const stream = before.stream();
    for (let count = 0; count < completed; count++) stream.segment();
    await before.settle();
    // The process is gone; what was on its way is not on the disk.
    const after = new RecorderBench(before);
    await after.recorder.resume();
    await after.settle();
    assert.deepEqual(after.eventNames, ['Recording Start', 'Recording End'], `${completed}`);
    const { media } = JSON.parse(after.store.text('recording-ended.json'));
    assert.equal(media.hls.duration_ms, completed * 2000);
    const last = Math.ceil(completed / 5) - 1;
    assert.match(after.store.text('720p30/playlist.m3u8'), /ENDLIST/);
    assert.ok(after.store.text(`720p30/${last}.ts`).endsWith(`st-1 720p30 ${completed}\n`));
    assert.deepEqual(await after.spool.list(), []);
    // And once more, as if the crash had come just before the spool was emptied.
    const again = new RecorderBench(after);
    await again.recorder.resume();
    assert.deepEqual(again.eventNames, ['Recording Start', 'Recording End']);
  }
});

test('a crash between an upload and its place in the journal repeats the upload and nothing else', async () => {
  const before = new RecorderBench();
  const stream = before.stream();
  for (let count = 0; count < 5; count++) stream.segment();
  const crashes: RecorderBench[] = [];
  for (let turn = 0; turn < 40; turn++) {
    crashes.push(new RecorderBench(before));
    await Promise.resolve();
  }
  await before.settle();
  for (const after of crashes) {
    if (after.spool.recordings.size === 0) continue;
    await after.recorder.resume();
    await after.settle();
    const isThere = after.eventNames.length > 0;
    assert.deepEqual(after.eventNames, isThere ? ['Recording Start', 'Recording End'] : []);
    assert.deepEqual(await after.spool.list(), []);
  }
});

test('a stream that comes back in time and is alike goes on with the recording, up to twenty', async () => {
  const bench = new RecorderBench();
  const configuration = { recordingReconnectWindowSeconds: 30 };
  for (let count = 0; count < 21; count++) {
    const stream = bench.stream({ configuration });
    stream.segment();
    await bench.settle();
    bench.clock.advance(2000);
    stream.end();
    await bench.settle();
    bench.clock.advance(29_000);
    await bench.settle();
  }
  // The twenty-first is a recording of its own, and ends the wait for it.
  assert.equal(bench.events.length, 3);
  const end = bench.events.find(({ name }) => name === 'Recording End');
  assert.equal(end?.recordingSessionStreamIds?.length, 20);
  assert.equal(end?.durationMs, 40_000);
  assert.equal(end?.streamId, 'st-20');
  const playlist = [...bench.store.objects].find(
    ([key]) => key.startsWith(`bucket/${end?.keyPrefix}`) && key.endsWith('/playlist.m3u8'),
  );
  assert.equal(String(Buffer.from(playlist![1])).match(/DISCONTINUITY\n/g)?.length, 19);
  bench.clock.advance(1000);
  await bench.settle();
  assert.equal(bench.events.at(-1)?.streamId, 'st-21');
});

test('the end waits for the reconnect window, and for a stream that came back and is not known yet', async () => {
  const bench = new RecorderBench();
  const configuration = { recordingReconnectWindowSeconds: 10 };
  const first = bench.stream({ configuration });
  first.segment();
  first.end();
  await bench.settle();
  bench.clock.advance(9000);
  const second = bench.stream({ configuration });
  bench.clock.advance(5000);
  await bench.settle();
  assert.deepEqual(bench.eventNames, ['Recording Start']);
  second.end();
  await bench.settle();
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End']);
});

test('a stream of another size, bit rate or container is another recording', async () => {
  for (const other of [
    { width: 640 },
    { videoBitrateBps: 5_000_000 },
    { mediaExtension: 'm4s' },
  ] as const) {
    const bench = new RecorderBench();
    const configuration = { recordingReconnectWindowSeconds: 30 };
    const first = bench.stream({ configuration });
    first.segment();
    first.end();
    await bench.settle();
    const second = bench.stream({ configuration, ...other });
    second.segment();
    await bench.settle();
    assert.deepEqual(bench.events.map(({ name, streamId }) => `${streamId} ${name}`).toSorted(), [
      'st-1 Recording End',
      'st-1 Recording Start',
      'st-2 Recording Start',
    ]);
  }
});

test('a stream that begins while the last segments of the one before are on their way takes nothing from it', async () => {
  const bench = new RecorderBench();
  const configuration = { recordingReconnectWindowSeconds: 30 };
  const first = bench.stream({ configuration });
  for (let count = 0; count < 8; count++) first.segment();
  await bench.settle();
  const second = bench.stream({ configuration });
  second.segment();
  await bench.settle();
  first.segment();
  first.end();
  await bench.settle();
  second.end();
  await bench.settle();
  bench.clock.advance(30_000);
  await bench.settle();
  assert.deepEqual(
    bench.events.map(({ name, streamId, durationMs }) => [streamId, name, durationMs]),
    [
      ['st-1', 'Recording Start', 0],
      ['st-2', 'Recording Start', 0],
      ['st-1', 'Recording End', 18_000],
      ['st-2', 'Recording End', 2000],
    ],
  );
  const segments = [...bench.store.objects].filter(([key]) => key.endsWith('.ts'));
  const texts = segments.map(([, bytes]) => String(Buffer.from(bytes)));
  assert.equal(texts.join('').match(/st-1/g)?.length, 9);
  assert.equal(bench.spool.recordings.size, 0);
});

test('a bucket that refuses the first document is a Recording Start Failure, and nothing is left', async () => {
  const bench = new RecorderBench();
  bench.store.error = new DestinationRefused('no such bucket');
  const stream = bench.stream();
  stream.segment();
  await bench.settle();
  const [failure, ...others] = bench.events;
  assert.deepEqual(others, []);
  assert.equal(failure?.name, 'Recording Start Failure');
  assert.equal(failure.reason, 'ValidationException');
  assert.equal(failure.durationMs, 0);
  stream.segment();
  stream.end();
  await bench.settle();
  assert.equal(bench.events.length, 1);
  assert.deepEqual(await bench.spool.list(), []);
});

test('a disk without room for the first line is a Recording Start Failure, and nothing is left', async () => {
  const noSpace = new Error('ENOSPC');
  for (const place of ['create', 'append'] as const) {
    const bench = new RecorderBench();
    const create = bench.spool.create.bind(bench.spool);
    bench.spool.create = async (recordingId) => {
      if (place === 'create') throw noSpace;
      const spooled = await create(recordingId);
      for (const each of bench.spool.recordings.values()) each.error = noSpace;
      return spooled;
    };
    const stream = bench.stream();
    stream.segment();
    await bench.settle();
    stream.segment();
    stream.end();
    await bench.settle();
    const [failure, ...others] = bench.events;
    assert.equal(failure?.name, 'Recording Start Failure', place);
    assert.equal(failure.streamId, 'st-1');
    assert.equal(failure.reason, 'InternalServerException');
    assert.deepEqual(others, []);
    assert.deepEqual(await bench.spool.list(), []);
  }
});

test('a recording that fails while a write is under way has what that wrote, before a crash and after', async () => {
  const before = new RecorderBench();
  const stream = before.stream();
  for (let count = 0; count < 3; count++) stream.segment();
  await before.settle();
  before.store.error = new Error('away');
  const [spooled] = before.spool.recordings.values();
  const append = spooled!.append.bind(spooled);
  const gate = Promise.withResolvers<void>();
  spooled!.append = async (...written) => {
    await gate.promise;
    await append(...written);
  };
  stream.segment();
  await before.settle();
  stream.fault();
  gate.resolve();
  await before.settle();
  const after = new RecorderBench(before);
  await after.recorder.resume();
  before.store.error = undefined;
  before.clock.advance(30_000);
  for (const bench of [before, after]) {
    await bench.settle();
    assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End Failure']);
    assert.equal(bench.events.at(-1)?.durationMs, 8000);
    const text = bench.store.text('720p30/0.ts');
    assert.ok(text.endsWith('st-1 720p30 4\n'), text);
    const playlist = bench.store.text('byte-range-variant.m3u8');
    const lengths = [...playlist.matchAll(/BYTERANGE:([0-9]+)@/g)].map(([, length]) =>
      Number(length),
    );
    assert.equal(
      lengths.reduce((sum, length) => sum + length),
      text.length,
    );
  }
});

test('a full disk ends the recording with its failure; what was complete stays', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream();
  for (let count = 0; count < 6; count++) stream.segment();
  await bench.settle();
  assert.ok(stream.isRecording);
  for (const spooled of bench.spool.recordings.values()) spooled.error = new Error('ENOSPC');
  stream.segment();
  await bench.settle();
  assert.ok(!stream.isRecording);
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End Failure']);
  assert.equal(bench.events.at(-1)?.reason, 'InternalServerException');
  assert.equal(bench.events.at(-1)?.durationMs, 12_000);
  // Of a bucket that takes everything nothing is left a moment later: no scrape may have seen it in the gauge.
  const { byCondition, failureCount } = bench.recorder.measurements();
  assert.deepEqual([byCondition.size, failureCount], [0, 1]);
  const document = JSON.parse(bench.store.text('recording-failed.json'));
  assert.equal(document.recording_status, 'RECORDING_ENDED_WITH_FAILURE');
  assert.equal(document.recording_status_message, 'ENOSPC');
  assert.ok(bench.store.text('720p30/1.ts').endsWith('st-1 720p30 6\n'));
  assert.match(bench.store.text('720p30/playlist.m3u8'), /ENDLIST/);
});

/** A recording that has all the disk it may use, while its bucket is away. */
async function recordBeyondTheLimit(): Promise<RecorderBench> {
  const bench = new RecorderBench(undefined, { spoolLimitBytes: 100 });
  const stream = bench.stream();
  stream.segment();
  await bench.settle();
  bench.store.error = new Error('away');
  for (let count = 0; count < 20; count++) {
    stream.segment();
    await bench.settle();
  }
  return bench;
}

/** Minute by minute: the pauses between attempts are shorter. */
async function passHours(bench: RecorderBench, hours: number) {
  for (let minutes = 0; minutes < hours * 60; minutes++) {
    bench.clock.advance(60_000);
    await bench.settle();
  }
}

/** Every put of which this is so is rejected. */
function rejectPuts(bench: RecorderBench, isAway: (bucketName: string, key: string) => boolean) {
  const put = bench.store.putBytes.bind(bench.store);
  bench.store.putBytes = async (bucketName, key, ...object) => {
    if (isAway(bucketName, key)) throw new Error('away');
    await put(bucketName, key, ...object);
  };
}

async function assertBroughtToItsBucket(bench: RecorderBench) {
  bench.store.error = undefined;
  bench.clock.advance(30_000);
  await bench.settle();
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End Failure']);
  const { durationMs } = bench.events.at(-1)!;
  assert.ok(durationMs >= 12_000 && durationMs < 20_000, `${durationMs}`);
  assert.ok(bench.store.has('/1.ts'));
  assert.match(bench.store.text('720p30/playlist.m3u8'), /\n1\.ts\n#EXT-X-ENDLIST/);
  assert.deepEqual(await bench.spool.list(), []);
}

test('recordings use no more disk than they may; what they have is for the bucket, however long that is away', async () => {
  const bench = await recordBeyondTheLimit();
  await passHours(bench, 5);
  assert.deepEqual(bench.eventNames, ['Recording Start']);
  await assertBroughtToItsBucket(bench);
});

test('a bucket that is away fails no recordings for others', async () => {
  const bench = new RecorderBench(undefined, { spoolLimitBytes: 3200 });
  rejectPuts(bench, (bucketName) => bucketName === 'dead');
  const dead = bench.stream({ configuration: { bucketName: 'dead' } });
  dead.segment();
  const well = bench.stream({ channelArn: 'arn:aws:ivs:us-west-2:123456789012:channel/other' });
  for (let count = 0; count < 250; count++) {
    dead.segment();
    if (count % 2 === 0) well.segment();
    await bench.settle();
  }
  const { byCondition, spooledBytes, spoolLimitBytes } = bench.recorder.measurements();
  assert.deepEqual(Object.fromEntries(byCondition), { failed: 1, recording: 1 });
  assert.ok(spooledBytes > 2000 && spooledBytes <= spoolLimitBytes, `${spooledBytes}`);
  assert.equal(spoolLimitBytes, 3200);
  well.end();
  await bench.settle();
  const ended = bench.events.filter(({ name }) => name !== 'Recording Start');
  assert.deepEqual(
    ended.map(({ name, streamId, durationMs }) => [name, streamId, durationMs]),
    [['Recording End', 'st-2', 250_000]],
  );
  const [left] = bench.spool.recordings.values();
  assert.match(left?.journal.at(-1) ?? '', /"failed".*this one most/);
});

test('after a restart a recording that failed waits for its bucket as any other', async () => {
  const after = new RecorderBench(await recordBeyondTheLimit());
  after.store.error = new Error('no network yet');
  await after.recorder.resume();
  for (let seconds = 0; seconds < 60; seconds++) {
    after.clock.advance(1000);
    await after.settle();
  }
  await assertBroughtToItsBucket(after);
});

test('what a bucket that is away for six hours has not got is kept until others need the room: then the failure is told', async () => {
  const bench = new RecorderBench(undefined, { spoolLimitBytes: 3200 });
  const away = new Set(['dead']);
  rejectPuts(bench, (bucketName) => away.has(bucketName));
  const dead = bench.stream({ configuration: { bucketName: 'dead' } });
  for (let count = 0; count < 250; count++) {
    dead.segment();
    await bench.settle();
  }
  await passHours(bench, 7);
  assert.deepEqual(bench.eventNames, []);
  assert.equal((await bench.spool.list()).length, 1);

  away.add('bucket');
  const other = bench.stream({ channelArn: 'arn:aws:ivs:us-west-2:123456789012:channel/other' });
  for (let count = 0; count < 10; count++) {
    other.segment();
    await bench.settle();
    bench.clock.advance(10_000);
  }
  assert.deepEqual(
    bench.events.map(({ name, streamId }) => `${streamId} ${name}`),
    ['st-1 Recording Start Failure'],
  );
  assert.equal((await bench.spool.list()).length, 1);
  away.delete('bucket');
  bench.clock.advance(30_000);
  other.end();
  await bench.settle();
  assert.equal(bench.eventNames.at(-1), 'Recording End');
  assert.deepEqual(await bench.spool.list(), []);
});

test('on a full disk what a bucket has not had for six hours makes room, without a recording that needs it', async () => {
  const bench = await recordBeyondTheLimit();
  bench.isDiskFull = true;
  await passHours(bench, 5.9);
  assert.equal((await bench.spool.list()).length, 1);
  await passHours(bench, 0.2);
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End Failure']);
  assert.deepEqual(await bench.spool.list(), []);
});

test('what waited before a restart has waited', async () => {
  const before = await recordBeyondTheLimit();
  await passHours(before, 5.5);
  const after = new RecorderBench(before);
  after.store.error = new Error('away');
  after.isDiskFull = true;
  await after.recorder.resume();
  await passHours(after, 0.9);
  assert.equal((await after.spool.list()).length, 1);
  await passHours(after, 0.2);
  assert.deepEqual(await after.spool.list(), []);
});

test('on a full disk the largest of what is overdue makes room, and the others stay where that is enough', async () => {
  const bench = new RecorderBench();
  bench.store.error = new Error('away');
  for (const [index, segments] of [2, 20, 3].entries()) {
    const channelArn = `arn:aws:ivs:us-west-2:123456789012:channel/${index}`;
    const stream = bench.stream({ channelArn });
    for (let count = 0; count < segments; count++) stream.segment();
    await bench.settle();
    stream.end();
    await bench.settle();
    bench.clock.advance(9000);
  }
  await passHours(bench, 7);
  const [, largest] = [...bench.spool.recordings.keys()];
  bench.isDiskFull = true;
  for (let seconds = 0; seconds < 120; seconds++) {
    bench.clock.advance(1000);
    await bench.settle();
    const left = await bench.spool.list();
    if (left.length < 3) bench.isDiskFull = false;
  }
  const left = await bench.spool.list();
  assert.equal(left.length, 2);
  assert.ok(!left.includes(largest!), `${largest} of ${left}`);
});

test('a recording of which only the documents are missing ends after six hours', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream();
  for (let count = 0; count < 6; count++) stream.segment();
  await bench.settle();
  rejectPuts(bench, (_, key) => !key.endsWith('.ts'));
  stream.end();
  await bench.settle();
  await passHours(bench, 5.9);
  assert.deepEqual(bench.eventNames, ['Recording Start']);
  await passHours(bench, 0.2);
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End Failure']);
  assert.deepEqual(await bench.spool.list(), []);
});

test('what waited for its bucket for more than six hours gets there when it is back', async () => {
  const bench = await recordBeyondTheLimit();
  await passHours(bench, 12);
  await assertBroughtToItsBucket(bench);
});

test('what failed before its bucket was ever there is brought to it all the same', async () => {
  const bench = new RecorderBench(undefined, { spoolLimitBytes: 100 });
  bench.store.error = new Error('away');
  const stream = bench.stream();
  for (let count = 0; count < 20; count++) {
    stream.segment();
    await bench.settle();
  }
  const after = new RecorderBench(bench);
  await after.recorder.resume();
  await after.settle();
  assert.deepEqual(after.eventNames, ['Recording Start', 'Recording End Failure']);
  assert.ok(after.store.has('/1.ts'));
});

test('after a restart on a full disk the stream that comes back is recorded, as far as that goes, and its end is told', async () => {
  const before = new RecorderBench();
  const configuration = { recordingReconnectWindowSeconds: 300 };
  const stream = before.stream({ configuration });
  for (let count = 0; count < 6; count++) stream.segment();
  await before.settle();
  const after = new RecorderBench(before);
  for (const spooled of after.spool.recordings.values()) spooled.error = new Error('ENOSPC');
  await after.recorder.resume();
  await after.settle();
  assert.deepEqual(after.eventNames, ['Recording Start', 'Recording End Failure']);
  after.clock.advance(5000);
  const next = after.stream({ configuration });
  for (let count = 0; count < 6; count++) next.segment();
  next.end();
  await after.settle();
  after.clock.advance(300_000);
  await after.settle();
  assert.deepEqual(
    after.events.slice(2).map(({ name, streamId }) => `${streamId} ${name}`),
    ['st-2 Recording Start', 'st-2 Recording End'],
  );
});

test('after a restart a stream goes on with the newest recording of its channel, whatever their ids', async () => {
  const before = new RecorderBench();
  const configuration = { recordingReconnectWindowSeconds: 300 };
  const first = before.stream({ configuration });
  first.segment();
  await before.settle();
  before.store.error = new Error('away');
  first.segment();
  first.end();
  await before.settle();
  before.clock.advance(1000);
  before.stream({ configuration, width: 640 }).segment();
  await before.settle();
  for (const order of ['toSorted', 'toReversed'] as const) {
    const after = new RecorderBench(before);
    after.store.error = before.store.error;
    const ids = await after.spool.list();
    after.spool.list = async () => ids[order]();
    await after.recorder.resume();
    await after.settle();
    after.stream({ configuration, width: 640 }).segment();
    await after.settle();
    assert.equal(after.spool.recordings.size, 2, order);
  }
});

test('nothing that a crash left half written gets to the bucket', async () => {
  const before = new RecorderBench();
  const stream = before.stream({ renditions: LADDER });
  for (let count = 0; count < 3; count++) stream.segment();
  await before.settle();
  for (const { contents } of before.spool.recordings.values()) {
    for (const [name, bytes] of contents) {
      contents.set(name, Buffer.concat([bytes, Buffer.from('garbage')]));
    }
  }
  const after = new RecorderBench(before);
  const put = after.store.putFile.bind(after.store);
  const uploads: string[] = [];
  after.store.putFile = async (bucketName, key, path) => {
    uploads.push(String(after.spool.read(path)));
    await put(bucketName, key, path);
  };
  for (const spooled of after.spool.recordings.values()) {
    const truncate = spooled.truncate.bind(spooled);
    // A slow disk.
    spooled.truncate = async (...cut) => {
      await after.settle();
      await truncate(...cut);
    };
  }
  await after.recorder.resume();
  await after.settle();
  assert.equal(uploads.length, 3);
  assert.doesNotMatch(uploads.join(), /garbage/);
});

test('renditions are those that the configuration selects', async () => {
  const recorded = async (
    renditionConfiguration: RecordingConfigurationRecord['renditionConfiguration'],
  ) => {
    const bench = new RecorderBench();
    const stream = bench.stream({
      renditions: LADDER,
      configuration: { renditionConfiguration },
    });
    stream.segment();
    stream.end();
    await bench.settle();
    const { media } = JSON.parse(bench.store.text('recording-ended.json'));
    assert.equal(bench.events.at(-1)?.durationMs, 2000);
    return media.hls?.renditions.map(({ path }: { path: string }) => path);
  };
  assert.deepEqual(await recorded({ renditionSelection: 'ALL', renditions: [] }), [
    '720p30',
    '480p30',
    '160p30',
  ]);
  assert.equal(await recorded({ renditionSelection: 'NONE', renditions: [] }), undefined);
  assert.deepEqual(
    await recorded({ renditionSelection: 'CUSTOM', renditions: ['SD', 'LOWEST_RESOLUTION'] }),
    ['480p30', '160p30'],
  );
  assert.deepEqual(await recorded({ renditionSelection: 'CUSTOM', renditions: ['FULL_HD'] }), [
    '720p30',
  ]);
});

test('what a rendition lacks is a gap in its playlist, and all renditions go on together', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream({ renditions: LADDER.slice(0, 2) });
  stream.segment();
  stream.segmentOf(0, 2);
  stream.segmentOf(1, 2, { isGap: true });
  for (let count = 0; count < 3; count++) stream.segment();
  stream.segment();
  stream.end();
  await bench.settle();
  const durations = (end: string) =>
    [...bench.store.text(end).matchAll(/(?:(GAP)\n)?#EXTINF:([0-9.]+)/g)].map(
      ([, gap = '', seconds]) => `${gap}${seconds}`,
    );
  assert.deepEqual(durations('720p30/playlist.m3u8'), ['10.000', '2.000']);
  assert.deepEqual(durations('480p30/playlist.m3u8'), ['2.000', 'GAP2.000', '6.000', '2.000']);
});

test('a rendition that begins with a gap is recorded: the first segment of media says what it is', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream({ renditions: LADDER.slice(0, 2) });
  stream.segmentOf(0, 2);
  stream.segmentOf(1, 2, { isGap: true });
  for (let count = 0; count < 4; count++) stream.segment();
  stream.end();
  await bench.settle();
  assert.match(bench.store.text('480p30/playlist.m3u8'), /GAP\n#EXTINF:2.000,\n0\.ts\n.*1\.ts/s);
  assert.match(bench.store.text('hls/master.m3u8'), /\n480p30\/playlist.m3u8\n/);
});

test('where streams are merged every rendition has its discontinuity and its date, be it at a gap', async () => {
  const bench = new RecorderBench();
  const options = {
    renditions: LADDER.slice(0, 2),
    configuration: { recordingReconnectWindowSeconds: 60 },
  };
  const first = bench.stream(options);
  first.segment();
  first.end();
  await bench.settle();
  bench.clock.advance(30_000);
  const second = bench.stream(options);
  second.segmentOf(0, 2);
  second.segmentOf(1, 2, { isGap: true });
  second.segment();
  second.end();
  await bench.settle();
  bench.clock.advance(60_000);
  await bench.settle();
  assert.deepEqual(bench.events.at(-1)?.recordingSessionStreamIds, ['st-1', 'st-2']);
  for (const name of ['720p30', '480p30']) {
    const playlist = bench.store.text(`${name}/playlist.m3u8`);
    assert.equal(playlist.match(/DISCONTINUITY\n/g)?.length, 1, playlist);
    assert.match(playlist, /DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:35.000Z\n/);
  }
});

test('a stream without a complete segment is not recorded', async () => {
  const bench = new RecorderBench();
  bench.stream().end();
  await bench.settle();
  assert.deepEqual(bench.events, []);
  assert.deepEqual(await bench.spool.list(), []);
});

test('a shutdown leaves on disk what it could not finish, and the next start finishes it', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream();
  stream.segment();
  await bench.settle();
  bench.store.error = new Error('away');
  stream.segment();
  stream.end();
  const stopping = bench.recorder[Symbol.asyncDispose]();
  await bench.settle();
  bench.clock.advance(2000);
  await stopping;
  const next = new RecorderBench(bench);
  await next.recorder.resume();
  await next.settle();
  assert.deepEqual(next.eventNames, ['Recording Start', 'Recording End']);
  assert.equal(next.events.at(-1)?.durationMs, 4000);
});

test('playlists are written at least every 30 s while a recording grows, however long its segments are', async () => {
  for (const seconds of [2, 4, 5, 6]) {
    const bench = new RecorderBench();
    const stream = bench.stream();
    const writtenMs = { playlist: [] as number[], 'byte-range-variant': [] as number[] };
    for (let elapsed = 0; elapsed < 300; elapsed += seconds) {
      bench.clock.advance(seconds * 1000);
      stream.segment(seconds);
      const before = bench.store.puts.length;
      await bench.settle();
      for (const [name, times] of Object.entries(writtenMs)) {
        const isWritten = bench.store.puts
          .slice(before)
          .some((key) => key.endsWith(`/${name}.m3u8`));
        if (isWritten) times.push(bench.clock.monotonicMs());
      }
    }
    for (const [name, times] of Object.entries(writtenMs)) {
      const pauses = [...times, 300_000].map((time, index) => time - (times[index - 1] ?? 0));
      assert.ok(Math.max(...pauses) <= 30_000, `${name}: ${pauses}`);
    }
  }
});

test('playlists and the latest thumbnail are written at least every 30 s while a backlog is brought to the bucket', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream({
    configuration: {
      thumbnailConfiguration: {
        recordingMode: 'INTERVAL',
        targetIntervalSeconds: 60,
        storage: ['LATEST'],
      },
    },
  });
  stream.segment();
  await bench.settle();
  bench.store.error = new Error('away');
  for (let count = 0; count < 100; count++) stream.segment();
  stream.thumbnail(Buffer.from('ffd8ffc000110802d0050003012200021101031101ffd9', 'hex'));
  await bench.settle();
  const writtenMs: Record<string, number[]> = {
    'playlist.m3u8': [],
    'byte-range-variant.m3u8': [],
    'latest_thumbnail/thumb.jpg': [],
  };
  const put = bench.store.putBytes.bind(bench.store);
  bench.store.putBytes = async (bucketName, key, bytes) => {
    for (const [name, times] of Object.entries(writtenMs)) {
      if (key.endsWith(`/${name}`)) times.push(bench.clock.monotonicMs());
    }
    // A slow one.
    if (key.endsWith('.ts')) bench.clock.advance(4000);
    await put(bucketName, key, bytes);
  };
  bench.store.error = undefined;
  const mendedMs = bench.clock.monotonicMs() + 30_000;
  bench.clock.advance(30_000);
  await bench.settle();
  await bench.settle();
  const endMs = bench.clock.monotonicMs();
  assert.ok(endMs - mendedMs > 75_000, 'the backlog takes so long');
  for (const [name, times] of Object.entries(writtenMs)) {
    if (name.endsWith('.jpg')) assert.ok((times[0] ?? endMs) - mendedMs <= 30_000, name);
    else {
      const pauses = [...times, endMs].map((time, index) => time - (times[index - 1] ?? mendedMs));
      assert.ok(Math.max(...pauses) <= 30_000, `${name}: ${pauses}`);
    }
  }
});

test('thumbnails are kept at their interval, be one of them late, and numbered on', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream({
    configuration: {
      thumbnailConfiguration: {
        recordingMode: 'INTERVAL',
        targetIntervalSeconds: 10,
        storage: ['SEQUENTIAL'],
      },
    },
  });
  const jpeg = Buffer.from('ffd8ffc000110802d0050003012200021101031101ffd9', 'hex');
  stream.segment();
  const keptMs: number[] = [];
  // Every five seconds, the third a little late, the fourth early, the sixth missing.
  for (const atMs of [0, 5000, 14_000, 14_900, 20_000, 35_000, 40_200, 45_000]) {
    bench.clock.advance(atMs - bench.clock.monotonicMs());
    const { size } = bench.store.objects;
    stream.thumbnail(jpeg);
    await bench.settle();
    if (bench.store.objects.size > size && bench.store.has('/thumb0.jpg')) keptMs.push(atMs);
  }
  assert.deepEqual(keptMs, [0, 14_000, 20_000, 35_000, 40_200]);
  assert.ok(bench.store.has('/thumb4.jpg'));
  assert.ok(!bench.store.has('/thumb5.jpg'));
});

test('a thumbnail that comes before the recording begins is where its interval begins', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream();
  const jpeg = Buffer.from('ffd8ffc000110802d0050003012200021101031101ffd9', 'hex');
  stream.thumbnail(jpeg);
  bench.clock.advance(2000);
  stream.segment();
  await bench.settle();
  // A keyframe every sixty seconds since the first one.
  bench.clock.advance(58_000);
  stream.thumbnail(jpeg);
  await bench.settle();
  assert.ok(bench.store.has('/thumb0.jpg'));
  assert.ok(bench.store.has('/thumb1.jpg'));
});

test('thumbnails that nobody can make are in no document', async () => {
  const bench = new RecorderBench();
  const stream = bench.stream({ hasThumbnails: false });
  stream.segment();
  stream.thumbnail(Buffer.from('ffd8ffc000110802d0050003012200021101031101ffd9', 'hex'));
  stream.end();
  await bench.settle();
  for (const name of ['recording-started.json', 'recording-ended.json']) {
    assert.deepEqual(Object.keys(JSON.parse(bench.store.text(name)).media), ['hls']);
  }
  assert.ok(!bench.store.has('.jpg'));
});
