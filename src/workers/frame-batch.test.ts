import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Frame } from '../media/frame.ts';
import { FrameBatch, readFrameBatch } from './frame-batch.ts';

const MEMORY_BYTES = 4_096;

const anyFrame = fc.record({
  publication: fc.nat(),
  kind: fc.constantFrom('video' as const, 'audio' as const),
  isKeyframe: fc.boolean(),
  dtsTicks: fc.maxSafeNat(),
  ctsOffsetTicks: fc.integer({ min: -1_000_000, max: 1_000_000 }),
  received: fc.record({ video: fc.nat(), audio: fc.nat() }, { noNullPrototype: true }),
  slab: fc.nat({ max: 3 }),
  start: fc.nat({ max: MEMORY_BYTES }),
  end: fc.nat({ max: MEMORY_BYTES }),
});

test('a batch has every frame that was added, in order, over the memory it lies in', () => {
  fc.assert(
    fc.property(fc.array(fc.array(anyFrame, { maxLength: 200 }), { maxLength: 3 }), (rounds) => {
      const memories = [0, 1, 2, 3].map(() => new SharedArrayBuffer(MEMORY_BYTES));
      const memoryOf = (slab: number) => memories[slab] ?? new SharedArrayBuffer(0);
      const batch = new FrameBatch();
      for (const round of rounds) {
        const added = round.map(({ start, end, publication, received, slab, ...rest }) => {
          const from = Math.min(start, end);
          const payload = new Uint8Array(memoryOf(slab), from, Math.max(start, end) - from);
          const frame: Frame = { ...rest, payload };
          batch.add(publication, frame, received, slab);
          return { publication, frame, received, memory: memoryOf(slab), from };
        });
        assert.equal(batch.isEmpty, added.length === 0);
        const read: typeof added = [];
        readFrameBatch(Uint8Array.from(batch.take()), memoryOf, (publication, frame, received) => {
          const { buffer, byteOffset: from } = frame.payload;
          read.push({ publication, frame, received, memory: buffer as SharedArrayBuffer, from });
        });
        assert.deepEqual(read, added);
        for (const [index, { memory }] of read.entries())
          assert.equal(memory, added[index]?.memory);
      }
    }),
    { numRuns: 50 },
  );
});
