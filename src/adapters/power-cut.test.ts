import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRecordedPlaylist } from '../../scripts/verify-recording/recorded-playlist.ts';
import { RecorderBench } from '../recording/testing/recorder-bench.ts';
import { BucketDirectory } from './bucket-directory.ts';
import { DirectorySpool } from './recording-spool.ts';
import { SimulatedDisk } from './testing/simulated-disk.ts';

const SEGMENTS = 8;

/** What survives of a step is a matter of chance. */
const RUNS_A_STEP = 3;

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function benchOn({ files }: SimulatedDisk, crashed?: RecorderBench): RecorderBench {
  return new RecorderBench(crashed, {
    disk: {
      spool: new DirectorySpool('/data/spool', { files }),
      store: new BucketDirectory('/data/buckets', files),
    },
  });
}

/** One with a data directory, whose power lasts for so many steps. */
async function newDisk(powerLastsFor: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  await disk.files.mkdir('/data');
  await (await disk.files.open('/', 'r')).sync();
  disk.cutPowerIn(powerLastsFor);
  return disk;
}

/** Records until the power goes; how many segments were on disk by then, as far as the recorder knew. */
async function record(disk: SimulatedDisk): Promise<{ bench: RecorderBench; kept: number }> {
  const bench = benchOn(disk);
  const stream = bench.stream();
  let kept = 0;
  for (let count = 1; count <= SEGMENTS && disk.hasPower; count++) {
    stream.segment();
    if (count % 3 === 1) stream.thumbnail(JPEG);
    await bench.settle();
    if (disk.hasPower) kept = count;
  }
  stream.end();
  await bench.settle();
  return { bench, kept };
}

/** 1280x720, as far as anybody looks. */
const JPEG = Buffer.from(
  'ffd8ffc0001108 02d0 0500 03012200021101031101ffd9'.replaceAll(' ', ''),
  'hex',
);

/** The recording in the bucket is whole and lasts at least as long as what was kept; the spool is empty. */
function assertComplete(disk: SimulatedDisk, bench: RecorderBench, kept: number): void {
  const contents = disk.contents();
  const names = [...contents.keys()];
  const find = (end: string) => names.find((name) => name.endsWith(end));
  const read = (end: string) => contents.get(find(end) ?? '')?.toString() ?? '';
  assert.deepEqual(bench.eventNames, ['Recording Start', 'Recording End']);
  assert.deepEqual(
    names.filter((name) => name.startsWith('/data/spool')),
    [],
  );
  const { media } = JSON.parse(read('events/recording-ended.json'));
  assert.ok(media.hls.duration_ms >= kept * 2000, `${media.hls.duration_ms} ms of ${kept}`);
  const playlist = readRecordedPlaylist(read('720p30/playlist.m3u8'));
  assert.ok(playlist.isEnded);
  const text = playlist.entries.map(({ uri }) => read(`720p30/${uri}`)).join('');
  const expected = Array.from(
    { length: media.hls.duration_ms / 2000 },
    (_, i) => `st-1 720p30 ${i + 1}\n`,
  );
  assert.equal(text, expected.join(''));
  assert.ok(find('media/hls/master.m3u8'));
}

test('a power cut at any step costs at most the segment that was being written, and the recording is completed', async (t) => {
  const whole = await newDisk(Number.POSITIVE_INFINITY);
  const prepared = whole.steps;
  await record(whole);
  const steps = whole.steps - prepared;
  t.diagnostic(`${steps} steps`);
  let began = 0;
  for (let run = 0; run < steps * RUNS_A_STEP; run++) {
    const random = randomOf(run);
    const step = run % steps;
    const disk = await newDisk(step);
    const { bench, kept } = await record(disk);
    // The next start, which may meet the same fate, and the one after it.
    let survivor = disk.survivor(random);
    let before = bench;
    if (run % 2 === 0) {
      survivor.cutPowerIn(Math.ceil(random() * 60));
      before = benchOn(survivor, bench);
      void before.recorder.resume();
      await before.settle();
      survivor = survivor.survivor(random);
    }
    const after = benchOn(survivor, before);
    await after.recorder.resume();
    await after.settle();
    if (kept === 0 && after.events.length === 0) continue;
    began++;
    assertComplete(survivor, after, kept);
  }
  assert.ok(began > (steps * RUNS_A_STEP) / 2);
});
