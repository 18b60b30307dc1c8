import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flvTags } from '../../../test/support/flv-file.ts';
import { decodeAmf0, EcmaArray } from '../amf0.ts';
import { decodeAudioTag } from './audio-tag.ts';
import {
  encodeAacFrame,
  encodeAacSequenceHeader,
  encodeAvcFrame,
  encodeAvcSequenceHeader,
  encodeFlvHeader,
  encodeFlvMetadata,
} from './flv-writer.ts';
import { decodeVideoTag } from './video-tag.ts';

const hex = (bytes: readonly Uint8Array[]) => Buffer.concat(bytes).toString('hex');
const HEADER = encodeFlvHeader({ hasVideo: true, hasAudio: false });

test('encodeFlvHeader() says which tracks there are', () => {
  assert.equal(hex([HEADER]), '464c5601010000000900000000');
  assert.equal(encodeFlvHeader({ hasVideo: false, hasAudio: true })[4], 4);
});

test('a tag is header, body and its own size', () => {
  const tag = encodeAacFrame(0x12_34_56_78, Uint8Array.of(0xaa, 0xbb));
  assert.equal(hex(tag), '08000004345678' + '12000000' + 'af01aabb' + '0000000f');
  assert.equal(
    hex(encodeAacSequenceHeader(0, Uint8Array.of(0x11, 0x90))),
    '0800000400000000000000af0011900000000f',
  );
});

test('a large payload is handed on as it is, a small one in one buffer', () => {
  const frame = (byteLength: number) =>
    encodeAvcFrame({
      timestampMs: 0,
      compositionTimeMs: 0,
      isKeyframe: false,
      payload: new Uint8Array(byteLength),
    });
  assert.equal(frame(100).length, 1);
  assert.equal(frame(5000).length, 3);
  const payload = new Uint8Array(5000);
  assert.equal(encodeAacFrame(0, payload)[1], payload);
});

test('encodeFlvMetadata() writes an onMetaData that reads back', () => {
  const [tag] = [...flvTags(Buffer.concat([HEADER, ...encodeFlvMetadata({ framerate: 59.94 })]))];
  assert.equal(tag?.kind, 'script');
  assert.deepEqual(decodeAmf0(tag.body), ['onMetaData', new EcmaArray([['framerate', 59.94]])]);
});

test('what is written is what the codecs of tags read', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 5000 });
  const milliseconds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const offset = fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 });
  fc.assert(
    fc.property(
      bytes,
      milliseconds,
      offset,
      fc.boolean(),
      (payload, timestampMs, compositionTimeMs, isKeyframe) => {
        const file = Buffer.concat([
          HEADER,
          ...encodeAvcSequenceHeader(timestampMs, payload),
          ...encodeAvcFrame({ timestampMs, compositionTimeMs, isKeyframe, payload }),
          ...encodeAacFrame(timestampMs, payload),
        ]);
        const tags = [...flvTags(file)];
        assert.deepEqual(
          tags.map((tag) => tag.timestampMs),
          [timestampMs, timestampMs, timestampMs],
        );
        const [header, video, audio] = tags;
        const read = (body: Uint8Array) => ({ ...decodeVideoTag(body) });
        const same = Buffer.from(payload);
        assert.deepEqual(read(header!.body), { kind: 'sequence-header', bytes: same });
        assert.deepEqual(read(video!.body), {
          kind: 'frame',
          isKeyframe,
          compositionTimeMs,
          payload: same,
        });
        assert.deepEqual(decodeAudioTag(audio!.body), { kind: 'frame', payload: same });
      },
    ),
    { numRuns: 100 },
  );
});

test('a tag that 24 bits of size do not hold is refused', () => {
  assert.throws(() => encodeAacFrame(0, new Uint8Array(2 ** 24)), RangeError);
});
