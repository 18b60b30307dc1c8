import assert from 'node:assert/strict';
import type {
  MediaPlaylist,
  MediaSegment,
  OpenSegment,
  PartialSegment,
} from '../../src/protocols/hls/media-playlist.ts';
import type { MultivariantPlaylist } from '../../src/protocols/hls/multivariant-playlist.ts';
import { parseMediaPlaylist } from '../../src/protocols/hls/testing/media-playlist-parser.ts';
import { parseMultivariantPlaylist } from '../../src/protocols/hls/testing/multivariant-playlist-parser.ts';
import { IDR, nalTypes, readFragments } from './fmp4.ts';
import { until } from './until.ts';

/** Five decimals on the wire, twice. */
const WIRE_SECONDS = 0.000_02;
/** The program clock follows the encoder's by a millisecond a segment; the other is rounding. */
const PROGRAM_CLOCK_STEP_MS = 2.01;
/** RFC 8216bis B.1: "the duration of a Partial Segment SHOULD be at least 85% of the Part Target Duration". */
const MIN_PART_OF_TARGET = 0.85;

/** The date of a segment is smoothed, when its first frame came in is measured: their distance is the network's and the machine's. */
const MAX_DATE_ERROR_MS = 1_000;

export interface ClientRules {
  /** The frame rate is constant: parts are of 85 % of the target or more. */
  readonly isSteady?: boolean;
}

/** One finished part as the client got it. */
export interface SeenPart {
  readonly msn: number;
  readonly index: number;
  readonly durationSeconds: number;
  readonly bytes: Buffer;
  /** When the last byte of the request for the hint was there; nothing where it was not hinted. */
  readonly hintedAtMs?: number;
  /** When the playlist that names it was there. */
  readonly listedAtMs: number;
}

interface SeenSegment extends MediaSegment {
  readonly msn: number;
  readonly bytes: Buffer;
}

interface HintFetch {
  readonly uri: string;
  readonly fetched: Promise<{ status: number; bytes: Buffer; atMs: number }>;
}

interface GrowingFetch {
  readonly bytes: Promise<Buffer>;
  chunkTimesMs: number[];
}

/** The multivariant playlist, as soon as there is one. */
export async function fetchMultivariant(playbackUrl: string): Promise<MultivariantPlaylist> {
  const response = await fetch(playbackUrl);
  const body = await response.text();
  assert.equal(response.status, 200, body);
  return parseMultivariantPlaylist(body);
}

/** The address of the only rendition's media playlist; a viewing session of its own. */
export async function fetchMediaPlaylistUrl(playbackUrl: string): Promise<string> {
  const { variants } = await fetchMultivariant(playbackUrl);
  assert.equal(variants.length, 1);
  return variants[0]!.uri;
}

export async function fetchMediaPlaylist(url: string): Promise<MediaPlaylist> {
  const response = await fetch(url);
  const body = await response.text();
  assert.equal(response.status, 200, body);
  return parseMediaPlaylist(body);
}

export async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return Buffer.from(await response.arrayBuffer());
}

/** Every listed byte of a playlist: each init segment, and behind it the segments that need it. One buffer for each init segment. */
export async function downloadListed(url: string): Promise<Buffer[]> {
  const { segments } = await fetchMediaPlaylist(url);
  const runs: Buffer[][] = [];
  let currentMap: string | undefined;
  for (const { mapUri, uri } of segments) {
    if (mapUri !== undefined && mapUri !== currentMap) {
      currentMap = mapUri;
      runs.push([await fetchBytes(new URL(mapUri, url).href)]);
    }
    runs.at(-1)!.push(await fetchBytes(new URL(uri, url).href));
  }
  return runs.map((run) => Buffer.concat(run));
}

/**
 * A low-latency player without a picture: blocking reloads, delta updates, preload hints and IVS's prefetch, all at once. Every reload
 * is held against RFC 8216bis and against the one before; what breaks a rule throws.
 */
