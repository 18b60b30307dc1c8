import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEncoderData } from '../protocols/rtmp/command.ts';
import { readEncoderMetadata, readTrackExpectation } from './encoder-metadata.ts';
import { captured } from './testing/media-messages.ts';

function metadataOf(fixture: string) {
  const message = captured(fixture).find(({ typeId }) => typeId === 18)!;
  const data = decodeEncoderData(message.typeId, message.body);
  assert.equal(data?.name, 'onMetaData');
  return data.members;
}

test('readEncoderMetadata() reads what ffmpeg sends: bits / 1024 as kbit/s, times 1000', () => {
  assert.deepEqual(readEncoderMetadata(metadataOf('ffmpeg-publish.bin')), {
    encoder: 'Lavf59.27.100',
    videoBitrateBps: 195_312,
    audioBitrateBps: 62_500,
    frameRate: 25,
    width: 192,
    height: 108,
  });
});

test('readEncoderMetadata() reads what GStreamer sends', () => {
  assert.deepEqual(readEncoderMetadata(metadataOf('gstreamer-publish.bin')), {
    encoder: 'GStreamer 1.22.0 FLV muxer',
    videoBitrateBps: 200_000,
    frameRate: 25,
    width: 160,
    height: 90,
  });
});

test('readEncoderMetadata() leaves out what it can not believe', () => {
  const members = new Map<string, unknown>([
    ['width', Number.NaN],
    ['height', -1],
    ['framerate', Number.POSITIVE_INFINITY],
    ['videodatarate', '3000'],
    ['audiodatarate', 0],
    ['encoder', ''],
  ]);
  assert.deepEqual(readEncoderMetadata(members as never), {});
});

test('readEncoderMetadata() cuts the encoder name', () => {
  assert.equal(readEncoderMetadata(new Map([['encoder', 'x'.repeat(1000)]])).encoder?.length, 128);
});

test('readTrackExpectation() says which tracks there will be', () => {
  const both = { hasVideo: true, hasAudio: true };
  assert.deepEqual(readTrackExpectation(metadataOf('ffmpeg-publish.bin')), both);
  assert.deepEqual(readTrackExpectation(metadataOf('gstreamer-publish.bin')), both);
  assert.deepEqual(readTrackExpectation(new Map([['videocodecid', 7]])), {
    hasVideo: true,
    hasAudio: false,
  });
  assert.deepEqual(readTrackExpectation(new Map([['audiocodecid', 10]])), {
    hasVideo: false,
    hasAudio: true,
  });
});

test('readTrackExpectation() says nothing when the metadata is of something else', () => {
  assert.deepEqual(readTrackExpectation(new Map([['title', 'x']])), {});
});
