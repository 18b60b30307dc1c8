import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import type { TrackExpectation } from './encoder-metadata.ts';
import { FrameNormalizer } from './frame-normalizer.ts';
import { IngestRejection } from './rejection.ts';
import { SourcePace } from './source-pace.ts';
import {
  AAC_44K_STEREO,
  AAC_48K_STEREO,
  aacFrame,
  captured,
  claimedKeyframe,
  interFrame,
  keyframe,
  RECOVERY_POINT_SEI,
  SEQUENCE_HEADER_108P,
  SEQUENCE_HEADER_720P,
} from './testing/media-messages.ts';
import { RecordingPublication } from './testing/recording-publication.ts';

const FRAME_MS = 40;

class Encoder {
  readonly publication = new RecordingPublication();
  readonly normalizer = new FrameNormalizer(this.publication);

  video(timestampMs: number, body: Uint8Array): this {
    this.normalizer.videoMessage(timestampMs >>> 0, body);
    return this;
  }

  audio(timestampMs: number, body: Uint8Array = aacFrame()): this {
    this.normalizer.audioMessage(timestampMs >>> 0, body);
    return this;
  }

  expect(expectation: TrackExpectation): this {
    this.normalizer.expect(expectation);
    return this;
  }

  /** Sequence headers, as every encoder begins. */
  begin(atMs = 0): this {
    return this.video(atMs, SEQUENCE_HEADER_720P).audio(atMs, AAC_48K_STEREO);
  }

  /** A keyframe at `fromMs` and inter frames up to `toMs`. */
  group(fromMs: number, toMs: number): this {
    this.video(fromMs, keyframe());
    for (let ms = fromMs + FRAME_MS; ms < toMs; ms += FRAME_MS) this.video(ms, interFrame());
    return this;
  }

  get videoMs(): number[] {
    return this.publication.video.map(({ dtsTicks }) => dtsTicks / 90);
  }

  get audioTicks(): number[] {
    return this.publication.audio.map(({ dtsTicks }) => dtsTicks);
  }

  get calls(): string {
    return this.publication.calls.join(' ');
  }
}

test('FrameNormalizer puts data at their place between the frames, and careless timestamps at the newest one', () => {
  const encoder = new Encoder();
  const dataMs = (timestampMs: number) => {
    const ticks = encoder.normalizer.dataTicks(timestampMs >>> 0);
    return ticks === undefined ? undefined : ticks / 90;
  };
  const startMs = 2 ** 32 - 1000;
  encoder.begin(startMs);
  assert.equal(dataMs(startMs), undefined, 'nothing it could belong to');
  encoder.group(startMs, startMs + 2000);
  assert.equal(dataMs(startMs + 1500), 1500);
  assert.equal(dataMs(startMs + 2500), 2500);
  assert.equal(dataMs(0x7000_0000), 1960);
  encoder.group(startMs + 2000, startMs + 2400);
  assert.deepEqual(encoder.videoMs.slice(-1), [2360], 'no timestamp of data moves the frames');
});

test('FrameNormalizer makes the first keyframe the zero of both tracks', () => {
  const encoder = new Encoder().begin(5000);
  encoder.video(5000, keyframe(80)).audio(5021).video(5040, interFrame(-40)).audio(5043);
  assert.deepEqual(encoder.videoMs, [0, 40]);
  assert.deepEqual(
    encoder.publication.video.map(({ ctsOffsetTicks }) => ctsOffsetTicks),
    [7200, -3600],
  );
  assert.deepEqual(encoder.audioTicks, [1008, 2032]);
});

test('FrameNormalizer hands nothing over before the first keyframe', () => {
  const encoder = new Encoder().begin();
  encoder.video(0, interFrame()).audio(10).video(40, interFrame()).audio(31);
  assert.equal(encoder.calls, '');
  encoder.video(80, keyframe()).audio(52).audio(84);
  assert.equal(encoder.calls, 'tracks key audio', 'audio from before the keyframe is dropped too');
});

test('FrameNormalizer gives payloads as views of the messages', () => {
  const body = keyframe();
  const encoder = new Encoder().begin().video(0, body);
  const [frame] = encoder.publication.frames;
  assert.equal(frame?.payload.buffer, body.buffer);
  assert.deepEqual(Buffer.from(frame.payload), body.subarray(5));
});

test('FrameNormalizer unrolls timestamps that wrap at 2^32', () => {
  const encoder = new Encoder().begin(2 ** 32 - 60);
  for (const ms of [-60, -20, 20, 60]) {
    encoder.video(2 ** 32 + ms, ms === -60 ? keyframe() : interFrame()).audio(2 ** 32 + ms);
  }
  assert.deepEqual(encoder.videoMs, [0, 40, 80, 120]);
});

