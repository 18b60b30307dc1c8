import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import { JpegSplitter } from './jpeg-splitter.ts';

const picture = (...inside: number[]) => Uint8Array.of(0xff, 0xd8, ...inside, 0xff, 0xd9);
const A = picture(1, 0xff, 0, 0xd9, 2);
const B = picture(3);

test('JpegSplitter gives whole pictures however the bytes are cut', () => {
  const bytes = Buffer.concat([A, B, A]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length })), (at) => {
      const cuts = [0, ...at.sort((a, b) => a - b), bytes.length];
      const splitter = new JpegSplitter(100);
      const pictures = cuts.slice(1).flatMap((end, i) => {
        const chunk = Buffer.from(bytes.subarray(cuts[i], end));
        const found = splitter.push(chunk);
        chunk.fill(0);
        return found;
      });
      assert.deepEqual(
        pictures.map((found) => [...found]),
        [[...A], [...B], [...A]],
      );
    }),
  );
});

test('JpegSplitter refuses a picture above its limit, and what is no picture', () => {
  assert.throws(() => new JpegSplitter(10).push(new Uint8Array(11)), ProtocolViolation);
  assert.throws(
    () => new JpegSplitter(10).push(Uint8Array.of(1, 2, 0xff, 0xd9)),
    ProtocolViolation,
  );
});
