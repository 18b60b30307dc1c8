import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInBucket, thumbnailSize } from './resolution-bucket.ts';

const size = (height: number) => ({ width: (height * 16) / 9, height });

test('isInBucket() goes by the shorter edge', () => {
  assert.ok(isInBucket('SD', { width: 852, height: 480 }));
  assert.ok(isInBucket('HD', { width: 720, height: 1280 }));
  assert.ok(!isInBucket('HD', { width: 852, height: 480 }));
  assert.ok(isInBucket('LOWEST_RESOLUTION', { width: 640, height: 360 }));
  assert.ok(!isInBucket('FULL_HD', { width: 2560, height: 1440 }));
});

test('thumbnailSize() is that of a rendition in the bucket, and the source where there is none', () => {
  const source = size(1080);
  const ladder = [source, size(720), size(480), size(360), size(160)];
  assert.equal(thumbnailSize(undefined, ladder, source), source);
  assert.deepEqual(thumbnailSize('FULL_HD', ladder, source), source);
  assert.deepEqual(thumbnailSize('HD', ladder, source), size(720));
  assert.deepEqual(thumbnailSize('SD', ladder, source), size(480));
  assert.deepEqual(thumbnailSize('LOWEST_RESOLUTION', ladder, source), size(160));
  assert.deepEqual(thumbnailSize('SD', [source], source), source);
});
