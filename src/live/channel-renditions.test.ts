import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { TRACKS } from '../../test/support/media.ts';
import type { ChannelRecord } from '../domain/channel.ts';
import { silentLogger } from '../lib/logger.ts';
import { SlabPool } from '../lib/slab-pool.ts';
import { PictureDecoder } from '../transcode/picture-decoder.ts';
import { FakeTranscoders } from '../transcode/testing/fake-transcoder.ts';
import { ChannelRenditions } from './channel-renditions.ts';
import { TranscodeAdmission } from './transcode-admission.ts';

const SLAB_BYTES = 4_096;
const FRAME_BYTES = 1_024;

const CHANNEL = {
  ...{ type: 'STANDARD', preset: '', latencyMode: 'LOW', containerFormat: 'TS' },
} as ChannelRecord;

test('what is transcoded and not passed through gives its frames back at once', () => {
  const [clock, log, factory] = [new FakeClock(), silentLogger, new FakeTranscoders()];
  const payloads = new SlabPool(SLAB_BYTES);
  const renditions = new ChannelRenditions({
    ...{ channel: CHANNEL, payloads, clock, log, onSegment() {}, onThumbnail() {} },
    recordedThumbnails: () => undefined,
    transcoding: {
      factory,
      encoder: { encoder: 'libx264' },
      admission: new TranscodeAdmission(100),
      pictures: new PictureDecoder({ factory, clock, log }),
    },
  });
  renditions.tracks(TRACKS, 30);
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
