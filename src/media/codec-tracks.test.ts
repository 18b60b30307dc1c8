import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRACKS } from '../../test/support/media.ts';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import { audioTrackOf, videoTrackOf } from './codec-tracks.ts';

test('videoTrackOf() describes the track, and keeps a copy of the header', () => {
  const header = Buffer.from(TRACKS.video.decoderConfiguration);
  const { track, nalUnitLengthSize } = videoTrackOf(header);
  header.fill(0);
  assert.deepEqual(
    { ...track, decoderConfiguration: Buffer.from(track.decoderConfiguration) },
    { ...TRACKS.video, ...track, decoderConfiguration: TRACKS.video.decoderConfiguration },
  );
  assert.deepEqual([track.width, track.height, nalUnitLengthSize], [1280, 720, 4]);
});

test('audioTrackOf() describes any AAC, and leaves it to the caller what to take', () => {
  const lc = audioTrackOf(Uint8Array.of(0x11, 0x90));
  assert.deepEqual([lc.track, lc.audioObjectType], [TRACKS.audio, 2]);
  const he = audioTrackOf(Uint8Array.of(0x2b, 0x11, 0x88, 0x00));
  assert.deepEqual([he.audioObjectType, he.track.codecString], [5, 'mp4a.40.5']);
});

test('a header that is none is a ProtocolViolation', () => {
  assert.throws(() => videoTrackOf(Uint8Array.of(1, 2)), ProtocolViolation);
  assert.throws(() => audioTrackOf(Uint8Array.of(0xff)), ProtocolViolation);
});
