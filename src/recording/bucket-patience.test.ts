import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DestinationRefused } from '../domain/destination-refused.ts';
import { BucketPatience } from './bucket-patience.ts';

const HOUR_MS = 3600 * 1000;
const AWAY = new Error('away');
const needed = { hasBegun: true, hasMedia: true, isRoomNeeded: async () => false };
const dispensable = { ...needed, isRoomNeeded: async () => true };

test('what a bucket has not got is overdue after six hours, and no longer once it takes something', async () => {
  const patience = new BucketPatience();
  assert.equal(await patience.isOver(AWAY, 6 * HOUR_MS - 1, dispensable), false);
  assert.equal(patience.isOverdue, false);
  assert.equal(await patience.isOver(AWAY, 6 * HOUR_MS, needed), false);
  assert.equal(patience.isOverdue, true);
  patience.arrived();
  assert.equal(patience.isOverdue, false);
});

test('the six hours go on over a restart, behind which the bucket has an hour', async () => {
  const patience = new BucketPatience();
  patience.hasWaited(48 * HOUR_MS);
  assert.equal(await patience.isOver(AWAY, HOUR_MS - 1, dispensable), false);
  const documents = { ...needed, hasMedia: false };
  assert.equal(await patience.isOver(AWAY, HOUR_MS, documents), false, 'they need no room');
  assert.equal(await patience.isOver(AWAY, HOUR_MS, dispensable), true);
});

test('who is given up has a few seconds, and all the time again when the bucket is back', async () => {
  const patience = new BucketPatience();
  patience.giveUp();
  assert.equal(await patience.isOver(AWAY, 9_999, needed), false);
  assert.equal(await patience.isOver(AWAY, 10_000, needed), true);
  patience.arrived();
  assert.equal(patience.isGivenUp, false);
  assert.equal(await patience.isOver(AWAY, 40_000, needed), false);
});

test('a bucket that refuses is given up at once, unless it has the recording’s beginning', async () => {
  const refused = new DestinationRefused('no such bucket');
  assert.equal(await new BucketPatience().isOver(refused, 0, { ...needed, hasBegun: false }), true);
  assert.equal(await new BucketPatience().isOver(refused, 0, needed), false);
});