export class LlHlsClient {
  readonly url: string;
  readonly parts: SeenPart[] = [];
  readonly segments: SeenSegment[] = [];
  /** Reloads that were answered with what they asked for. */
  reloads = 0;
  /** Delta updates that skipped something and were merged to the whole. */
  deltas = 0;
  /** Hints that did not become a part, and those that did. */
  missedHints = 0;
  keptHints = 0;
  hasEnded = false;
  readonly #rules: ClientRules;
  readonly #fetched = new Map<string, Promise<Buffer>>();
  readonly #growing = new Map<string, GrowingFetch>();
  #playlist: MediaPlaylist | undefined;
  #hint: HintFetch | undefined;
  #hintsKept = new Map<string, { bytes: Buffer; atMs: number }>();

  constructor(mediaPlaylistUrl: string, rules: ClientRules = {}) {
    this.url = mediaPlaylistUrl;
    this.#rules = rules;
  }

  /** Follows the stream until `isEnough`, or its end. */
  async follow(isEnough: (client: LlHlsClient) => boolean): Promise<void> {
    await this.#take(await fetchMediaPlaylist(this.url), performance.now());
    while (!isEnough(this) && !this.hasEnded) await this.#reload();
    await Promise.all(this.#fetched.values());
  }

  get playlist(): MediaPlaylist {
    assert.ok(this.#playlist);
    return this.#playlist;
  }

  async #reload(): Promise<void> {
    const before = this.playlist;
    const msn = before.mediaSequence + before.segments.length;
    const part = before.openSegment?.parts.length ?? 0;
    const ask = (extra: string) =>
      this.#get(`${this.url}&_HLS_msn=${msn}&_HLS_part=${part}${extra}`);
    const [whole, delta] = await Promise.all([ask(''), ask('&_HLS_skip=YES')]);
    const playlist = parseMediaPlaylist(whole.text);
    if (!playlist.endList) this.#checkAnswer(playlist, msn, part);
    this.#checkDelta(before, playlist, parseMediaPlaylist(delta.text));
    this.reloads++;
    await this.#take(playlist, whole.atMs);
  }

  async #get(url: string): Promise<{ text: string; atMs: number }> {
    const response = await fetch(url);
    const text = await response.text();
    const atMs = performance.now();
    assert.equal(response.status, 200, `${url}: ${text}`);
    return { text, atMs };
  }

