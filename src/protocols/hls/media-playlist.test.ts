import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { M3U8Parser } from 'hls.js';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import {
  encodeMediaPlaylist,
  type MediaPlaylist,
  type MediaSegment,
  type PartialSegment,
} from './media-playlist.ts';
import { parseMediaPlaylist } from './testing/media-playlist-parser.ts';

const part = (uri: string, fields: Partial<PartialSegment> = {}): PartialSegment => ({
  uri,
  durationSeconds: 0.2,
  independent: false,
  gap: false,
  ...fields,
});

const segment = (uri: string, fields: Partial<MediaSegment> = {}): MediaSegment => ({
  uri,
  durationSeconds: 2,
  title: 'live',
  discontinuity: false,
  programDateTimeMs: Date.UTC(2026, 9, 8, 12, 26, 32, 89),
  parts: [],
  gap: false,
  ...fields,
});

const lowLatency: MediaPlaylist = {
  version: 9,
  targetDurationSeconds: 2,
  mediaSequence: 1628,
  discontinuitySequence: 1,
  serverControl: {
    canBlockReload: true,
    canSkipUntilSeconds: 12,
    holdBackSeconds: 6,
    partHoldBackSeconds: 0.6,
  },
  partTargetSeconds: 0.2,
  otherTags: [
    '#EXT-X-NET-LIVE-VIDEO-LIVE-SEQUENCE:1628',
    '#EXT-X-NET-LIVE-VIDEO-ELAPSED-SECS:3255.383',
    '#EXT-X-DATERANGE:ID="source-1",CLASS="live-video-net-stream-source",START-DATE="2026-10-08T12:26:32.089Z",DURATION=6.000',
  ],
  segments: [
    segment('/live/s1628.m4s', { mapUri: '/live/init1.mp4' }),
    segment('/live/s1629.m4s', {
      durationSeconds: 1.96666666,
      programDateTimeMs: Date.UTC(2026, 9, 8, 12, 26, 34, 89),
    }),
    segment('/live/s1630.m4s', {
      discontinuity: true,
      mapUri: '/live/init2.mp4',
      durationSeconds: 0.4,
      programDateTimeMs: Date.UTC(2026, 9, 8, 12, 26, 40),
      parts: [
        part('/live/s1630.0.m4s', { independent: true }),
        part('/live/s1630.1.m4s', { durationSeconds: 0.1 + 0.1 - 1e-9 }),
      ],
    }),
  ],
  openSegment: {
    discontinuity: false,
    programDateTimeMs: Date.UTC(2026, 9, 8, 12, 26, 40, 400),
    parts: [part('/live/s1631.0.m4s', { independent: true, gap: true })],
  },
  preloadHint: { type: 'PART', uri: '/live/s1631.1.m4s' },
  prefetchUris: ['/live/s1631.m4s', '/live/s1632.m4s'],
  renditionReports: [{ uri: '../360p/index.m3u8', lastMsn: 1631, lastPart: 0 }],
  endList: false,
};

