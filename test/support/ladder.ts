import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { MediaPlaylist, MediaSegment } from '../../src/protocols/hls/media-playlist.ts';
import type { VariantStream } from '../../src/protocols/hls/multivariant-playlist.ts';
import { type JudgedPacket, type JudgedStream, probe } from './judge.ts';
import { fetchBytes, fetchMediaPlaylist, fetchMultivariant } from './ll-hls-client.ts';
import { until } from './until.ts';

const run = promisify(execFile);

/** FLV's milliseconds go through unchanged; ffprobe writes six decimals of 90 kHz. */
const EXACT_SECONDS = 0.000_03;

/** Bits of the number in each picture: enough for 40 s of 25 frames a second. */
const NUMBER_BITS = 10;

/** White and black columns along the upper edge: the number of the picture, lowest bit first. It survives every size and bit rate. */
export const NUMBERED_PICTURES = [
  'drawbox=x=0:y=0:w=iw:h=ih/8:color=black:t=fill',
  ...Array.from(
    { length: NUMBER_BITS },
    (_, bit) =>
      `drawbox=x=iw*${bit}/${NUMBER_BITS}:y=0:w=iw/${NUMBER_BITS}:h=ih/8:color=white:t=fill:` +
      `enable='mod(floor((n+0.5)/${2 ** bit}),2)'`,
  ),
].join(',');

/** The numbers of `NUMBERED_PICTURES`, in the order in which the pictures are presented. */
export async function readPictureNumbers(input: string): Promise<number[]> {
  const { stdout } = await run(
    'ffmpeg',
    [
      ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-i', input, '-an'],
      ...['-vf', `crop=iw:ih/16:0:ih/32,scale=${NUMBER_BITS}:1:flags=area,format=gray`],
      ...['-fps_mode', 'passthrough', '-f', 'rawvideo', '-'],
    ],
    { encoding: 'buffer', maxBuffer: 1024 * 1024 },
  );
  return Array.from({ length: stdout.byteLength / NUMBER_BITS }, (_, picture) => {
    const columns = stdout.subarray(picture * NUMBER_BITS, (picture + 1) * NUMBER_BITS);
    return columns.reduce((number, luma, bit) => number + (luma > 127 ? 2 ** bit : 0), 0);
  });
}

/** One rendition as it was fetched: what is said of it, what is listed, and what another program finds in it. */
export interface FetchedRendition {
  readonly name: string;
  readonly variant: VariantStream;
  readonly playlist: MediaPlaylist;
  /** Everything that is listed and no gap, in one piece. */
  readonly file: string;
  readonly streams: readonly JudgedStream[];
  readonly video: readonly PacketInSegment[];
  readonly audio: readonly PacketInSegment[];
}

export interface PacketInSegment extends JudgedPacket {
  readonly msn: number;
}

/** The path of a rendition's URL. */
export const nameOf = ({ uri }: VariantStream): string => new URL(uri).pathname.split('/').at(-2)!;

/** The multivariant playlist's variants, once all these are among them. */
export function untilRenditions(
  playbackUrl: string,
  names: readonly string[],
  timeoutMs = 20_000,
): Promise<readonly VariantStream[]> {
  return until(
    `the renditions ${names}`,
    async () => {
      const { variants } = await fetchMultivariant(playbackUrl);
      return names.every((name) => variants.some((each) => nameOf(each) === name)) && variants;
    },
    { timeoutMs },
  );
}

/** Everything that the ended playlists of these list; segments have to be there for a minute. */
export async function fetchEnded(
  variants: readonly VariantStream[],
  directory: string,
): Promise<FetchedRendition[]> {
  return Promise.all(
    variants.map(async (variant) => {
      const playlist = await until(
        `the end of ${variant.uri}`,
        async () => {
          const read = await fetchMediaPlaylist(variant.uri);
          return read.endList && read;
        },
        { timeoutMs: 15_000 },
      );
      return fetchRendition(variant, playlist, directory);
    }),
  );
}

