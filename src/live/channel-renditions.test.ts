import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { feed, TRACKS } from '../../test/support/media.ts';
import type { ChannelRecord } from '../domain/channel.ts';
import { silentLogger } from '../lib/logger.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import { MetadataOwner } from '../packaging/timed-metadata.ts';
import { PictureDecoder } from '../transcode/picture-decoder.ts';
import { FakeTranscoders } from '../transcode/testing/fake-transcoder.ts';
import { ChannelRenditions } from './channel-renditions.ts';
import { TranscodeAdmission } from './transcode-admission.ts';

const SLAB_BYTES = 4_096;
const FRAME_BYTES = 1_024;

const DECLARED = { framesPerSecond: 30, videoBitrateBps: 0, audioBitrateBps: 0 };

const CHANNEL = {
  ...{ type: 'STANDARD', preset: '', latencyMode: 'LOW', containerFormat: 'TS' },
} as ChannelRecord;

test('what is transcoded and not passed through gives its frames back at once', () => {
  const [clock, log, factory] = [new FakeClock(), silentLogger, new FakeTranscoders()];
  const payloads = new SlabPool(SLAB_BYTES);
  const renditions = new ChannelRenditions({
    ...{
      channel: CHANNEL,
      payloads,
      clock,
      log,
      onSegment() {},
      onThumbnail() {},
      onNoPictures() {},
    },
    recordedThumbnails: () => undefined,
    transcoding: {
      factory,
      encoder: { encoder: 'libx264' },
      admission: new TranscodeAdmission(100),
      pictures: new PictureDecoder({ factory, clock, log }),
      onDeath() {},
    },
  });
  renditions.tracks(TRACKS, DECLARED);
  const slabs = payloads.allocator();
  const memories = new Set<ArrayBufferLike>();
  for (let n = 0; n < 100; n++) {
    const payload = slabs.allocate(FRAME_BYTES);
    memories.add(payload.buffer);
    const dtsTicks = n * 3_000;
    renditions.frame({
      kind: 'video',
      dtsTicks,
      ctsOffsetTicks: 0,
      isKeyframe: n % 30 === 0,
      payload,
    });
  }
  assert.ok(memories.size <= 2, `${memories.size} slabs for 100 frames`);
});

/** Of a channel that is passed through, three seconds on air. */
function passedThrough(): ChannelRenditions {
  const renditions = new ChannelRenditions({
    channel: { ...CHANNEL, type: 'BASIC', containerFormat: 'FRAGMENTED_MP4' },
    ...{ payloads: new SlabPool(), clock: new FakeClock(), log: silentLogger },
    ...{ onSegment() {}, onThumbnail() {}, onNoPictures() {}, transcoding: undefined },
    recordedThumbnails: () => undefined,
  });
  renditions.tracks(TRACKS, DECLARED);
  feed(renditions, 0, 3_000);
  return renditions;
}

test('frames may wait for the end of their part, unless somebody needs what comes behind it', () => {
  const renditions = passedThrough();
  const awaitedMs = (renditions.awaitedTicks ?? Number.NaN) / 90;
  assert.ok(awaitedMs > 3_000 && awaitedMs < 3_200, `${awaitedMs} ms`);
  renditions.addAudioOnly();
  assert.equal(renditions.awaitedTicks, undefined);
});

test('a text is for the picture that has come in, though a worker holds it', () => {
  const renditions = passedThrough();
  feed(renditions, 3_000, 3_050);
  renditions.putMetadata({ owner: MetadataOwner.api, text: 'goal', aheadMs: 120 });
  feed(renditions, 3_050, 3_500);
  const parts = renditions.windows[0]?.openSegment?.parts.map((part) => Buffer.from(part.bytes()));
  const part = parts?.find((bytes) => bytes.includes('goal')) ?? Buffer.alloc(0);
  // ISO 23009-1 5.10.3.3: after version 1 and flags, the timescale and the presentation time.
  const presentationTime = part.readBigUInt64BE(part.indexOf('emsg\u0001') + 12);
  assert.equal(Number(presentationTime) / 90, 3_033 + 120);
});
