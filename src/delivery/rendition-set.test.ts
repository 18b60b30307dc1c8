import assert from 'node:assert/strict';
import test from 'node:test';
import { indexesIn, renditionBit } from './rendition-set.ts';

test('indexesIn() has the renditions whose bits were joined', () => {
  assert.deepEqual(indexesIn(0), []);
  assert.deepEqual(indexesIn(renditionBit(4) | renditionBit(0) | renditionBit(4)), [0, 4]);
});

test('renditionBit() has one bit for all renditions that are beyond the last of a positive number', () => {
  assert.deepEqual(indexesIn(renditionBit(29) | renditionBit(30) | renditionBit(99)), [29, 30]);
});
