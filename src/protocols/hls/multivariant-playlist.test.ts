import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { M3U8Parser } from 'hls.js';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import {
  encodeMultivariantPlaylist,
  type MultivariantPlaylist,
  type VariantStream,
} from './multivariant-playlist.ts';
import { parseMultivariantPlaylist } from './testing/multivariant-playlist-parser.ts';

/** behaviour.md 5.4, as an IVS-style service served it. */
const ivsText = `#EXTM3U
#EXT-X-SESSION-DATA:DATA-ID="NODE",VALUE="video-edge.example"
#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="720p60",NAME="720p60",AUTOSELECT=YES,DEFAULT=YES
#EXT-X-STREAM-INF:BANDWIDTH=3422999,RESOLUTION=1280x720,CODECS="avc1.4D401F,mp4a.40.2",VIDEO="720p60",FRAME-RATE=60.000
https://playlist.example/v1/playlist/720p60.m3u8
#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="160p30",NAME="160p",AUTOSELECT=YES,DEFAULT=YES
#EXT-X-STREAM-INF:BANDWIDTH=230000,RESOLUTION=284x160,CODECS="avc1.4D401F,mp4a.40.2",VIDEO="160p30",FRAME-RATE=30.000
https://playlist.example/v1/playlist/160p30.m3u8
`;

const ivsVariant = (groupId: string, name: string): Partial<VariantStream> => ({
  uri: `https://playlist.example/v1/playlist/${groupId}.m3u8`,
  codecs: ['avc1.4D401F', 'mp4a.40.2'],
  videoGroup: { groupId, name, autoselect: true, default: true },
});

const ivs: MultivariantPlaylist = {
  independentSegments: false,
  sessionData: [{ dataId: 'NODE', value: 'video-edge.example' }],
  variants: [
    {
      ...ivsVariant('720p60', '720p60'),
      bandwidthBps: 3_422_999,
      resolution: { width: 1280, height: 720 },
      frameRate: 60,
    },
    {
      ...ivsVariant('160p30', '160p'),
      bandwidthBps: 230_000,
      resolution: { width: 284, height: 160 },
      frameRate: 30,
    },
  ] as VariantStream[],
};

const bare: VariantStream = { uri: 'a.m3u8', bandwidthBps: 1, codecs: ['avc1.42C02A'] };

test('encodeMultivariantPlaylist() writes the lines of IVS', () => {
  assert.equal(encodeMultivariantPlaylist(ivs), ivsText);
});

test('parseMultivariantPlaylist() reads the lines of IVS', () => {
  assert.deepEqual(parseMultivariantPlaylist(ivsText), ivs);
});

test('encodeMultivariantPlaylist() writes the attributes of a modern IVS variant', () => {
  const text = encodeMultivariantPlaylist({
    version: 9,
    independentSegments: true,
    sessionData: [],
    variants: [
      {
        ...bare,
        averageBandwidthBps: 2,
        frameRate: 30_000 / 1001,
        stableVariantId: '720p60',
        ivsName: '720p60',
        ivsVariantSource: 'source',
      },
    ],
  });
  assert.equal(
    text,
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=1,AVERAGE-BANDWIDTH=2,CODECS="avc1.42C02A",FRAME-RATE=29.970,STABLE-VARIANT-ID="720p60",IVS-NAME="720p60",IVS-VARIANT-SOURCE="source"
a.m3u8
`,
  );
});

test('encodeMultivariantPlaylist() is read by hls.js as it was meant', () => {
  const parsed = M3U8Parser.parseMasterPlaylist(encodeMultivariantPlaylist(ivs), 'https://a/b');
  assert.equal(parsed.playlistParsingError, null);
  assert.equal(parsed.sessionData?.['NODE']?.['VALUE'], 'video-edge.example');
  assert.deepEqual(
    parsed.levels.map(({ bitrate, width, height, url, videoCodec, audioCodec }) => ({
      ...{ bitrate, width, height, url, videoCodec, audioCodec },
    })),
    ivs.variants.map((variant) => ({
      bitrate: variant.bandwidthBps,
      width: variant.resolution?.width,
      height: variant.resolution?.height,
      url: variant.uri,
      videoCodec: 'avc1.4D401F',
      audioCodec: 'mp4a.40.2',
    })),
  );
});

test('encodeMultivariantPlaylist() refuses text that would break its line, or its quotes', () => {
  const withVariant = (fields: Partial<VariantStream>): MultivariantPlaylist => ({
    ...ivs,
    variants: [{ ...bare, ...fields }],
  });
  const group = { autoselect: true, default: true };
  const bad: MultivariantPlaylist[] = [
    { ...ivs, sessionData: [{ dataId: 'USER-IP', value: '1.2.3.4",X="' }] },
    { ...ivs, sessionData: [{ dataId: 'A\nB', value: '' }] },
    withVariant({ uri: '#EXTM3U' }),
    withVariant({ codecs: ['a"'] }),
    withVariant({ videoGroup: { ...group, groupId: '"', name: 'a' } }),
    withVariant({ videoGroup: { ...group, groupId: 'a', name: '\r' } }),
    withVariant({ stableVariantId: '720p 60' }),
    withVariant({ ivsName: '"' }),
  ];
  for (const playlist of bad) {
    assert.throws(() => encodeMultivariantPlaylist(playlist), RangeError);
  }
});

const malformed = [
  '#EXTM3U\na.m3u8\n',
  '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n',
  '#EXTM3U\n#EXT-X-STREAM-INF:CODECS="a"\na.m3u8\n',
  '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,VIDEO="x"\na.m3u8\n',
  '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=1x2x3\na.m3u8\n',
  '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,IVS-VARIANT-SOURCE="x"\na.m3u8\n',
  '#EXTM3U\n#EXT-X-SESSION-DATA:DATA-ID="x"\n',
  '#EXTM3U\n#EXT-X-MEDIA:GROUP-ID="x"\n',
];

for (const text of malformed) {
  test(`parseMultivariantPlaylist() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseMultivariantPlaylist(text), ProtocolViolation);
  });
}

test('parseMultivariantPlaylist() reads any text or throws ProtocolViolation', () => {
  const lines = ivsText.split('\n');
  const anyLine = fc.oneof(
    fc.constantFrom(...lines),
    fc
      .tuple(fc.constantFrom(...lines), fc.nat(100), fc.string({ maxLength: 3 }))
      .map(([line, at, noise]) => line.slice(0, at) + noise + line.slice(at + 1)),
  );
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 12 }), (some) => {
      try {
        parseMultivariantPlaylist(`#EXTM3U\n${some.join('\n')}`);
      } catch (error) {
        if (!(error instanceof ProtocolViolation)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});