  /** 6.2.5.2: "the server MUST [...] defer responding [...] until the Playlist contains" what was asked for. */
  #checkAnswer(playlist: MediaPlaylist, msn: number, part: number): void {
    const openMsn = playlist.mediaSequence + playlist.segments.length;
    const openParts = playlist.openSegment?.parts.length ?? 0;
    const hasIt =
      openMsn > msn
        ? openMsn > msn + 1 || openParts > 0 || this.#hasPart(playlist, msn, part)
        : openParts > part;
    assert.ok(hasIt, `asked for part ${msn}.${part}, answered up to ${openMsn}.${openParts - 1}`);
  }

  #hasPart(playlist: MediaPlaylist, msn: number, part: number): boolean {
    return (playlist.segments[msn - playlist.mediaSequence]?.parts.length ?? 0) > part;
  }

  /** 6.2.5.1: a delta update and the segments that the client has are the whole playlist. */
  #checkDelta(before: MediaPlaylist, whole: MediaPlaylist, delta: MediaPlaylist): void {
    const { skippedSegments: skipped = 0, segments: kept, ...rest } = delta;
    if (skipped === 0) return;
    // Between the two answers the playlist may have grown by a part.
    const edge = ({ mediaSequence, openSegment }: MediaPlaylist, count: number) =>
      `${mediaSequence + count}.${openSegment?.parts.length ?? 0}`;
    if (edge(whole, whole.segments.length) !== edge(delta, skipped + kept.length)) return;
    this.deltas++;
    const first = delta.mediaSequence - before.mediaSequence;
    const known = before.segments.slice(first, first + skipped);
    assert.equal(known.length, skipped, 'a delta update skips no more than the client can have');
    const boundary = (whole.serverControl?.canSkipUntilSeconds ?? Infinity) - WIRE_SECONDS;
    const keptSeconds = sum(kept.map(({ durationSeconds }) => durationSeconds));
    const openSeconds = sum(delta.openSegment?.parts.map((p) => p.durationSeconds) ?? []);
    assert.ok(
      keptSeconds + openSeconds >= boundary,
      'nothing closer than CAN-SKIP-UNTIL is skipped',
    );
    const { segments: _, ...wholeRest } = whole;
    assert.deepEqual(rest, wholeRest);
    assert.deepEqual(
      [...known, ...kept].map(essence),
      whole.segments.map(essence),
      'a merged delta update is the whole playlist',
    );
  }

  async #take(playlist: MediaPlaylist, atMs: number): Promise<void> {
    const before = this.#playlist;
    this.#playlist = playlist;
    if (before) checkSuccession(before, playlist);
    this.#checkTiming(playlist);
    this.#startFetching(playlist);
    await this.#settleHint(playlist);
    await this.#takeNewParts(before, playlist, atMs);
    await this.#takeNewSegments(before, playlist);
    if (playlist.endList) this.hasEnded = true;
    else this.#fetchHint(playlist);
  }

  #checkTiming(playlist: MediaPlaylist): void {
    const { targetDurationSeconds, partTargetSeconds = 0, serverControl, segments } = playlist;
    assert.ok(partTargetSeconds > 0 && serverControl?.canBlockReload);
    assert.ok((serverControl.partHoldBackSeconds ?? 0) >= 2 * partTargetSeconds);
    assert.ok((serverControl.holdBackSeconds ?? 0) >= 3 * targetDurationSeconds);
    for (const [index, segment] of segments.entries()) {
      const { durationSeconds, parts, programDateTimeMs, mapUri } = segment;
      const where = `segment ${playlist.mediaSequence + index}`;
      assert.ok(Math.round(durationSeconds) <= targetDurationSeconds, `${where} is too long`);
      assert.ok(programDateTimeMs !== undefined, `${where} has no PROGRAM-DATE-TIME`);
      assert.ok(index > 0 || mapUri !== undefined, 'the first segment has its EXT-X-MAP');
      this.#checkParts(parts, partTargetSeconds, where, true);
      if (parts.length > 0) {
        const partSeconds = sum(parts.map((part) => part.durationSeconds));
        const slack = WIRE_SECONDS * parts.length;
        assert.ok(Math.abs(partSeconds - durationSeconds) <= slack, `${where} is not its parts`);
        assert.ok(parts[0]!.independent, `${where} begins with a keyframe`);
      }
      const next = segments[index + 1];
      if (next?.programDateTimeMs === undefined || next.discontinuity) continue;
      const gapMs = next.programDateTimeMs - programDateTimeMs - durationSeconds * 1000;
      assert.ok(Math.abs(gapMs) <= PROGRAM_CLOCK_STEP_MS, `${where}: dates drift by ${gapMs} ms`);
    }
    const open = playlist.openSegment;
    if (open) this.#checkParts(open.parts, partTargetSeconds, 'the open segment', false);
  }

  #checkParts(
    parts: readonly PartialSegment[],
    target: number,
    where: string,
    isComplete: boolean,
  ): void {
    for (const [index, { durationSeconds }] of parts.entries()) {
      const what = `part ${index} of ${where}: ${durationSeconds} s of ${target} s`;
      assert.ok(durationSeconds <= target + WIRE_SECONDS, `${what} is too long`);
      if (!this.#rules.isSteady || (isComplete && index === parts.length - 1)) continue;
      assert.ok(durationSeconds >= target * MIN_PART_OF_TARGET, `${what} is too short`);
    }
  }

  /** "Every listed byte": each URI once, as soon as it is seen. */
  #startFetching(playlist: MediaPlaylist): void {
    for (const { mapUri, parts } of segmentsOf(playlist)) {
      if (mapUri !== undefined) void this.#bytesOf(mapUri);
      for (const { uri } of parts) void this.#bytesOf(uri);
    }
    for (const { uri, gap } of playlist.segments) if (!gap) void this.#bytesOf(uri);
    for (const uri of playlist.prefetchUris) this.#follow(uri);
  }

  #bytesOf(uri: string): Promise<Buffer> {
    let bytes = this.#fetched.get(uri);
    if (!bytes) {
      bytes = fetchBytes(this.#resolve(uri));
      // Whoever awaits it hears of it; until then it is nobody's.
      bytes.catch(() => {});
      this.#fetched.set(uri, bytes);
    }
    return bytes;
  }

  #resolve(uri: string): string {
    return new URL(uri, this.url).href;
  }

  /** Reads a segment behind EXT-X-PREFETCH as it grows. The one after a stream's last is told that there is none. */
  #follow(uri: string): void {
    if (this.#growing.has(uri)) return;
    const chunkTimesMs: number[] = [];
    const read = async () => {
      const response = await fetch(this.#resolve(uri));
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body ?? []) {
        chunkTimesMs.push(performance.now());
        chunks.push(chunk);
      }
      return response.status === 200 ? Buffer.concat(chunks) : Buffer.alloc(0);
    };
    const bytes = read();
    bytes.catch(() => {});
    this.#growing.set(uri, { bytes, chunkTimesMs });
  }

  #fetchHint(playlist: MediaPlaylist): void {
    const uri = playlist.preloadHint?.uri;
    assert.ok(uri !== undefined, 'a live playlist has a preload hint');
    if (this.#hint?.uri === uri) return;
    const load = async () => {
      const response = await fetch(this.#resolve(uri));
      const bytes = Buffer.from(await response.arrayBuffer());
      return { status: response.status, bytes, atMs: performance.now() };
    };
    const fetched = load();
    fetched.catch(() => {});
    this.#hint = { uri, fetched };
  }

  /** Whether the part that was hinted is there, once the playlist has moved on. */
  async #settleHint(playlist: MediaPlaylist): Promise<void> {
    const hint = this.#hint;
    if (!hint || playlist.preloadHint?.uri === hint.uri) return;
    this.#hint = undefined;
    const isListed = segmentsOf(playlist).some(({ parts }) =>
      parts.some(({ uri }) => uri === hint.uri),
    );
    const { status, bytes, atMs } = await hint.fetched;
    if (isListed) {
      this.keptHints++;
      assert.equal(status, 200, `the hinted part ${hint.uri} is listed and has to be there`);
      this.#hintsKept.set(hint.uri, { bytes, atMs });
    } else this.missedHints++;
  }

  async #takeNewParts(before: MediaPlaylist | undefined, playlist: MediaPlaylist, atMs: number) {
    const first = playlist.mediaSequence;
    for (const [offset, { parts }] of segmentsOf(playlist).entries()) {
      const msn = first + offset;
      for (const [index, { uri, durationSeconds, independent }] of parts.entries()) {
        if (this.parts.some((part) => part.msn === msn && part.index === index)) continue;
        const bytes = await this.#bytesOf(uri);
        const hinted = this.#hintsKept.get(uri);
        if (hinted) assert.ok(hinted.bytes.equals(bytes), `${uri}: hinted and listed bytes differ`);
        checkPartMedia(bytes, { where: uri, durationSeconds, independent });
        this.parts.push({
          msn,
          index,
          durationSeconds,
          bytes,
          listedAtMs: before ? atMs : Number.NaN,
          ...(hinted && { hintedAtMs: hinted.atMs }),
        });
      }
    }
  }

  async #takeNewSegments(before: MediaPlaylist | undefined, playlist: MediaPlaylist) {
    const known = before ? before.mediaSequence + before.segments.length : playlist.mediaSequence;
    for (const [offset, segment] of playlist.segments.entries()) {
      const msn = playlist.mediaSequence + offset;
      if (msn < known || segment.gap) continue;
      const bytes = await this.#bytesOf(segment.uri);
      this.segments.push({ ...segment, msn, bytes });
      if (segment.parts.length > 0) {
        const parts = await Promise.all(segment.parts.map(({ uri }) => this.#bytesOf(uri)));
        assert.ok(Buffer.concat(parts).equals(bytes), `segment ${msn} is not its parts joined`);
      }
      this.#checkBeginning(segment, msn, bytes);
      const grown = await this.#growing.get(segment.uri)?.bytes;
      if (grown && this.#wasPrefetched(before, segment.uri)) {
        assert.ok(grown.equals(bytes), `segment ${msn} was another while it grew`);
      }
    }
    // The oldest is the first to go, and listed until then.
    const [oldest] = playlist.segments;
    if (oldest && !oldest.gap) await fetchBytes(this.#resolve(oldest.uri));
  }

  #checkBeginning({ programDateTimeMs = Number.NaN }: MediaSegment, msn: number, bytes: Buffer) {
    const [first] = readFragments(bytes);
    const [sample] = first?.tracks.get(1) ?? [];
    assert.ok(sample && nalTypes(sample.bytes).includes(IDR), `segment ${msn} has no IDR first`);
    // What the IVS player tells its latency by.
    assert.equal(first?.leading[0], 'emsg', `segment ${msn} does not say when it came in`);
    const receivedMs = Number(/"transc_r":(\d+)/.exec(bytes.toString('latin1', 0, 512))?.[1]);
    const errorMs = Math.abs(receivedMs - programDateTimeMs);
    assert.ok(errorMs < MAX_DATE_ERROR_MS, `segment ${msn} came in ${errorMs} ms from its date`);
  }

  #wasPrefetched(before: MediaPlaylist | undefined, uri: string): boolean {
    return before?.prefetchUris.includes(uri) === true;
  }

  /** How the open segment with this number came in: when each piece of it was there. */
  growthOf(msn: number): readonly number[] {
    return this.#growing.get(`${msn}.m4s`)?.chunkTimesMs ?? [];
  }
}

