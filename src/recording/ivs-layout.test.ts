import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecorderBench } from './testing/recorder-bench.ts';

// What IVS's own recordings look like (the sample of aws-samples/amazon-ivs-clip-manifest, and the user guide's "Auto-Record to
// Amazon S3"), as a grammar. Every file of a recording is compared with it, line by line and member by member.

const RENDITIONS = [
  { name: '720p30', width: 1280, height: 720 },
  { name: '480p30', width: 852, height: 480 },
  { name: '360p30', width: 640, height: 360 },
  { name: '160p30', width: 284, height: 160 },
] as const;

/** A JSON value by its shape: members in their order. */
type Shape = RegExp | typeof Number | readonly [Shape] | { readonly [name: string]: Shape };

const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const RENDITION: Shape = {
  path: /^\d+p\d+$/,
  playlist: /^playlist\.m3u8$/,
  byte_range_playlist: /^byte-range-variant\.m3u8$/,
  resolution_width: Number,
  resolution_height: Number,
};
const HLS = {
  path: /^media\/hls$/,
  playlist: /^master\.m3u8$/,
  byte_range_playlist: /^byte-range-multivariant\.m3u8$/,
  renditions: [RENDITION],
} as const;
const THUMBNAILS = {
  thumbnails: {
    path: /^media\/thumbnails$/,
    resolution_width: Number,
    resolution_height: Number,
  },
  latest_thumbnail: {
    path: /^media\/latest_thumbnail\/thumb\.jpg$/,
    resolution_width: Number,
    resolution_height: Number,
  },
} as const;
const ARN = /^arn:aws:ivs:[a-z0-9-]+:\d{12}:channel\/[A-Za-z0-9]{12}$/;
const STARTED: Shape = {
  version: /^v1$/,
  recording_started_at: SECONDS,
  channel_arn: ARN,
  recording_status: /^RECORDING_STARTED$/,
  media: { hls: HLS, ...THUMBNAILS },
};
const ENDED = (status: RegExp, message: { readonly [name: string]: Shape } = {}): Shape => ({
  version: /^v1$/,
  recording_started_at: SECONDS,
  recording_ended_at: SECONDS,
  channel_arn: ARN,
  recording_status: status,
  ...message,
  media: { hls: { duration_ms: Number, ...HLS }, ...THUMBNAILS },
});

function assertShape(value: unknown, shape: Shape, at = ''): void {
  if (shape === Number) assert.ok(Number.isSafeInteger(value), `${at} is ${value}`);
  else if (shape instanceof RegExp) assert.match(String(value), shape, at);
  else if (Array.isArray(shape)) {
    assert.ok(Array.isArray(value) && value.length > 0, at);
    for (const [index, item] of value.entries()) assertShape(item, shape[0], `${at}[${index}]`);
  } else {
    const members = shape as { readonly [name: string]: Shape };
    assert.deepEqual(Object.keys(value as object), Object.keys(members), at);
    for (const [name, member] of Object.entries(members)) {
      assertShape((value as Record<string, unknown>)[name], member, `${at}.${name}`);
    }
  }
}

/** A playlist by its lines: `head` once, `entry` as often as it comes, `tail` at the end. */
function assertLines(
  text: string,
  grammar: {
    readonly head: readonly RegExp[];
    readonly entry: readonly RegExp[];
    readonly tail?: readonly RegExp[];
  },
): void {
  const { head, entry, tail = [] } = grammar;
  assert.ok(text.endsWith('\n'));
  const lines = text.trimEnd().split('\n');
  const count = (lines.length - head.length - tail.length) / entry.length;
  assert.ok(Number.isInteger(count) && count > 0, text);
  const expected = [...head, ...Array.from({ length: count }, () => entry).flat(), ...tail];
  for (const [index, line] of lines.entries()) assert.match(line, expected[index]!);
}