const lowLatencyText = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.00000,HOLD-BACK=6.00000,PART-HOLD-BACK=0.60000
#EXT-X-PART-INF:PART-TARGET=0.20000
#EXT-X-MEDIA-SEQUENCE:1628
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-NET-LIVE-VIDEO-LIVE-SEQUENCE:1628
#EXT-X-NET-LIVE-VIDEO-ELAPSED-SECS:3255.383
#EXT-X-DATERANGE:ID="source-1",CLASS="live-video-net-stream-source",START-DATE="2026-10-08T12:26:32.089Z",DURATION=6.000
#EXT-X-MAP:URI="/live/init1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-10-08T12:26:32.089Z
#EXTINF:2.00000,live
/live/s1628.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-10-08T12:26:34.089Z
#EXTINF:1.96667,live
/live/s1629.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="/live/init2.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-10-08T12:26:40.000Z
#EXT-X-PART:DURATION=0.20000,URI="/live/s1630.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.20000,URI="/live/s1630.1.m4s"
#EXTINF:0.40000,live
/live/s1630.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-10-08T12:26:40.400Z
#EXT-X-PART:DURATION=0.20000,URI="/live/s1631.0.m4s",INDEPENDENT=YES,GAP=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="/live/s1631.1.m4s"
#EXT-X-PREFETCH:/live/s1631.m4s
#EXT-X-PREFETCH:/live/s1632.m4s
#EXT-X-RENDITION-REPORT:URI="../360p/index.m3u8",LAST-MSN=1631,LAST-PART=0
`;

test('encodeMediaPlaylist() writes every tag in its place, durations with five decimals', () => {
  assert.equal(encodeMediaPlaylist(lowLatency), lowLatencyText);
});

test('encodeMediaPlaylist() writes a NORMAL playlist without a low-latency tag, and its end', () => {
  const text = encodeMediaPlaylist({
    version: 7,
    targetDurationSeconds: 2,
    mediaSequence: 0,
    discontinuitySequence: 0,
    otherTags: [],
    segments: [segment('a.m4s', { mapUri: 'init.mp4' }), segment('b.m4s', { gap: true })],
    prefetchUris: [],
    renditionReports: [],
    endList: true,
  });
  assert.equal(
    text,
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-10-08T12:26:32.089Z
#EXTINF:2.00000,live
a.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-10-08T12:26:32.089Z
#EXT-X-GAP
#EXTINF:2.00000,live
b.m4s
#EXT-X-ENDLIST
`,
  );
});

test('encodeMediaPlaylist() is read by hls.js as it was meant', () => {
  const details = M3U8Parser.parseLevelPlaylist(
    encodeMediaPlaylist(lowLatency),
    'https://ivory.example/live/index.m3u8',
    0,
    'main' as never,
    0,
    null,
  );
  assert.equal(details.playlistParsingError, null);
  assert.equal(details.startSN, 1628);
  assert.equal(details.startCC, 1);
  assert.equal(details.canBlockReload, true);
  assert.equal(details.canSkipUntil, 12);
  assert.equal(details.partTarget, 0.2);
  assert.equal(details.partHoldBack, 0.6);
  assert.deepEqual(
    details.fragments.map(({ sn, cc, url, duration, programDateTime, initSegment }) => ({
      ...{ sn, cc, duration, programDateTime, path: new URL(url).pathname },
      init: initSegment?.relurl,
    })),
    [
      [1628, 1, 2, Date.UTC(2026, 9, 8, 12, 26, 32, 89), '/live/s1628.m4s', '/live/init1.mp4'],
      [
        1629,
        1,
        1.96667,
        Date.UTC(2026, 9, 8, 12, 26, 34, 89),
        '/live/s1629.m4s',
        '/live/init1.mp4',
      ],
      [1630, 2, 0.4, Date.UTC(2026, 9, 8, 12, 26, 40), '/live/s1630.m4s', '/live/init2.mp4'],
    ].map(([sn, cc, duration, programDateTime, path, init]) => ({
      ...{ sn, cc, duration, programDateTime, path, init },
    })),
  );
  assert.deepEqual(
    details.partList!.map(({ relurl, independent, gap, index, duration }) => ({
      ...{ relurl, independent, gap, index, duration },
    })),
    [
      { relurl: '/live/s1630.0.m4s', independent: true, gap: false, index: 0, duration: 0.2 },
      { relurl: '/live/s1630.1.m4s', independent: false, gap: false, index: 1, duration: 0.2 },
      { relurl: '/live/s1631.0.m4s', independent: true, gap: true, index: 0, duration: 0.2 },
    ],
  );
  assert.equal(details.preloadHint?.['URI'], '/live/s1631.1.m4s');
  assert.equal(details.renditionReports?.[0]?.['LAST-MSN'], '1631');
  assert.equal(details.live, true);
});

test('encodeMediaPlaylist() writes a delta update that hls.js takes for one', () => {
  const delta = { ...lowLatency, skippedSegments: 2, segments: lowLatency.segments.slice(2) };
  const text = encodeMediaPlaylist(delta);
  const details = M3U8Parser.parseLevelPlaylist(
    text,
    'https://ivory.example/live/index.m3u8',
    0,
    'main' as never,
    0,
    null,
  );
  assert.equal(details.skippedSegments, 2);
  assert.equal(details.lastPartSn, 1631);
  assert.deepEqual(parseMediaPlaylist(text), decimal(delta));
});

