import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlabPool } from './slab-pool.ts';

test('a slab is used again once each buffer cut from it was given back', () => {
  const pool = new SlabPool(64);
  const allocator = pool.allocator();
  const [first, second] = [allocator.allocate(32), allocator.allocate(32)];
  allocator.allocate(32);
  pool.giveBack(first);
  assert.notEqual(pool.allocator().allocate(32).buffer, first.buffer);
  pool.giveBack(second.subarray(3));
  assert.equal(pool.allocator().allocate(32).buffer, first.buffer);
});

test('a slab that is still being cut is not used again, whatever was given back', () => {
  const pool = new SlabPool(64);
  const allocator = pool.allocator();
  const first = allocator.allocate(32);
  pool.giveBack(first);
  assert.notEqual(pool.allocator().allocate(32).buffer, first.buffer);
});

test('giveBack() passes over memory that is not of a slab', () => {
  /** Where the buffers lie that a pool hands out, of which the first is given back together with `foreign`. */
  const handOut = (...foreign: Buffer[]) => {
    const pool = new SlabPool(64);
    const allocator = pool.allocator();
    const [first, ...others] = Array.from({ length: 3 }, () => allocator.allocate(32));
    for (const buffer of [first!, ...foreign]) pool.giveBack(buffer);
    const buffers = [first!, ...others, pool.allocator().allocate(32), allocator.allocate(32)];
    const memories = buffers.map(({ buffer }) => buffer);
    return buffers.map(({ buffer, byteOffset }) => [memories.indexOf(buffer), byteOffset]);
  };
  const tooLarge = new SlabPool(64).allocator().allocate(33);
  assert.deepEqual(handOut(Buffer.alloc(32), tooLarge), handOut());
});

test('allocate() gives a buffer larger than half a slab its own memory', () => {
  const pool = new SlabPool(64);
  const allocator = pool.allocator();
  const small = allocator.allocate(8);
  assert.equal(allocator.allocate(33).buffer.byteLength, 33);
  assert.equal(allocator.allocate(8).buffer, small.buffer);
});

test('no byte belongs to two buffers that were not given back', () => {
  const step = fc.record({ byteLength: fc.nat(100), allocator: fc.nat(2), givesBack: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const pool = new SlabPool(64);
      const allocators = [pool.allocator(), pool.allocator(), pool.allocator()];
      const held: { buffer: Buffer; mark: number }[] = [];
      for (const [mark, { byteLength, allocator, givesBack }] of steps.entries()) {
        const buffer = allocators[allocator]!.allocate(byteLength).fill(mark);
        assert.equal(buffer.byteLength, byteLength);
        held.push({ buffer, mark });
        for (const { buffer: returned } of held.splice(0, givesBack)) pool.giveBack(returned);
        for (const one of held) assert.ok(one.buffer.every((byte) => byte === one.mark));
      }
    }),
  );
});

test('droppedByteLength tells of the slabs that were one too many, until it is to forget them', () => {
  const pool = new SlabPool(64);
  const allocators = Array.from({ length: 70 }, () => pool.allocator());
  const buffers = allocators.flatMap((allocator) => [
    allocator.allocate(32),
    allocator.allocate(32),
  ]);
  for (const allocator of allocators) allocator.allocate(32);
  for (const buffer of buffers) pool.giveBack(buffer);
  assert.equal(pool.droppedByteLength, 6 * 64);
  pool.forgetDropped();
  assert.equal(pool.droppedByteLength, 0);
});

test('the more slabs are in use, the more are kept for later; none are kept of what is over', () => {
  const pool = new SlabPool(64);
  const allocator = pool.allocator();
  /** Slabs of one buffer each; the newest is still being cut. */
  const take = (count: number) =>
    Array.from({ length: count }, () => allocator.allocate(32)).filter((_, i) => i % 2 === 0);
  const inUse = take(2 * 1_600);
  const held = take(2 * 150);
  for (const buffer of held) pool.giveBackOf(buffer.buffer, 2);
  assert.equal(pool.droppedByteLength, 0);
  for (const buffer of inUse) pool.giveBackOf(buffer.buffer, 2);
  assert.ok(
    pool.droppedByteLength >= (1_750 - 64 - 2) * 64,
    `${pool.droppedByteLength / 64} slabs`,
  );
});