test('FrameNormalizer counts audio in samples while timestamps agree', () => {
  const encoder = new Encoder().begin().video(0, keyframe());
  // 1024 samples are 21.33 ms; the encoder stamps when it captured, up to 35 ms off.
  for (const ms of [0, 22, 75, 50, 120]) encoder.audio(ms);
  assert.deepEqual(encoder.audioTicks, [0, 1024, 2048, 3072, 4096]);
});

test('FrameNormalizer lets audio jump forward with a gap in its timestamps', () => {
  const encoder = new Encoder().begin().group(0, 2000);
  encoder.audio(0).audio(21).audio(1000).audio(1021);
  assert.deepEqual(encoder.audioTicks, [0, 1024, 48_000, 49_024]);
});

test('FrameNormalizer drops audio that steps back until time catches up', () => {
  const encoder = new Encoder().begin().video(0, keyframe());
  for (const ms of [0, 21, 500, 100, 200, 270, 490, 520]) encoder.audio(ms);
  assert.deepEqual(encoder.audioTicks, [0, 1024, 24_000, 25_024, 26_048]);
});

test('FrameNormalizer moves video on by a millisecond when it does not move itself', () => {
  const encoder = new Encoder().begin();
  encoder.video(0, keyframe()).video(40, interFrame()).video(40, interFrame());
  encoder.video(30, interFrame()).video(80, interFrame());
  assert.deepEqual(encoder.videoMs, [0, 40, 41, 42, 80]);
});

for (const [what, offsetMs] of [
  ['back by more than a second', -5000],
  ['forward by more than ten seconds', 3_600_000],
  ['back to zero', -1_000_000],
] as const) {
  test(`FrameNormalizer goes on after a discontinuity at the next keyframe when time jumps ${what}`, () => {
    const encoder = new Encoder().begin(1_000_000).group(1_000_000, 1_000_080).audio(1_000_021);
    const base = 1_000_080 + offsetMs;
    // Whichever track jumps first, what comes before the keyframe has no place.
    encoder
      .audio(base - 20)
      .video(base, interFrame())
      .audio(base + 1);
    encoder
      .video(base + 40, keyframe())
      .audio(base + 41)
      .video(base + 80, interFrame());
    assert.equal(encoder.calls, 'tracks key video audio discontinuity key audio video');
    assert.deepEqual(encoder.videoMs, [0, 40, 73, 113]);
    assert.deepEqual(encoder.audioTicks, [1008, 74 * 48]);
  });
}

test('FrameNormalizer keeps the timeline over a pause of up to ten seconds', () => {
  const encoder = new Encoder().begin().group(0, 80).video(9000, interFrame());
  assert.equal(encoder.calls, 'tracks key video video');
  assert.deepEqual(encoder.videoMs, [0, 40, 9000]);
});

test('FrameNormalizer holds video until the audio configuration comes', () => {
  const encoder = new Encoder().video(0, SEQUENCE_HEADER_720P).group(0, 120);
  assert.equal(encoder.calls, '');
  encoder.audio(100, AAC_48K_STEREO).audio(100);
  assert.equal(encoder.calls, 'tracks key video video audio');
  assert.equal(encoder.publication.announced[0]?.audio?.sampleRate, 48_000);
});

test('FrameNormalizer waits a second of video for audio, then goes on without', () => {
  const encoder = new Encoder().video(0, SEQUENCE_HEADER_720P).group(0, 1000);
  assert.equal(encoder.calls, '');
  encoder.video(1000, interFrame());
  assert.equal(encoder.publication.announced[0]?.audio, undefined);
  assert.equal(encoder.videoMs.length, 26);
});

test('FrameNormalizer holds no more than 256 frames while it waits for audio', () => {
  const encoder = new Encoder().video(0, SEQUENCE_HEADER_720P).video(0, keyframe());
  for (let i = 1; i < 256; i++) encoder.video(i, interFrame());
  assert.equal(encoder.videoMs.length, 256);
});

test('FrameNormalizer does not wait when the metadata says that there is no audio', () => {
  const encoder = new Encoder().expect({ hasVideo: true, hasAudio: false });
  encoder.video(0, SEQUENCE_HEADER_720P).video(0, keyframe());
  assert.equal(encoder.calls, 'tracks key');
});

