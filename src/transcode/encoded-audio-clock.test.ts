import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRACKS } from '../../test/support/media.ts';
import { EncodedAudioClock } from './encoded-audio-clock.ts';

const TRACK = { ...TRACKS.audio!, timescale: 44_100 };
const stampMs = (frame: number) => Math.round((frame * 1024 * 1000) / 44_100);

test('EncodedAudioClock counts samples: an hour of rounded milliseconds does not drift', () => {
  const clock = new EncodedAudioClock();
  for (let n = 0; n < 155_000; n++) {
    assert.equal(clock.ticks(stampMs(n), TRACK), n * 1024);
  }
});

test('EncodedAudioClock follows the stamps when sound is missing', () => {
  const clock = new EncodedAudioClock();
  clock.ticks(0, TRACK);
  assert.equal(clock.ticks(stampMs(3) - 1, TRACK), 1024, 'two frames off is still counted');
  assert.equal(clock.ticks(1_000, TRACK), 44_100);
  assert.equal(clock.ticks(1_000 + stampMs(1), TRACK), 44_100 + 1024);
});

test('EncodedAudioClock has no time for what lies behind', () => {
  const clock = new EncodedAudioClock();
  clock.ticks(1_000, TRACK);
  assert.equal(clock.ticks(900, TRACK), undefined);
});