test('encodeMediaPlaylist() refuses text that would break its line, or its quotes', () => {
  const bad: Partial<MediaPlaylist>[] = [
    { segments: [segment('a\nb')] },
    { segments: [segment('#EXT-X-ENDLIST')] },
    { segments: [segment('')] },
    { segments: [segment('a', { title: 'x\ry' })] },
    { segments: [segment('a', { mapUri: 'x"y' })] },
    { segments: [segment('a', { parts: [part('x"y')] })] },
    { preloadHint: { type: 'PART', uri: 'x\n' } },
    { prefetchUris: ['x\n#EXT-X-ENDLIST'] },
    { otherTags: ['#EXT-X-A\n#EXT-X-B'] },
    { renditionReports: [{ uri: '"', lastMsn: 0 }] },
  ];
  for (const fields of bad) {
    assert.throws(() => encodeMediaPlaylist({ ...lowLatency, ...fields }), RangeError);
  }
});

test("parseMediaPlaylist() reads IVS's own media playlist", () => {
  const playlist = parseMediaPlaylist(`#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:6
#EXT-X-MEDIA-SEQUENCE:1628
#EXT-X-NET-LIVE-VIDEO-LIVE-SEQUENCE:1628
#EXT-X-NET-LIVE-VIDEO-ELAPSED-SECS:3255.383
#EXT-X-DATERANGE:ID="playlist-creation-1",CLASS="timestamp",START-DATE="2026-10-08T12:27:00.621Z",END-ON-NEXT=YES
#EXT-X-PROGRAM-DATE-TIME:2026-10-08T12:26:32.089Z
#EXTINF:2.000,live
https://segments.example/v1/segment/first.ts
#EXT-X-PREFETCH:https://segments.example/v1/segment/not-published-yet-1.ts
#EXT-X-PREFETCH:https://segments.example/v1/segment/not-published-yet-2.ts
`);
  assert.equal(playlist.otherTags.length, 3);
  assert.deepEqual(playlist.segments, [segment('https://segments.example/v1/segment/first.ts')]);
  assert.equal(playlist.prefetchUris.length, 2);
  assert.equal(playlist.openSegment, undefined);
});

test('parseMediaPlaylist() reads CR LF, blank lines and comments', () => {
  const text = '#EXTM3U\r\n\r\n#EXT-X-TARGETDURATION:2\r\n# a comment\r\n#EXTINF:2,\r\na.ts';
  assert.deepEqual(parseMediaPlaylist(text).segments, [
    { uri: 'a.ts', durationSeconds: 2, discontinuity: false, parts: [], gap: false },
  ]);
});

const malformed = [
  '',
  '#EXTM3U8\n',
  '#EXTM3U\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2.5\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\na.ts\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:-2,\na.ts\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\ra.ts\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART:DURATION=1\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART:DURATION=1,URI="a"b\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART:DURATION=1,URI="a",DURATION=2\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PART:DURATION=1,URI="a",GAP=MAYBE\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PRELOAD-HINT:TYPE=X,URI="a"\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PREFETCH:\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PROGRAM-DATE-TIME:yesterday\n',
  '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:99999999999999999999\n',
];

for (const text of malformed) {
  test(`parseMediaPlaylist() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseMediaPlaylist(text), ProtocolViolation);
  });
}

test('parseMediaPlaylist() refuses a text longer than any playlist', () => {
  const text = `#EXTM3U\n${'#\n'.repeat(3 * 1024 * 1024)}`;
  assert.throws(() => parseMediaPlaylist(text), ProtocolViolation);
});

test('parseMediaPlaylist() reads back what encodeMediaPlaylist() wrote', () => {
  fc.assert(
    fc.property(anyPlaylist(), (playlist) => {
      assert.deepEqual(parseMediaPlaylist(encodeMediaPlaylist(playlist)), playlist);
    }),
  );
});