test('FrameNormalizer announces audio that comes late at the next keyframe', () => {
  const encoder = new Encoder().video(0, SEQUENCE_HEADER_720P).group(0, 1040);
  encoder.audio(1040, AAC_48K_STEREO).audio(1040).video(1040, interFrame());
  assert.equal(encoder.publication.announced.length, 1);
  encoder.video(1080, keyframe()).audio(1085);
  assert.ok(encoder.calls.endsWith('video tracks key audio'));
  assert.deepEqual(encoder.audioTicks, [1085 * 48]);
});

test('FrameNormalizer ignores a sequence header that says the same again', () => {
  const encoder = new Encoder().begin().group(0, 80).begin(80).video(80, interFrame()).audio(85);
  assert.equal(encoder.calls, 'tracks key video video audio');
});

test('FrameNormalizer announces a resolution change at its keyframe', () => {
  const encoder = new Encoder().begin().group(0, 80).audio(0);
  encoder.video(80, SEQUENCE_HEADER_108P()).video(80, interFrame()).audio(21);
  encoder.video(120, keyframe());
  assert.equal(encoder.calls, 'tracks key video audio audio tracks key');
  assert.deepEqual(
    encoder.publication.announced.map(({ video }) => video.height),
    [720, 108],
  );
  assert.deepEqual(encoder.videoMs, [0, 40, 120]);
});

test('FrameNormalizer starts over when the resolution changes while it waits for audio', () => {
  const encoder = new Encoder().video(0, SEQUENCE_HEADER_720P).group(0, 80);
  encoder.video(80, SEQUENCE_HEADER_108P()).audio(80, AAC_48K_STEREO).video(120, keyframe());
  assert.equal(encoder.calls, 'tracks key');
  assert.equal(encoder.publication.announced[0]?.video.height, 108);
  assert.deepEqual(encoder.videoMs, [0]);
});

test('FrameNormalizer changes the audio track at the next keyframe', () => {
  const encoder = new Encoder().begin().group(0, 80).audio(0);
  encoder.audio(40, AAC_44K_STEREO).audio(40).video(80, keyframe()).audio(90);
  assert.equal(encoder.calls, 'tracks key video audio tracks key audio');
  assert.deepEqual(encoder.audioTicks, [0, 90 * 44.1]);
});

test('FrameNormalizer takes a claimed keyframe for one only when decoding can start there', () => {
  const encoder = new Encoder().begin();
  encoder.video(0, claimedKeyframe());
  assert.equal(encoder.calls, '');
  encoder.video(40, claimedKeyframe(RECOVERY_POINT_SEI)).video(80, claimedKeyframe());
  assert.equal(encoder.calls, 'tracks key video');
});

test('FrameNormalizer tolerates empty frames, end of sequence and frames before the sequence header', () => {
  const encoder = new Encoder().video(0, keyframe()).video(0, Buffer.alloc(0)).audio(0);
  encoder.audio(0, Buffer.alloc(0)).begin().video(0, keyframe());
  encoder.video(40, Buffer.from('2701000000', 'hex')).audio(0, Buffer.from('af01', 'hex'));
  encoder.video(80, Buffer.from('1702000000', 'hex'));
  assert.equal(encoder.calls, 'tracks key');
});

const rejections: [string, string, RegExp, (encoder: Encoder) => void][] = [
  [
    'HEVC comes',
    'unsupported-codec',
    /HEVC/,
    (e) => e.video(0, Buffer.from('\x91hvc1\0\0\0', 'latin1')),
  ],
  ['MP3 comes', 'unsupported-codec', /MP3/, (e) => e.audio(0, Buffer.of(0x2f, 0))],
  [
    'HE-AAC is signalled',
    'unsupported-codec',
    /HE-AAC/,
    (e) => e.audio(0, Buffer.from('af002b8a0800', 'hex')),
  ],
  [
    '5 s of audio bring no video',
    'audio-only',
    /must have video/,
    (e) => e.audio(0).audio(4999).audio(5000),
  ],
  [
    'the metadata says audio only and audio comes',
    'audio-only',
    /must have video/,
    (e) => e.expect({ hasVideo: false, hasAudio: true }).audio(0),
  ],
];

for (const [when, code, detail, send] of rejections) {
  test(`FrameNormalizer rejects the stream when ${when}`, () => {
    assert.throws(
      () => send(new Encoder()),
      (error) =>
        error instanceof IngestRejection && error.code === code && detail.test(error.message),
    );
  });
}

test('FrameNormalizer says nothing more once it is closed, not even of frames that it holds', () => {
  const encoder = new Encoder().video(0, SEQUENCE_HEADER_720P).group(0, 80);
  encoder.normalizer.close();
  encoder.audio(80, AAC_48K_STEREO).audio(80).video(80, keyframe());
  assert.equal(encoder.calls, '');
});

