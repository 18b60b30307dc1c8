import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRACKS, videoFrame } from '../../test/support/media.ts';
import { KeyframeMarker } from './keyframe-marker.ts';

/** Behind lengths of 4 bytes, as the tracks have it. */
const units = (...all: readonly number[][]) =>
  Uint8Array.from(all.flatMap((bytes) => [0, 0, 0, bytes.length, ...bytes]));

/** Its picture is whole 29 frames later: recovery_frame_cnt ue(v) is 11110 behind four zeros. */
const RECOVERY_POINT = [0x06, 0x06, 0x02, 0x0f, 0x04, 0x80];
const WHOLE_AT_ONCE = [0x06, 0x06, 0x01, 0x84, 0x80];
const SLICE = [0x41, 0x9a, 0x00];
const IDR_SLICE = [0x65, 0x88, 0x00];

const queued = (payload: Uint8Array, isKeyframe = true) => ({
  timeMs: 0,
  frame: { ...videoFrame(0, isKeyframe), payload },
});

/** One that a child has begun with. */
function markerUnderWay(): KeyframeMarker {
  const marker = new KeyframeMarker(TRACKS.video);
  marker.mark(queued(units(IDR_SLICE)));
  return marker;
}

test('a keyframe that is no IDR picture is said to be whole at once, by the last message before its slices', () => {
  const { frame } = markerUnderWay().mark(queued(units(RECOVERY_POINT, SLICE, SLICE)));
  assert.deepEqual(
    Uint8Array.from(frame.payload),
    units(RECOVERY_POINT, WHOLE_AT_ONCE, SLICE, SLICE),
  );
});

test('every other picture goes through as it is', () => {
  for (const each of [
    queued(units(IDR_SLICE)),
    queued(units(RECOVERY_POINT, SLICE), false),
    queued(units(RECOVERY_POINT)),
    queued(new Uint8Array(0)),
  ]) {
    assert.deepEqual(markerUnderWay().mark(each).frame.payload, each.frame.payload);
  }
});

// What a recovery point refers to has not been seen by who starts there: its picture is gray but for what is renewed.
test('a child that starts at a recovery point waits for its picture to be whole', () => {
  const first = queued(units(RECOVERY_POINT, SLICE));
  assert.equal(new KeyframeMarker(TRACKS.video).mark(first), first);
});
