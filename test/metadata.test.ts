import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { amf0Object, encodeAmf0 } from '../src/protocols/amf0.ts';
import { ffprobeFrames } from './support/ffmpeg.ts';
import { type FlvTag, flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import { type IvoryInProcess, startIvoryForTest, temporaryDirectory } from './support/ivory.ts';
import { fetchRenditions } from './support/renditions.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

let ivory: IvoryInProcess;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let source: FlvTag[];

before(async () => {
  [ivory, directory] = await Promise.all([startIvoryForTest(), temporaryDirectory()]);
  const file = path.join(directory.path, 'source.flv');
  await encodeSource(file, { durationSeconds: 7 });
  source = [...flvTags(await readFile(file))];
});
after(async () => {
  await ivory?.[Symbol.asyncDispose]();
  await directory?.[Symbol.asyncDispose]();
});

/** Publishes the tags from first to last. Resolves with what viewers can fetch then. */
async function published(
  tags: Iterable<FlvTag>,
  input: Parameters<IvoryInProcess['createChannel']>[0],
): Promise<Buffer[]> {
  const channel = await ivory.createChannel(input);
  await using encoder = await RtmpClient.connect(ivory.rtmpPort);
  await encoder.publish(channel.streamKey);
  await replay(encoder, tags);
  // A ladder comes a moment later.
  await until('a playlist', async () => (await fetch(channel.playbackUrl)).ok, {
    timeoutMs: 15_000,
  });
  return await fetchRenditions(channel.playbackUrl);
}

/** A text every 500 ms between the media, as ffmpeg's FLV muxer writes one. */
function* withTexts(tags: Iterable<FlvTag>): Generator<FlvTag> {
  let next = 1;
  for (const tag of tags) {
    yield tag;
    if (tag.timestampMs < next * 500) continue;
    const text = amf0Object({ type: 'Text', text: `text ${next}` });
    const body = encodeAmf0(['onTextData', text]);
    yield { kind: 'script', timestampMs: tag.timestampMs, body };
    next++;
  }
}

for (const [containerFormat, copies] of [
  ['TS', 1],
  ['FRAGMENTED_MP4', 2],
] as const) {
  test(`a text that the encoder sends comes once, as IVS labels it, in ${containerFormat}`, async () => {
    const [media] = await published(withTexts(source), { containerFormat });
    const heard = media!
      .toString('latin1')
      .matchAll(/\0inband\.metadata\.live-video\.net\0(text \d+)/g);
    const texts = Array.from(heard, ([, text]) => text!);
    const counts = new Map<string, number>();
    for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
    assert.ok(counts.size >= 8, `${texts}`);
    assert.deepEqual([...counts.keys()].slice(0, 2), ['text 1', 'text 2']);
    assert.deepEqual(new Set(counts.values()), new Set([copies]));
  });
}

/** ATSC A/53 part 4, 6.2: a pair of CEA-608 characters in an SEI message, ISO 14496-10 D.1.6. */
const CAPTIONS = Buffer.from([
  ...[0x06, 0x04, 0x0e, 0xb5, 0x00, 0x31, ...Buffer.from('GA94'), 0x03],
  ...[0xc1, 0xff, 0xfc, 0x94, 0x2c, 0xff, 0x80],
]);

/** The same with captions in every picture. */
function* withCaptions(tags: Iterable<FlvTag>): Generator<FlvTag> {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(CAPTIONS.byteLength);
  for (const tag of tags) {
    if (tag.kind !== 'video' || tag.body[1] !== 1) yield tag;
    else {
      const [head, nalUnits] = [tag.body.subarray(0, 5), tag.body.subarray(5)];
      yield { ...tag, body: Buffer.concat([head, length, CAPTIONS, nalUnits]) };
    }
  }
}

for (const [what, input] of [
  ['as they are', { containerFormat: 'FRAGMENTED_MP4' }],
  ['in a transport stream', { containerFormat: 'TS' }],
  ['on every rendition of a ladder', { containerFormat: 'TS', type: 'STANDARD' }],
] as const) {
  test(`captions pass through ${what}`, async () => {
    const renditions = await published(withCaptions(source), input);
    for (const [i, media] of renditions.entries()) {
      const file = path.join(directory.path, `${what}-${i}`);
      await writeFile(file, media);
      const pictures = await ffprobeFrames(file);
      assert.ok(pictures.length > 50, `${pictures.length} pictures`);
      for (const { side_data_list = [] } of pictures) {
        const kinds = side_data_list.map(({ side_data_type }) => side_data_type);
        assert.ok(kinds.includes('ATSC A53 Part 4 Closed Captions'), `rendition ${i}: ${kinds}`);
      }
    }
  });
}
