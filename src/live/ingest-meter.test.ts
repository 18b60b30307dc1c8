import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IngestMeter } from './ingest-meter.ts';

const NOTHING = { videoBitrateBps: 0, audioBitrateBps: 0, framesPerSecond: 0 };

test('IngestMeter tells the rates of the last five seconds, and of a halt that they are 0', () => {
  const meter = new IngestMeter();
  assert.deepEqual(meter.rates, NOTHING);
  let counts = { videoByteLength: 0, audioByteLength: 0, frames: 0 };
  let atMs = 500;
  const sample = () => meter.sample(counts, (atMs += 1000));
  const second = (framesPerSecond: number) => {
    counts = {
      videoByteLength: counts.videoByteLength + framesPerSecond * 1000,
      audioByteLength: counts.audioByteLength + 12_000,
      frames: counts.frames + framesPerSecond,
    };
    sample();
  };
  sample();
  assert.deepEqual(meter.rates, NOTHING);
  for (let i = 0; i < 10; i++) second(60);
  for (let i = 0; i < 5; i++) second(30);
  assert.deepEqual(meter.rates, {
    videoBitrateBps: 240_000,
    audioBitrateBps: 96_000,
    framesPerSecond: 30,
  });
  for (let i = 0; i < 5; i++) sample();
  assert.deepEqual(meter.rates, NOTHING);
});
