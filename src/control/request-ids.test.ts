import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { RequestIds } from './request-ids.ts';

test('next() gives another UUID of version 4 each time, over many draws', () => {
  let draws = 0;
  const ids = new RequestIds((count) => {
    draws++;
    return randomBytes(count);
  });
  const seen = new Set(Array.from({ length: 1000 }, () => ids.next()));
  assert.equal(seen.size, 1000);
  assert.equal(draws, 4);
  for (const id of seen)
    assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){2}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
