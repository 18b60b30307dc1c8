import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { multivariantPath, parsePlaybackPath } from './playback-path.ts';

const inRendition = { playbackId: 'p1ayback_-id', rendition: '720p30' };
const live = (file: string) => `/live/p1ayback_-id/720p30/${file}`;

const PATHS: readonly (readonly [string, object])[] = [
  [
    '/api/video/v1/us-west-2.123456789012.channel.abcdABCDefgh.m3u8',
    {
      kind: 'multivariant',
      region: 'us-west-2',
      accountId: '123456789012',
      channelId: 'abcdABCDefgh',
    },
  ],
  [live('playlist.m3u8'), { kind: 'playlist', ...inRendition }],
  [live('init-0.mp4'), { kind: 'init', ...inRendition, generation: 0 }],
  [live('init-12.mp4'), { kind: 'init', ...inRendition, generation: 12 }],
  [live('0.m4s'), { kind: 'segment', ...inRendition, msn: 0, extension: 'm4s' }],
  [live('1234.m4s'), { kind: 'segment', ...inRendition, msn: 1234, extension: 'm4s' }],
  [live('1234.7.m4s'), { kind: 'part', ...inRendition, msn: 1234, index: 7, extension: 'm4s' }],
  [live('1234.ts'), { kind: 'segment', ...inRendition, msn: 1234, extension: 'ts' }],
  [live('1234.7.ts'), { kind: 'part', ...inRendition, msn: 1234, index: 7, extension: 'ts' }],
  ['/live/p1ayback_-id/thumb.jpg', { kind: 'thumbnail', playbackId: 'p1ayback_-id' }],
];

for (const [path, expected] of PATHS) {
  test(`parsePlaybackPath() reads ${path}`, () => {
    assert.deepEqual(parsePlaybackPath(path), expected);
  });
}

const NOTHING = [
  '',
  '/',
  '/live',
  '/live/',
  '/live/p1ayback_-id',
  '/live/p1ayback_-id/720p30',
  '/live/p1ayback_-id/720p30/',
  live('playlist.m3u8/'),
  live('PLAYLIST.m3u8'),
  live('00.m4s'),
  live('01.m4s'),
  live('-1.m4s'),
  live('1e3.m4s'),
  live('1.01.m4s'),
  live('1.2.3.m4s'),
  live('1.m4s%00'),
  live('init-.mp4'),
  live('init-00.mp4'),
  live('99999999999999999999.m4s'),
  live('..'),
  live('../720p30/1.m4s'),
  live('%2e%2e/1.m4s'),
  '/live//720p30/1.m4s',
  '//live/p1ayback_-id/720p30/1.m4s',
  '/live/p1ayback_-id//720p30/1.m4s',
  '/live/p1ayback_-id%2F720p30/1.m4s',
  '/live/p1ayback_-id/720p30\\1.m4s',
  '/live/p1ayback_-id/720p30/1.m4s;x=1',
  '/live/p1ayback_-id/é/1.m4s',
  `/live/${'a'.repeat(65)}/720p30/1.m4s`,
  '/api/video/v1/',
  '/api/video/v1/us-west-2.123456789012.channel.abcdABCDefgh',
  '/api/video/v1/us-west-2.123456789012.stream.abcdABCDefgh.m3u8',
  '/api/video/v1/us-west-2.12345678901.channel.abcdABCDefgh.m3u8',
  '/api/video/v1/us-west-2.123456789012.channel..m3u8',
  '/api/video/v1/../v1/us-west-2.123456789012.channel.abcdABCDefgh.m3u8',
];

for (const path of NOTHING) {
  test(`parsePlaybackPath() finds nothing at ${JSON.stringify(path.slice(0, 80))}`, () => {
    assert.equal(parsePlaybackPath(path), undefined);
  });
}

test('parsePlaybackPath() takes any text without throwing', () => {
  fc.assert(
    fc.property(fc.webPath(), (path) => {
      parsePlaybackPath(path);
      parsePlaybackPath(`/live${path}`);
    }),
  );
});

test('multivariantPath() makes what parsePlaybackPath() reads', () => {
  const channel = { region: 'eu-west-1', accountId: '000000000001', channelId: 'dY7LsluQX1gV' };
  assert.deepEqual(parsePlaybackPath(multivariantPath(channel)), {
    kind: 'multivariant',
    ...channel,
  });
});