/** What `playlist` lists. Of several init segments the last one's run alone is kept. */
export async function fetchRendition(
  variant: VariantStream,
  playlist: MediaPlaylist,
  directory: string,
): Promise<FetchedRendition> {
  const name = nameOf(variant);
  const pieces: Buffer[] = [];
  const ends: { readonly msn: number; readonly endByte: number }[] = [];
  let byteLength = 0;
  const add = (bytes: Buffer) => {
    pieces.push(bytes);
    byteLength += bytes.byteLength;
  };
  let map: string | undefined;
  for (const [index, { uri, mapUri, gap }] of playlist.segments.entries()) {
    if (mapUri !== undefined && mapUri !== map) {
      map = mapUri;
      pieces.length = ends.length = byteLength = 0;
      add(await fetchBytes(new URL(mapUri, variant.uri).href));
    }
    if (gap) continue;
    add(await fetchBytes(new URL(uri, variant.uri).href));
    ends.push({ msn: playlist.mediaSequence + index, endByte: byteLength });
  }
  const extension = playlist.segments[0]?.uri.endsWith('.ts') ? 'ts' : 'mp4';
  const file = path.join(directory, `${name}-${crypto.randomUUID()}.${extension}`);
  await writeFile(file, Buffer.concat(pieces));
  const { streams, video, audio } = await probe(file);
  const inSegment = (packet: JudgedPacket): PacketInSegment => ({
    ...packet,
    msn: ends.find(({ endByte }) => packet.byteOffset < endByte)?.msn ?? -1,
  });
  return {
    name,
    variant,
    playlist,
    file,
    streams,
    video: video.map(inSegment),
    audio: audio.map(inSegment),
  };
}

/**
 * Segments have the same numbers, dates, lengths and parts in every rendition, and those with pictures begin with a keyframe
 * that is presented at the same time in all.
 */
export function assertAligned(renditions: readonly FetchedRendition[]): void {
  const [leader] = renditions;
  assert.ok(leader);
  const expected = timetable(leader);
  for (const rendition of renditions.slice(1)) {
    for (const [msn, entry] of timetable(rendition)) {
      const leaders = expected.get(msn);
      assert.ok(leaders, `${rendition.name} has a segment ${msn} of its own`);
      const what = `segment ${msn} of ${rendition.name}`;
      if (entry.isGap) continue;
      assert.equal(entry.durationSeconds, leaders.durationSeconds, `${what}: duration`);
      assert.equal(entry.programDateTimeMs, leaders.programDateTimeMs, `${what}: date`);
      assert.deepEqual(entry.parts, leaders.parts, `${what}: parts`);
      if (entry.firstPicture === undefined) continue;
      assert.ok(entry.firstPicture.isKeyframe, `${what} begins with a keyframe`);
      assertAt(entry.firstPicture.ptsSeconds, leaders.firstPicture!.ptsSeconds, what);
    }
  }
}

function timetable({ playlist, video }: FetchedRendition) {
  return new Map(
    playlist.segments.map((segment, index) => {
      const msn = playlist.mediaSequence + index;
      return [
        msn,
        {
          durationSeconds: segment.durationSeconds,
          programDateTimeMs: segment.programDateTimeMs,
          parts: segment.parts.map(({ durationSeconds }) => durationSeconds),
          isGap: segment.gap,
          firstPicture: video.find((packet) => packet.msn === msn),
        },
      ];
    }),
  );
}

/** When pictures are presented, in that order. */
export const presentedSeconds = (video: readonly JudgedPacket[]): number[] =>
  video.map(({ ptsSeconds }) => ptsSeconds).toSorted((a, b) => a - b);

export function assertAt(seconds: number | undefined, expected: number, what: string): void {
  const error = (seconds ?? Number.NaN) - expected;
  assert.ok(Math.abs(error) <= EXACT_SECONDS, `${what}: ${seconds} s, not ${expected} s`);
}

/** Every `keepOneFrameIn`th picture of the source, each at its own time; `shift`: between the two timelines. */
export function assertPicturesOf(
  source: readonly JudgedPacket[],
  rendition: FetchedRendition,
  { shiftSeconds, keepOneFrameIn = 1 }: { shiftSeconds: number; keepOneFrameIn?: number },
): void {
  const expected = presentedSeconds(source).filter((_, index) => index % keepOneFrameIn === 0);
  const got = presentedSeconds(rendition.video);
  assert.equal(got.length, expected.length, `pictures of ${rendition.name}`);
  for (const [index, seconds] of expected.entries()) {
    assertAt(got[index], seconds + shiftSeconds, `picture ${index} of ${rendition.name}`);
  }
}

/** Follows the playlists of several renditions of a stream and keeps everything that they ever list. */
export class LadderWatch {
  readonly #seen = new Map<string, Map<number, MediaSegment>>();
  readonly #bytes = new Map<string, Promise<Buffer>>();
  readonly #newest = new Map<string, MediaPlaylist>();
  readonly #variants: readonly VariantStream[];
  readonly #stop = new AbortController();
  readonly #watching: Promise<unknown>;

