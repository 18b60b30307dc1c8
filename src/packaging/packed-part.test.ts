import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlabPool } from '../lib/slab-pool.ts';
import { PackedPart } from './packed-part.ts';
import type { PartContent, Sample } from './part-container.ts';

/** The same bytes each time that something of its length is asked for. */
function sampleOf(allocate: (byteLength: number) => Uint8Array, numbers: number[]): Sample {
  const [startTicks = 0, durationTicks = 0, compositionOffsetTicks = 0, byteLength = 0] = numbers;
  const payload = allocate(byteLength).fill(byteLength);
  const isSync = durationTicks % 2 === 0;
  return { startTicks, durationTicks, compositionOffsetTicks, isSync, byteLength, payload };
}

test('a packed part is encoded from the samples that it was made of, wherever their memory lies', () => {
  const numbers = fc.tuple(
    fc.integer({ min: -90_000, max: 2 ** 40 }),
    fc.nat(2 ** 40),
    fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    fc.integer({ min: 1, max: 200 }),
  );
  const samples = fc.array(numbers, { maxLength: 12 });
  fc.assert(
    fc.property(samples, samples, fc.boolean(), (pictures, sounds, isDiscontinuous) => {
      const pool = new SlabPool(256);
      const allocator = pool.allocator();
      const allocate = (byteLength: number) => allocator.allocate(byteLength);
      const content: PartContent = {
        startTicks: 7,
        video: pictures.map((each) => sampleOf(allocate, each)),
        audio: sounds.map((each) => sampleOf(allocate, each)),
        metadata: [{ id: 1, ptsTicks: 8, id3: Buffer.from('tag') }],
        isDiscontinuous,
      };
      const bytesOf = ({ video, audio, ...rest }: PartContent) => ({
        ...rest,
        video: video.map((sample) => ({ ...sample, payload: Buffer.from(sample.payload) })),
        audio: audio.map((sample) => ({ ...sample, payload: Buffer.from(sample.payload) })),
      });
      const before = bytesOf(content);
      let encoded: object | undefined;
      const measured = {
        byteLength: 1,
        encode: (same: PartContent) => {
          encoded = bytesOf(same);
          return new Uint8Array(1);
        },
      };
      new PackedPart(measured, content, pool).encode();
      assert.deepEqual(encoded, before);
    }),
  );
});

/** Of a pool of slabs of 512 bytes. */
function partsIn(pool: SlabPool) {
  const allocator = pool.allocator();
  const partOf = (byteLengths: readonly number[], allocate: (byteLength: number) => Uint8Array) => {
    const video = byteLengths.map((byteLength) => sampleOf(allocate, [0, 0, 0, byteLength]));
    const content = { startTicks: 0, video, audio: [], metadata: [], isDiscontinuous: false };
    const measured = { byteLength: 0, encode: () => new Uint8Array(0) };
    return { video, part: new PackedPart(measured, content, pool) };
  };
  return {
    inSlabs: (...byteLengths: number[]) =>
      partOf(byteLengths, (byteLength) => allocator.allocate(byteLength)),
    elsewhere: (...byteLengths: number[]) =>
      partOf(byteLengths, (byteLength) => Buffer.alloc(byteLength)),
    /** The memory of a slab that is free, or of one that is new. */
    takeSlab: () => pool.allocator().allocate(1).buffer,
  };
}

test('release() gives each frame back to the slab that it is in', () => {
  const { inSlabs, takeSlab } = partsIn(new SlabPool(512));
  const { part, video } = inSlabs(256, 256, 256);
  part.release();
  // The first slab is free again; the second one is still being cut.
  assert.equal(takeSlab(), video[0]?.payload.buffer);
  assert.notEqual(takeSlab(), video[2]?.payload.buffer);
});

test('release() gives the memory of its numbers back', () => {
  const pool = new SlabPool(512);
  const { elsewhere, takeSlab } = partsIn(pool);
  /** The slab that numbers are cut from now. */
  const slabOfNumbers = () => {
    const { buffer } = pool.float64s(1);
    pool.giveBackOf(buffer);
    return buffer;
  };
  const slab = slabOfNumbers();
  const parts: PackedPart[] = [];
  while (slabOfNumbers() === slab) parts.push(elsewhere(1, 1, 1).part);
  assert.ok(parts.length > 1);
  // The newest first: its numbers may be in the next slab already, those of the oldest are not.
  for (const part of parts.toReversed()) {
    assert.notEqual(takeSlab(), slab);
    part.release();
  }
  assert.equal(takeSlab(), slab);
});
