import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlabAllocator } from './slab-allocator.ts';

test('allocate() never gives the same byte twice', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100), { maxLength: 50 }), (lengths) => {
      const allocator = new SlabAllocator(64);
      const buffers = lengths.map((length, i) => allocator.allocate(length).fill(i));
      for (const [i, buffer] of buffers.entries()) {
        assert.equal(buffer.byteLength, lengths[i]);
        assert.ok(buffer.every((byte) => byte === i));
      }
    }),
  );
});

test('allocate() cuts small buffers from one slab', () => {
  const allocator = new SlabAllocator(64);
  assert.equal(allocator.allocate(10).buffer, allocator.allocate(10).buffer);
});

test('allocate() gives a buffer larger than half a slab its own memory', () => {
  const allocator = new SlabAllocator(64);
  const small = allocator.allocate(8);
  assert.equal(allocator.allocate(33).buffer.byteLength, 33);
  assert.equal(allocator.allocate(8).buffer, small.buffer);
});