/** The complete ones and the open one. */
function segmentsOf({ segments, openSegment }: MediaPlaylist): readonly OpenSegment[] {
  return openSegment ? [...segments, openSegment] : segments;
}

/** What no reload may change. */
function checkSuccession(before: MediaPlaylist, after: MediaPlaylist): void {
  assert.equal(after.targetDurationSeconds, before.targetDurationSeconds);
  assert.equal(after.partTargetSeconds, before.partTargetSeconds);
  const gone = after.mediaSequence - before.mediaSequence;
  assert.ok(gone >= 0, `media sequence went back from ${before.mediaSequence}`);
  const end = (playlist: MediaPlaylist) => playlist.mediaSequence + playlist.segments.length;
  assert.ok(end(after) >= end(before), 'segments were taken back');
  const breaksGone = before.segments.slice(0, gone).filter((s) => s.discontinuity).length;
  assert.equal(after.discontinuitySequence, before.discontinuitySequence + breaksGone);
  for (const [index, segment] of before.segments.slice(gone).entries()) {
    assert.deepEqual(essence(after.segments[index]!), essence(segment), 'a segment changed');
  }
  const open = before.openSegment;
  const grown = after.segments[end(before) - after.mediaSequence] ?? after.openSegment;
  const isGap = grown !== undefined && 'gap' in grown && grown.gap;
  if (open && grown && !isGap && end(after) - end(before) < 2) {
    assert.deepEqual(grown.parts.slice(0, open.parts.length), open.parts, 'a part changed');
  }
}

