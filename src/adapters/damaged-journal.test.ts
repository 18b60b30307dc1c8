import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { type LogLine, RecordedLog, temporaryDirectory } from '../../test/support/ivory.ts';
import { until as untilDeadline } from '../../test/support/until.ts';
import { RecorderBench } from '../recording/testing/recorder-bench.ts';
import { BucketDirectory } from './bucket-directory.ts';
import { DirectorySpool } from './recording-spool.ts';

const until = <T>(what: string, ask: () => Promise<T | undefined | false>) =>
  untilDeadline(what, ask, { timeoutMs: 5000, intervalMs: 5 });

/** So many live segments of two seconds: six segments of a recording, of which the last is open. */
const SEGMENTS = 28;

/** A recording that a crash left in the spool, of which its bucket has nothing; what the next starts do with it. */
async function setUp() {
  const directory = await temporaryDirectory();
  const spoolPath = path.join(directory.path, 'spool');
  const buckets = new BucketDirectory(path.join(directory.path, 'buckets'));
  const away = {
    putBytes: () => Promise.reject(new Error('away')),
    putFile: () => Promise.reject(new Error('away')),
  };
  const before = new RecorderBench(undefined, {
    disk: { spool: new DirectorySpool(spoolPath), store: away },
  });
  const stream = before.stream();
  for (let count = 0; count < SEGMENTS; count++) stream.segment();
  const spooledBytes = Array.from({ length: SEGMENTS }, (_, i) => `st-1 720p30 ${i + 1}\n`).join(
    '',
  );
  await until(
    'all of it to be on disk',
    async () => before.recorder.measurements().spooledBytes === spooledBytes.length,
  );
  const [recordingId = ''] = await readdir(spoolPath);
  const journalPath = path.join(spoolPath, recordingId, 'journal');
  return {
    recordingId,
    journalPath,
    keptPath: path.join(spoolPath, `${recordingId}.damaged`),
    spooled: () => readdir(spoolPath),
    async bucketText(end: string) {
      const root = path.join(directory.path, 'buckets');
      const names = await readdir(root, { recursive: true }).catch(() => []);
      const name = names.find((each) => each.endsWith(end));
      return name === undefined ? '' : readFile(path.join(root, name), 'utf8');
    },
    /** The next start: its log, and what the history has been told by the end. */
    async start(crashed = before) {
      const log = new RecordedLog();
      const bench = new RecorderBench(crashed, {
        disk: { spool: new DirectorySpool(spoolPath), store: buckets },
        log,
      });
      await bench.recorder.resume();
      await until('the spool to be empty', async () => {
        const ids = await new DirectorySpool(spoolPath).list();
        return ids.length === 0;
      });
      await bench.settle();
      return { bench, errors: log.lines.filter(({ level }: LogLine) => level === 'error') };
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

const mediaOf = (folder: string) => readdir(path.join(folder, '720p30'));

/**
 * A start took a journal whose first line it could not read for one that a crash had left without any, and removed all of the
 * recording with it.
 */
test('a recording whose journal cannot be read is kept aside with all of its media, once, with an error', async () => {
  for (const damage of ['first byte', 'empty', 'missing'] as const) {
    await using world = await setUp();
    const journal = await readFile(world.journalPath);
    journal[0] = 0;
    await writeFile(world.journalPath, damage === 'empty' ? '' : journal);
    if (damage === 'missing') await rm(world.journalPath);
    const first = await world.start();
    assert.deepEqual(await world.spooled(), [`${world.recordingId}.damaged`], damage);
    assert.equal((await mediaOf(world.keptPath)).length, 6);
    assert.deepEqual(
      first.errors.map(({ message, fields }) => [message, fields['recording'], fields['keptAs']]),
      [
        [
          'cannot read the journal of a recording: its media are kept aside',
          world.recordingId,
          world.keptPath,
        ],
      ],
    );
    const second = await world.start(first.bench);
    assert.deepEqual(second.errors, []);
    assert.equal((await mediaOf(world.keptPath)).length, 6);
  }
});

/** A start took whatever followed a damaged line for the end that a crash leaves torn, and cut it off without a word. */
test('of a journal that is damaged the recording has what is before, fails, and is kept aside as it was', async () => {
  await using world = await setUp();
  const text = await readFile(world.journalPath, 'utf8');
  const lines = text.split('\n');
  lines[14] = `\0${lines[14]?.slice(1)}`;
  const damaged = lines.join('\n');
  await writeFile(world.journalPath, damaged);
  const openSegment = await readFile(path.join(path.dirname(world.journalPath), '720p30/2.ts'));
  const { bench, errors } = await world.start();
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End Failure']);
  assert.equal(bench.events.at(-1)?.durationMs, 24_000);
  assert.match(await world.bucketText('720p30/playlist.m3u8'), /\n2\.ts\n#EXT-X-ENDLIST/);
  assert.match(await world.bucketText('720p30/2.ts'), /^st-1 720p30 11\nst-1 720p30 12\n$/);
  const document = JSON.parse(await world.bucketText('recording-failed.json'));
  const dropped = lines.length - 1 - 14;
  assert.match(document.recording_status_message, new RegExp(`line 15 .* ${dropped} lines`));
  const [error, ...others] = errors;
  assert.deepEqual(others, []);
  assert.match(error?.message ?? '', /the journal of a recording is damaged/);
  const { recording, line, droppedLines, keptAs } = error?.fields ?? {};
  assert.deepEqual(
    { recording, line, droppedLines, keptAs },
    { recording: world.recordingId, line: 15, droppedLines: dropped, keptAs: world.keptPath },
  );
  assert.deepEqual(await world.spooled(), [`${world.recordingId}.damaged`]);
  assert.equal((await mediaOf(world.keptPath)).length, 6);
  assert.equal(await readFile(path.join(world.keptPath, 'journal'), 'utf8'), damaged);
  assert.deepEqual(await readFile(path.join(world.keptPath, '720p30/2.ts')), openSegment);
});

test('the line that a crash in mid-write left torn is cut off without a word', async () => {
  await using world = await setUp();
  const text = await readFile(world.journalPath, 'utf8');
  await writeFile(world.journalPath, `${text}{"type":"chunk","rendi`);
  const { bench, errors } = await world.start();
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End']);
  assert.deepEqual(errors, []);
  assert.deepEqual(await world.spooled(), []);
});
