import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRACKS } from '../../test/support/media.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import { measureRendition } from './rendition.ts';
import { type Part, Segment } from './segment.ts';

/** Of a second with so many bytes. */
function segmentOf(byteLength: number): Segment {
  const segment = new Segment({
    msn: 1,
    initGeneration: 0,
    programDateTimeMs: 0,
    isDiscontinuous: false,
  });
  segment.append({ byteLength } as Part);
  segment.complete(VIDEO_TIMESCALE, { isGap: false });
  return segment;
}

const bandwidthOf = (byteLengths: readonly number[], nominalBps: number) =>
  measureRendition({
    segments: byteLengths.map(segmentOf),
    tracks: TRACKS,
    framesPerSecond: 30,
    isSource: false,
    name: '480p',
    nominalBps,
  });

// Twelve seconds of a still had a BANDWIDTH of a twelfth of what came behind them; players read it once.
test('BANDWIDTH of a still is that of what its encoders are set to', () => {
  const { bandwidthBps, averageBandwidthBps } = bandwidthOf([20_000, 15_000], 1_528_000);
  assert.equal(bandwidthBps, 1_680_800);
  assert.equal(averageBandwidthBps, 140_000);
});

test('BANDWIDTH is the peak of the segments where that is more, or nobody says what it should be', () => {
  assert.equal(bandwidthOf([250_000, 200_000], 1_528_000).bandwidthBps, 2_000_000);
  assert.equal(bandwidthOf([250_000, 200_000], 0).bandwidthBps, 2_000_000);
});
