import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admitsLadder, guessLadderCores } from './transcode-capacity.ts';

const BASIC = { type: 'BASIC', preset: '' } as const;
const STANDARD = { type: 'STANDARD', preset: '' } as const;
const HD = { type: 'ADVANCED_HD', preset: 'HIGHER_BANDWIDTH_DELIVERY' } as const;
const SD = { type: 'ADVANCED_SD', preset: 'HIGHER_BANDWIDTH_DELIVERY' } as const;

test('admitsLadder() lets ladders in up to the capacity, and not beyond', () => {
  assert.equal(admitsLadder(4, [1.5, 1.5], 1), true);
  assert.equal(admitsLadder(4, [1.5, 1.5], 1.1), false);
  assert.equal(admitsLadder(4, [2.5, 2.5], 0.1), false);
});

test('admitsLadder() lets the first one in, however small the machine', () => {
  assert.equal(admitsLadder(0.5, [], 3), true);
  assert.equal(admitsLadder(0.5, [0.4], 3), false);
});

test('admitsLadder() lets in what costs nothing, however full the machine', () => {
  assert.equal(admitsLadder(1, [3], guessLadderCores(BASIC)), true);
});

test('guessLadderCores() grows with the picture, the frame rate and the ladder', () => {
  const source = { width: 1280, height: 720, framesPerSecond: 30, hasAudio: true };
  const small = guessLadderCores(STANDARD, source);
  assert.ok(small > 0.5 && small < 1.5, `${small}`);
  assert.ok(guessLadderCores(STANDARD, { ...source, framesPerSecond: 60 }) > small);
  assert.ok(guessLadderCores(STANDARD) > guessLadderCores(STANDARD, { ...source, width: 1920 }));
  assert.ok(guessLadderCores(HD) > guessLadderCores(SD));
  assert.equal(guessLadderCores(BASIC), 0);
});
