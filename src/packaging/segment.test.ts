import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlabPool } from '../lib/slab-pool.ts';
import { PackedPart } from './packed-part.ts';
import { Part, Segment } from './segment.ts';

const sampleOf = (payload: Uint8Array) => ({
  startTicks: 0,
  durationTicks: 9_000,
  compositionOffsetTicks: 0,
  isSync: true,
  byteLength: payload.byteLength,
  payload,
});

/** A pool whose slabs hold one buffer each, so that a buffer given back is the next to be handed out. */
function setUp() {
  const payloads = new SlabPool(8);
  const allocator = payloads.allocator();
  const payload = allocator.allocate(4).fill('a');
  allocator.allocate(4);
  allocator.allocate(4);
  const part = new Part({
    index: 0,
    durationTicks: 9_000,
    isIndependent: true,
    encodable: new PackedPart(
      {
        byteLength: 8,
        encode: ({ video }) =>
          Buffer.concat([Buffer.from('head'), ...video.map((sample) => sample.payload)]),
      },
      {
        startTicks: 0,
        video: [sampleOf(payload)],
        audio: [],
        metadata: [],
        isDiscontinuous: false,
      },
      payloads,
    ),
  });
  const segment = new Segment({
    msn: 1,
    programDateTimeMs: 0,
    isDiscontinuous: false,
    initGeneration: 0,
  });
  segment.append(part);
  return { part, segment, payload, payloads };
}

test('a viewer keeps the bytes of a part whose segment left the window', () => {
  const { part, segment, payload } = setUp();
  const bytes = part.bytes();
  segment.release();
  payload.fill('z');
  assert.equal(Buffer.from(bytes).toString(), 'headaaaa');
  assert.equal(part.bytes(), bytes);
});

test("a part gives its frames' memory back once, whether it was asked for or not", (t) => {
  for (const isWatched of [true, false]) {
    const { part, segment, payload, payloads } = setUp();
    const giveBack = t.mock.method(payloads, 'giveBackOf');
    if (isWatched) part.bytes();
    segment.release();
    segment.release();
    const calls = giveBack.mock.calls.map((call) => call.arguments);
    assert.deepEqual(
      calls.filter(([memory]) => memory === payload.buffer),
      [[payload.buffer, 1]],
    );
  }
});

test('a reader that is slower than the window is cut off, not served memory that is used again', async () => {
  const { segment } = setUp();
  const reader = segment.growing();
  segment.release();
  await assert.rejects(reader.next(), /the part is still in its window/);
});
