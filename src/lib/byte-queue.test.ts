import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteQueue } from './byte-queue.ts';

test('take() gives nothing when fewer bytes are there', () => {
  const queue = new ByteQueue();
  queue.push(Uint8Array.of(1, 2));
  assert.equal(queue.take(3), undefined);
  assert.equal(queue.byteLength, 2);
});

test('take() gives a view when one chunk holds the answer', () => {
  const chunk = Uint8Array.of(1, 2, 3, 4);
  const queue = new ByteQueue();
  queue.push(chunk);
  assert.equal(queue.take(3)?.buffer, chunk.buffer);
  assert.deepEqual(queue.takeAll(), Uint8Array.of(4));
});

test('take() gives the same bytes however they were split', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 }),
      fc.array(fc.nat(15), { maxLength: 20 }),
      (chunks, lengths) => {
        const queue = new ByteQueue();
        for (const chunk of chunks) queue.push(chunk);
        const taken: number[] = [];
        for (const length of lengths) taken.push(...(queue.take(length) ?? []));
        taken.push(...queue.takeAll());
        assert.deepEqual(
          taken,
          chunks.flatMap((chunk) => [...chunk]),
        );
        assert.equal(queue.byteLength, 0);
      },
    ),
  );
});