  constructor(variants: readonly VariantStream[]) {
    this.#variants = variants;
    this.#watching = Promise.all(variants.map((variant) => this.#watch(variant)));
    // Whoever waits for the end hears of it.
    this.#watching.catch(() => {});
  }

  /** By number, all that were ever listed. Segments keep what was first said of them. */
  segments(name: string): ReadonlyMap<number, MediaSegment> {
    return this.#seen.get(name) ?? new Map();
  }

  list(name: string): (MediaSegment & { readonly msn: number })[] {
    return [...this.segments(name)].map(([msn, segment]) => ({ ...segment, msn }));
  }

  playlist(name: string): MediaPlaylist | undefined {
    return this.#newest.get(name);
  }

  /** Resolves when all lists have ended. */
  ended(): Promise<unknown> {
    return this.#watching;
  }

  /** The media of a run of segments, as one file. */
  async download(name: string, msns: readonly number[], file: string): Promise<string> {
    const uri = this.#variants.find((variant) => nameOf(variant) === name)!.uri;
    const pieces: Buffer[] = [];
    let map: string | undefined;
    const segments = this.segments(name);
    for (const [msn, segment] of segments) {
      if (segment.mapUri !== undefined && msn <= msns[0]!) map = segment.mapUri;
    }
    if (map !== undefined) pieces.push(await this.#fetch(new URL(map, uri).href));
    for (const msn of msns) {
      pieces.push(await this.#fetch(new URL(segments.get(msn)!.uri, uri).href));
    }
    await writeFile(file, Buffer.concat(pieces));
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching.catch(() => {});
  }

  async #watch(variant: VariantStream): Promise<void> {
    const name = nameOf(variant);
    const seen = new Map<number, MediaSegment>();
    this.#seen.set(name, seen);
    while (!this.#stop.signal.aborted) {
      const playlist = await fetchMediaPlaylist(variant.uri);
      this.#take(name, variant.uri, playlist, seen);
      if (playlist.endList) return;
      await delay(150, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  #take(name: string, url: string, playlist: MediaPlaylist, seen: Map<number, MediaSegment>) {
    const before = this.#newest.get(name);
    this.#newest.set(name, playlist);
    if (before) {
      const end = (list: MediaPlaylist) => list.mediaSequence + list.segments.length;
      assert.ok(playlist.mediaSequence >= before.mediaSequence, `${name}: numbers went back`);
      assert.ok(end(playlist) >= end(before), `${name}: segments were taken back`);
    }
    for (const [index, segment] of playlist.segments.entries()) {
      const msn = playlist.mediaSequence + index;
      const known = seen.get(msn);
      if (known) {
        const { uri, durationSeconds, gap, discontinuity, programDateTimeMs } = segment;
        assert.deepEqual(
          { uri, durationSeconds, gap, discontinuity, programDateTimeMs },
          {
            uri: known.uri,
            durationSeconds: known.durationSeconds,
            gap: known.gap,
            discontinuity: known.discontinuity,
            programDateTimeMs: known.programDateTimeMs,
          },
          `${name}: segment ${msn} changed`,
        );
        continue;
      }
      seen.set(msn, segment);
      if (segment.mapUri !== undefined) void this.#fetch(new URL(segment.mapUri, url).href);
      if (!segment.gap) void this.#fetch(new URL(segment.uri, url).href);
    }
  }

  #fetch(url: string): Promise<Buffer> {
    let bytes = this.#bytes.get(url);
    if (bytes === undefined) {
      bytes = fetchBytes(url);
      bytes.catch(() => {});
      this.#bytes.set(url, bytes);
    }
    return bytes;
  }
}

/** Whatever happened to a rendition, a segment of a number is as long, and as old, in all of them. */
export function assertSameNumbers(watch: LadderWatch, names: readonly string[]): void {
  const [leader, ...others] = names;
  const expected = watch.segments(leader!);
  for (const name of others) {
    for (const [msn, { durationSeconds, programDateTimeMs }] of watch.segments(name)) {
      const leaders = expected.get(msn);
      assert.ok(leaders, `${name} has a segment ${msn} of its own`);
      assert.equal(durationSeconds, leaders.durationSeconds, `segment ${msn} of ${name}`);
      assert.equal(programDateTimeMs, leaders.programDateTimeMs, `date of ${msn} of ${name}`);
    }
  }
}
