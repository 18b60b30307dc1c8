import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renditionName, shownRenditionName } from './rendition-name.ts';

test('renditionName() counts the shorter edge, and whole frames', () => {
  assert.equal(renditionName({ width: 1280, height: 720 }, 59.94), '720p60');
  assert.equal(renditionName({ width: 720, height: 1280 }, 29.97), '720p30');
  assert.equal(renditionName({ width: 0, height: 0 }, 0), '0p0');
});

test('shownRenditionName() leaves out 30 frames a second, and nothing else', () => {
  assert.equal(shownRenditionName('480p30'), '480p');
  assert.equal(shownRenditionName('720p60'), '720p60');
  assert.equal(shownRenditionName('audio_only'), 'audio_only');
});
