import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryDirectory } from './support/ivory.ts';
import { LongStream } from './support/long-stream.ts';

const SETTLED_SECONDS = 300;
const SECONDS = 1500;
/** 750 bytes a second would be more; between two collections of all garbage the heap differs by a third of this. */
const MAX_HEAP_GROWTH_BYTES = 900_000;
const MAX_OTHER_GROWTH_BYTES = 1024 * 1024;
/** One more or less is being filled, and one is needed now and then. */
const MAX_SLAB_GROWTH = 2;
/** Fourteen segments of 2 s, and the parts of the newest six. */
const MAX_PLAYLIST_BYTES = 6_000;

test('a stream that is watched and recorded takes no more memory as it goes on', async (t) => {
  await using directory = await temporaryDirectory();
  await using stream = await LongStream.start(directory.path, { kbps: 100 });
  await stream.run(SETTLED_SECONDS);
  const before = stream.memory();
  await stream.run(SECONDS - SETTLED_SECONDS);
  const after = stream.memory();

  const heap = after.heapBytes - before.heapBytes;
  t.diagnostic(`the heap grew by ${Math.round(heap / 1024)} kB`);
  assert.ok(heap < MAX_HEAP_GROWTH_BYTES, `the heap grew by ${heap} bytes`);
  const external = after.externalBytes - before.externalBytes;
  assert.ok(external < MAX_OTHER_GROWTH_BYTES, `buffers grew by ${external} bytes`);
  const slabs = after.slabs - before.slabs;
  assert.ok(slabs <= MAX_SLAB_GROWTH, `${slabs} slabs more`);
  for (const { longestPlaylistBytes, playlists, parts } of stream.viewers) {
    assert.ok(longestPlaylistBytes < MAX_PLAYLIST_BYTES, `a playlist of ${longestPlaylistBytes}`);
    // Five parts a second, but for those of its first seconds.
    assert.ok(playlists > SECONDS * 4.9 && parts > SECONDS * 4.9, `${playlists} and ${parts}`);
  }
  const problems = stream.log.lines.filter(({ level }) => level === 'warn' || level === 'error');
  assert.deepEqual(problems, []);
});
