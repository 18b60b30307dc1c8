import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { collectGarbage } from '../adapters/garbage.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import { SharedSlabs } from './shared-slabs.ts';

const SLAB_BYTES = 64;

/** A slab that is full, and lent to the other thread: nobody here has it but whoever keeps it for later. */
function lentSlab() {
  const clock = new FakeClock();
  const payloads = new SlabPool(SLAB_BYTES);
  const gone: number[] = [];
  const slabs = new SharedSlabs({ payloads, clock, onNew() {}, onGone: (slab) => gone.push(slab) });
  const allocator = payloads.allocator();
  const lend = () => slabs.numberOf(allocator.allocate(SLAB_BYTES / 2));
  const payload = allocator.allocate(SLAB_BYTES / 2);
  const slab = slabs.numberOf(payload);
  assert.ok(slab !== undefined);
  assert.equal(lend(), slab);
  assert.notEqual(lend(), slab);
  return { clock, payloads, slabs, slab, gone, memory: new WeakRef(payload.buffer) };
}

/** Weak references are strong until the job that made them ends. */
async function collect() {
  await new Promise((resolve) => setImmediate(resolve));
  await collectGarbage();
  await new Promise((resolve) => setImmediate(resolve));
}

test('a slab that is lent outlives a collection, and is used again when it comes back', async () => {
  const { payloads, slabs, slab, memory } = lentSlab();
  await collect();
  slabs.givenBack(slab, 1);
  await collect();
  slabs.givenBack(slab, 1);
  const again = payloads.allocator().allocate(SLAB_BYTES / 2);
  assert.equal(again.buffer, memory.deref());
  assert.equal(slabs.numberOf(again), slab);
});

test('a slab that does not come back is kept for minutes, and no longer', async () => {
  const { clock, slabs, slab, gone, memory } = lentSlab();
  slabs.givenBack(slab, 1);
  clock.advance(120_000);
  await collect();
  assert.ok(memory.deref());
  clock.advance(120_000);
  await collect();
  assert.equal(memory.deref(), undefined);
  await collect();
  assert.deepEqual(gone, [slab]);
});

test('a slab that came back is not kept from being collected', async () => {
  const { payloads, slabs, slab, memory } = lentSlab();
  slabs.givenBack(slab, 2);
  // Whoever takes it from the pool drops it.
  payloads.allocator().allocate(SLAB_BYTES / 2);
  await collect();
  assert.equal(memory.deref(), undefined);
});

test('a payload that lies in no slab has no number', () => {
  const { slabs } = lentSlab();
  assert.equal(slabs.numberOf(Buffer.alloc(3)), undefined);
});