const MASTER = (playlist: string) => ({
  head: [
    /^#EXTM3U$/,
    /^#EXT-X-SESSION-DATA:DATA-ID="net\.live-video\.content\.id",VALUE="[A-Za-z0-9]{12}"$/,
    /^#EXT-X-SESSION-DATA:DATA-ID="net\.live-video\.customer\.id",VALUE="\d{12}"$/,
  ],
  entry: [
    /^#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="\d+p\d+",NAME="\d+p(?!30)\d*",AUTOSELECT=YES,DEFAULT=YES$/,
    // No FRAME-RATE: hls.js never goes up to a level that has less of it, be it a thousandth.
    /^#EXT-X-STREAM-INF:PROGRAM-ID=1,BANDWIDTH=\d+,CODECS="[\w.]+,[\w.]+",RESOLUTION=\d+x\d+,VIDEO="\d+p\d+"$/,
    new RegExp(`^\\d+p\\d+/${playlist}\\.m3u8$`),
  ],
});
const DATE = /^#EXT-X-PROGRAM-DATE-TIME:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const LENGTH = /^#EXTINF:\d+\.\d{3},$/;
const SEGMENT = /^\d+\.ts$/;
const PLAYLIST = {
  head: [
    /^#EXTM3U$/,
    /^#EXT-X-VERSION:3$/,
    /^#EXT-X-TARGETDURATION:12$/,
    /^#ID3-EQUIV-TDTG:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/,
    /^#EXT-X-PLAYLIST-TYPE:EVENT$/,
    /^#EXT-X-MEDIA-SEQUENCE:0$/,
    /^#EXT-X-TWITCH-ELAPSED-SECS:0\.000$/,
    /^#EXT-X-TWITCH-TOTAL-SECS:\d+\.\d{3}$/,
  ],
  entry: [DATE, LENGTH, SEGMENT],
};
const BYTE_RANGE_PLAYLIST = (type: RegExp) => ({
  head: [
    /^#EXTM3U$/,
    /^#EXT-X-VERSION:4$/,
    /^#EXT-X-TARGETDURATION:12$/,
    type,
    /^#EXT-X-MEDIA-SEQUENCE:0$/,
  ],
  entry: [DATE, LENGTH, /^#EXT-X-BYTERANGE:\d+@\d+$/, SEGMENT],
});
const TAIL = [/^#EXT-X-ENDLIST$/];
const VOD = /^#EXT-X-PLAYLIST-TYPE:VOD$/;
const EVENT = /^#EXT-X-PLAYLIST-TYPE:EVENT$/;

/** 1280x720, as far as anybody looks. */
const JPEG = Buffer.from('ffd8ffc000110802d0050003012200021101031101ffd9', 'hex');

async function recordLadder() {
  const bench = new RecorderBench();
  const stream = bench.stream({
    renditions: RENDITIONS,
    configuration: {
      thumbnailConfiguration: {
        recordingMode: 'INTERVAL',
        targetIntervalSeconds: 5,
        storage: ['SEQUENTIAL', 'LATEST'],
      },
    },
  });
  for (let count = 0; count < 8; count++) {
    stream.segment();
    stream.thumbnail(JPEG);
    bench.clock.advance(2000);
    await bench.settle();
  }
  return { bench, stream };
}

/** Of the tree, without the recording's prefix. */
const treeOf = ({ store }: RecorderBench): string[] =>
  [...store.objects.keys()].map((key) => key.split('/').slice(11).join('/')).toSorted();

test('a recording that has ended is, file by file, what IVS makes', async () => {
  const { bench, stream } = await recordLadder();
  stream.end();
  await bench.settle();
  const { store } = bench;
  assert.deepEqual(
    treeOf(bench),
    [
      'events/recording-ended.json',
      'events/recording-started.json',
      'media/hls/byte-range-multivariant.m3u8',
      'media/hls/master.m3u8',
      ...RENDITIONS.flatMap(({ name }) =>
        ['0.ts', '1.ts', 'byte-range-variant.m3u8', 'playlist.m3u8'].map(
          (file) => `media/hls/${name}/${file}`,
        ),
      ),
      'media/latest_thumbnail/thumb.jpg',
      'media/thumbnails/thumb0.jpg',
      'media/thumbnails/thumb1.jpg',
      'media/thumbnails/thumb2.jpg',
    ].toSorted(),
  );
  assertShape(JSON.parse(store.text('recording-started.json')), STARTED);
  const ended = JSON.parse(store.text('recording-ended.json'));
  assertShape(ended, ENDED(/^RECORDING_ENDED$/));
  assert.deepEqual(
    ended.media.hls.renditions.map(({ path }: { path: string }) => path),
    RENDITIONS.map(({ name }) => name),
  );
  assertLines(store.text('/master.m3u8'), MASTER('playlist'));
  assertLines(store.text('/byte-range-multivariant.m3u8'), MASTER('byte-range-variant'));
  for (const { name } of RENDITIONS) {
    assertLines(store.text(`${name}/playlist.m3u8`), { ...PLAYLIST, tail: TAIL });
    assertLines(store.text(`${name}/byte-range-variant.m3u8`), {
      ...BYTE_RANGE_PLAYLIST(VOD),
      tail: TAIL,
    });
  }
});

test('a recording that grows, and one that failed, are made of the same', async () => {
  const { bench, stream } = await recordLadder();
  const { store } = bench;
  assertShape(JSON.parse(store.text('recording-started.json')), STARTED);
  assertLines(store.text('/master.m3u8'), MASTER('playlist'));
  assertLines(store.text('480p30/playlist.m3u8'), PLAYLIST);
  assertLines(store.text('480p30/byte-range-variant.m3u8'), BYTE_RANGE_PLAYLIST(EVENT));
  for (const spooled of bench.spool.recordings.values()) spooled.error = new Error('ENOSPC');
  stream.segment();
  await bench.settle();
  assert.ok(!treeOf(bench).includes('events/recording-ended.json'));
  assertShape(
    JSON.parse(store.text('recording-failed.json')),
    ENDED(/^RECORDING_ENDED_WITH_FAILURE$/, { recording_status_message: /^ENOSPC$/ }),
  );
  assertLines(store.text('480p30/playlist.m3u8'), { ...PLAYLIST, tail: TAIL });
});