test('parseMediaPlaylist() reads any text or throws ProtocolViolation, and what it reads can be written', () => {
  const lines = lowLatencyText.split('\n');
  const anyLine = fc.oneof(
    fc.constantFrom(...lines, '#EXT-X-ENDLIST', '#EXT-X-GAP', '#EXTINF:1,', '#EXT-X-PREFETCH:'),
    fc
      .tuple(fc.constantFrom(...lines), fc.nat(100), fc.string({ maxLength: 3 }))
      .map(([line, at, noise]) => line.slice(0, at) + noise + line.slice(at + 1)),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 20 }), (some) => {
      const text = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n${some.join('\n')}`;
      let playlist: MediaPlaylist;
      try {
        playlist = parseMediaPlaylist(text);
      } catch (error) {
        if (!(error instanceof ProtocolViolation)) throw error;
        return;
      }
      encodeMediaPlaylist(playlist);
    }),
    { numRuns: 2000 },
  );
});

function anyPlaylist(): fc.Arbitrary<MediaPlaylist> {
  const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }, optional: (keyof T)[] = []) =>
    fc.record(model, {
      requiredKeys: (Object.keys(model) as (keyof T)[]).filter((key) => !optional.includes(key)),
      noNullPrototype: true,
    }) as unknown as fc.Arbitrary<T>;
  const seconds = fc.nat(1_000_000).map((n) => n / 100_000);
  const uri = fc.webPath({ size: 'small' }).map((path) => `/live${path}`);
  const anyPart = record<PartialSegment>({
    uri,
    durationSeconds: seconds,
    independent: fc.boolean(),
    gap: fc.boolean(),
  });
  const start = {
    discontinuity: fc.boolean(),
    mapUri: uri,
    programDateTimeMs: fc.nat(4_000_000_000_000),
    parts: fc.array(anyPart, { maxLength: 4 }),
  };
  const anySegment = record<Required<MediaSegment>>(
    {
      ...start,
      uri,
      durationSeconds: seconds,
      title: fc.constantFrom('live', 'ad, "quoted"'),
      gap: fc.boolean(),
    },
    ['mapUri', 'programDateTimeMs', 'title'],
  );
  // One without a part or a tag of its own leaves no trace.
  const openSegment = record<Required<NonNullable<MediaPlaylist['openSegment']>>>(
    { ...start, parts: fc.array(anyPart, { minLength: 1, maxLength: 4 }) },
    ['mapUri', 'programDateTimeMs'],
  );
  const serverControl = record<Required<NonNullable<MediaPlaylist['serverControl']>>>(
    {
      canBlockReload: fc.constant(true),
      canSkipUntilSeconds: seconds,
      holdBackSeconds: seconds,
      partHoldBackSeconds: seconds,
    },
    ['canSkipUntilSeconds', 'holdBackSeconds', 'partHoldBackSeconds'],
  );
  const report = record<Required<MediaPlaylist['renditionReports'][number]>>(
    { uri, lastMsn: fc.nat(), lastPart: fc.nat(20) },
    ['lastPart'],
  );
  return record<Required<MediaPlaylist>>(
    {
      version: fc.integer({ min: 3, max: 12 }),
      targetDurationSeconds: fc.nat(20),
      mediaSequence: fc.maxSafeNat(),
      discontinuitySequence: fc.nat(),
      serverControl,
      partTargetSeconds: seconds,
      otherTags: fc.subarray([...lowLatency.otherTags]),
      skippedSegments: fc.nat(20),
      segments: fc.array(anySegment, { maxLength: 5 }),
      openSegment,
      preloadHint: record<NonNullable<MediaPlaylist['preloadHint']>>({
        type: fc.constantFrom('PART', 'MAP'),
        uri,
      }),
      prefetchUris: fc.array(uri, { maxLength: 2 }),
      renditionReports: fc.array(report, { maxLength: 3 }),
      endList: fc.boolean(),
    },
    ['serverControl', 'partTargetSeconds', 'skippedSegments', 'openSegment', 'preloadHint'],
  );
}

/** The playlist with its durations as five decimals tell them. */
function decimal(playlist: MediaPlaylist): MediaPlaylist {
  const rounded = (value: number) => Number(value.toFixed(5));
  return {
    ...playlist,
    segments: playlist.segments.map((each) => ({
      ...each,
      durationSeconds: rounded(each.durationSeconds),
      parts: each.parts.map((one) => ({ ...one, durationSeconds: rounded(one.durationSeconds) })),
    })),
  };
}
