import assert from 'node:assert/strict';
import test from 'node:test';
import { RecordedLog } from '../../test/support/ivory.ts';
import { UnreadableFile } from '../domain/unreadable-file.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import type { ChunkEntry } from './journal.ts';
import { RecordedRendition } from './recorded-rendition.ts';
import { RecorderBench } from './testing/recorder-bench.ts';

/** A recording of five segments that waits for its bucket, of whose files in the spool these were lost after a crash. */
async function crashWithout(
  files: readonly string[],
): Promise<{ bench: RecorderBench; log: RecordedLog }> {
  const before = new RecorderBench();
  before.store.error = new Error('away');
  const stream = before.stream();
  for (let count = 0; count < 25; count++) stream.segment();
  await before.settle();
  const log = new RecordedLog();
  const bench = new RecorderBench(before, { log });
  const [spooled] = bench.spool.recordings.values();
  for (const file of files) assert.ok(spooled?.contents.delete(file), file);
  return { bench, log };
}

/** 1280x720, as far as anybody looks. */
const JPEG = Buffer.from('ffd8ffc000110802d0050003012200021101031101ffd9', 'hex');

const LOST = 'a file of the recording is lost: its bucket gets the rest';

const segmentsOf = (playlist: string) =>
  [...playlist.matchAll(/(GAP\n)?#EXTINF:([0-9.]+),\n(\S+)/g)].map(
    ([, gap, seconds, uri]) => `${gap ? 'gap ' : ''}${seconds} ${uri}`,
  );

/** Whatever was wrong with the spool was taken for the bucket's: it was tried again for ever, and nothing behind it went on. */
test('a file that is missing in the spool is a gap in the playlists and an error in the log, and the rest goes on', async () => {
  const { bench, log } = await crashWithout(['720p30/1.ts']);
  await bench.recorder.resume();
  await bench.settle();
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End']);
  assert.equal(bench.events.at(-1)?.durationMs, 50_000);
  const playlist = bench.store.text('720p30/playlist.m3u8');
  assert.deepEqual(segmentsOf(playlist), [
    '10.000 0.ts',
    'gap 10.000 1.ts',
    '10.000 2.ts',
    '10.000 3.ts',
    '10.000 4.ts',
  ]);
  assert.match(playlist, /#EXT-X-VERSION:8\n/);
  assert.match(bench.store.text('byte-range-variant.m3u8'), /GAP\n#EXTINF:10.000,\n1\.ts\n/);
  assert.ok(bench.store.has('720p30/4.ts') && !bench.store.has('720p30/1.ts'));
  const errors = log.lines.filter(({ level }) => level === 'error');
  const [id] = [...bench.store.puts[0]!.matchAll(/[A-Za-z0-9]{12}(?=\/events)/g)];
  assert.deepEqual(
    errors.map(({ message, fields }) => [message, (fields['err'] as Error).message]),
    [[LOST, `cannot read ${id}/720p30/1.ts: ENOENT`]],
  );
  assert.ok(!log.lines.some(({ message }) => /bucket of a recording/.test(message)));
  assert.deepEqual(await bench.spool.list(), []);
});

test('what was lost stays a gap when another crash comes before the rest is in the bucket', async () => {
  const { bench } = await crashWithout(['720p30/1.ts']);
  const put = bench.store.putBytes.bind(bench.store);
  bench.store.putBytes = async (bucketName, key, bytes) => {
    if (key.endsWith('/3.ts')) throw new Error('away');
    await put(bucketName, key, bytes);
  };
  await bench.recorder.resume();
  await bench.settle();
  const after = new RecorderBench(bench);
  await after.recorder.resume();
  await after.settle();
  assert.deepEqual(after.eventNames, ['Recording Start', 'Recording End']);
  const segments = segmentsOf(after.store.text('720p30/playlist.m3u8'));
  assert.deepEqual(segments.slice(0, 3), ['10.000 0.ts', 'gap 10.000 1.ts', '10.000 2.ts']);
  assert.equal(segments.length, 5);
});

test('files that a recording loses after it has failed are gaps, and a thumbnail is left out', async () => {
  const log = new RecordedLog();
  const bench = new RecorderBench(undefined, { log });
  const stream = bench.stream();
  stream.segment();
  await bench.settle();
  bench.store.error = new Error('away');
  for (let count = 1; count < 15; count++) stream.segment();
  stream.thumbnail(JPEG);
  await bench.settle();
  stream.fault();
  await bench.settle();
  const [spooled] = bench.spool.recordings.values();
  for (const file of ['720p30/1.ts', 'thumbnails/thumb0.jpg']) {
    assert.ok(spooled?.contents.delete(file), file);
  }
  bench.store.error = undefined;
  bench.clock.advance(30_000);
  await bench.settle();
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End Failure']);
  const segments = segmentsOf(bench.store.text('720p30/playlist.m3u8'));
  assert.deepEqual(segments, ['10.000 0.ts', 'gap 10.000 1.ts', '10.000 2.ts']);
  assert.equal(log.lines.filter(({ message }) => message === LOST).length, 2);
  assert.match(spooled?.journal.at(-1) ?? '', /"lost".*1\.ts/);
});

test('a file that cannot be read for now is tried again, and the log does not take it for the bucket', async () => {
  const { bench, log } = await crashWithout([]);
  const put = bench.store.putFile.bind(bench.store);
  const error = new UnreadableFile({ path: 'spool/1.ts', reason: 'EMFILE', isLost: false });
  bench.store.putFile = async () => {
    throw error;
  };
  await bench.recorder.resume();
  await bench.settle();
  bench.store.putFile = put;
  bench.clock.advance(1000);
  await bench.settle();
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End']);
  assert.doesNotMatch(bench.store.text('720p30/playlist.m3u8'), /GAP/);
  const warnings = log.lines.filter(({ level }) => level === 'warn');
  assert.deepEqual(
    warnings.map(({ message, fields }) => [message, fields['err']]),
    [['cannot read a file of a recording', error]],
  );
});

test('where the init segment is lost, so is what needs it', () => {
  const facts = { name: '720p30', width: 1280, height: 720, codecs: 'avc1.64001F' };
  const rendition = new RecordedRendition(facts, 'mp4');
  const chunk = (segment: number, init: number): ChunkEntry => ({
    ...{ type: 'chunk', rendition: '720p30', segment, init },
    ...{ isDiscontinuous: false, programDateTimeMs: 0 },
    groups: [{ byteLength: 10, ticks: 10 * VIDEO_TIMESCALE }],
  });
  rendition.init({ index: 0, byteLength: 10 });
  rendition.chunk(chunk(0, 0));
  rendition.init({ index: 1, byteLength: 10 });
  rendition.chunk(chunk(1, 1));
  rendition.lost('720p30/init-0.mp4');
  while (rendition.waiting.length > 0) rendition.arrived();
  const playlist = Buffer.from(rendition.lines).toString();
  assert.deepEqual(segmentsOf(playlist), ['gap 10.000 0.mp4', '10.000 1.mp4']);
  assert.deepEqual(playlist.match(/init-[0-9]\.mp4/g), ['init-1.mp4']);
});