test('FrameNormalizer gives the frames that ffmpeg sent', () => {
  const encoder = new Encoder();
  for (const { typeId, timestampMs, body } of captured('ffmpeg-publish.bin')) {
    if (typeId === 8) encoder.audio(timestampMs, body);
    if (typeId === 9) encoder.video(timestampMs, body);
  }
  const { video, audio, announced } = encoder.publication;
  assert.equal(announced.length, 1);
  assert.equal(announced[0]?.video.codecString, 'avc1.64000C');
  assert.deepEqual(
    encoder.videoMs,
    Array.from({ length: 50 }, (_, i) => i * 40),
  );
  assert.deepEqual(
    video.flatMap(({ isKeyframe }, i) => (isKeyframe ? [i] : [])),
    [0, 25],
  );
  assert.deepEqual(
    encoder.audioTicks,
    audio.map((_, i) => encoder.audioTicks[0]! + i * 1024),
  );
});

test('FrameNormalizer keeps the promises of FrameSink whatever it is sent', () => {
  const header720 = SEQUENCE_HEADER_720P;
  const header108 = SEQUENCE_HEADER_108P();
  const step = fc.record({
    // Mostly an encoder that jitters, now and then one that jumps.
    deltaMs: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: -30, max: 60 }) },
      { weight: 1, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }) },
    ),
    body: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(keyframe(), keyframe(), interFrame(), claimedKeyframe()),
      },
      { weight: 4, arbitrary: fc.constant(aacFrame()) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(header720, header108, AAC_44K_STEREO, AAC_48K_STEREO),
      },
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const encoder = new Encoder();
      let ms = 0;
      for (const { deltaMs, body } of steps) {
        ms += deltaMs;
        try {
          if ((body[0]! & 0x0f) === 0x0f) encoder.audio(ms, body);
          else encoder.video(ms, body);
        } catch (error) {
          // Only-audio for 5 s; the publication's own assertions are other errors.
          assert.ok(error instanceof IngestRejection, String(error));
          return;
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('FrameNormalizer takes any bytes or throws its two errors', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.uint8Array({ maxLength: 40 })), { maxLength: 10 }),
      (messages) => {
        const encoder = new Encoder().begin();
        try {
          for (const [isVideo, body] of messages) {
            if (isVideo) encoder.video(0, Buffer.concat([Buffer.of(0x17), body]));
            else encoder.audio(0, Buffer.concat([Buffer.of(0xaf), body]));
          }
        } catch (error) {
          const isExpected = error instanceof IngestRejection || error instanceof ProtocolViolation;
          assert.ok(isExpected, String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('FrameNormalizer rejects who changes the picture, or jumps, with each keyframe', () => {
  const clock = new FakeClock();
  const paced = () =>
    new FrameNormalizer(new RecordingPublication(), 0, new SourcePace(() => clock.monotonicMs()));
  const changing = paced();
  const jumping = paced();
  for (const each of [changing, jumping]) {
    each.videoMessage(0, SEQUENCE_HEADER_720P);
    each.audioMessage(0, AAC_48K_STEREO);
  }
  const headers = [SEQUENCE_HEADER_108P(), SEQUENCE_HEADER_720P];
  assert.throws(() => {
    for (let n = 0; n < 40; n++) {
      changing.videoMessage(n * 40, headers[n % 2]!);
      changing.videoMessage(n * 40, keyframe());
    }
  }, IngestRejection);
  assert.throws(() => {
    for (let n = 0; n < 40; n++) jumping.videoMessage(n * 11_000, keyframe());
  }, IngestRejection);
});

test('FrameNormalizer rejects who moves the stream on by a few bytes of sound', () => {
  const clock = new FakeClock();
  const pace = new SourcePace(() => clock.monotonicMs());
  const normalizer = new FrameNormalizer(new RecordingPublication(), 0, pace);
  normalizer.videoMessage(0, SEQUENCE_HEADER_720P);
  normalizer.audioMessage(0, AAC_48K_STEREO);
  normalizer.videoMessage(0, keyframe());
  assert.throws(() => {
    for (let n = 1; n < 20; n++) normalizer.audioMessage(n * 9_900, aacFrame());
  }, IngestRejection);
});

test('FrameNormalizer takes no frame of sound that is larger than any header can say', () => {
  const encoder = new Encoder().begin().video(0, keyframe());
  const frameOf = (byteLength: number) =>
    Buffer.concat([aacFrame().subarray(0, 2), Buffer.alloc(byteLength)]);
  encoder.audio(21, frameOf(8_184));
  assert.throws(() => encoder.audio(42, frameOf(8_185)), ProtocolViolation);
});