/** What may not change about a segment: the parts go when it is old, and the map is told where the list begins. */
function essence({ uri, durationSeconds, programDateTimeMs, discontinuity }: MediaSegment) {
  return { uri, durationSeconds, programDateTimeMs, discontinuity };
}

function checkPartMedia(
  bytes: Buffer,
  part: { where: string; durationSeconds: number; independent: boolean },
): void {
  const fragments = readFragments(bytes);
  assert.equal(fragments.length, 1, `${part.where} is one fragment`);
  const video = fragments[0]!.tracks.get(1);
  if (!video) return;
  const ticks = sum(video.map(({ durationTicks }) => durationTicks));
  assert.ok(
    Math.abs(ticks / 90_000 - part.durationSeconds) < 0.001,
    `${part.where} has ${ticks / 90_000} s of video, not ${part.durationSeconds} s`,
  );
  const startsWithKeyframe = video[0]!.isSync;
  assert.equal(startsWithKeyframe, part.independent, `${part.where}: INDEPENDENT`);
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** Waits until the playlist has at least so many complete segments. */
export function untilSegments(
  url: string,
  count: number,
  timeoutMs: number,
): Promise<MediaPlaylist> {
  return until(
    `${count} segments`,
    async () => {
      const playlist = await fetchMediaPlaylist(url);
      return playlist.segments.length >= count && playlist;
    },
    { timeoutMs },
  );
}
