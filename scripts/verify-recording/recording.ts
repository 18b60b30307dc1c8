import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { probeSegment } from './media-probe.ts';
import {
  type PlaylistEntry,
  type RecordedPlaylist,
  readRecordedPlaylist,
} from './recorded-playlist.ts';

/** One frame of sound or of picture, and RTMP's rounding: what a segment's edges may be off by. */
const EDGE_MS = 50;
/** A transport stream's last picture lasts as long as most of the others, which is a guess. */
const LENGTH_MS = 50;

interface Document {
  readonly recording_status: string;
  readonly recording_started_at: string;
  readonly recording_ended_at?: string;
  readonly media: {
    readonly hls?: {
      readonly duration_ms?: number;
      readonly path: string;
      readonly playlist: string;
      readonly byte_range_playlist: string;
      readonly renditions: readonly {
        readonly path: string;
        readonly playlist: string;
        readonly byte_range_playlist: string;
      }[];
    };
    readonly thumbnails?: { readonly path: string };
    readonly latest_thumbnail?: { readonly path: string };
  };
}

/** Everything that is wrong with the recording in `directory`. */
export async function verifyRecording(
  directory: string,
): Promise<{ readonly problems: readonly string[]; readonly summary: string }> {
  const verification = new Verification(directory);
  const summary = await verification.run().catch((error: unknown) => {
    verification.problems.push(error instanceof Error ? error.message : String(error));
    return 'not read to its end';
  });
  return { problems: verification.problems, summary };
}

class Verification {
  readonly problems: string[] = [];
  readonly #directory: string;
  /** What the documents and playlists name; everything else does not belong there. */
  readonly #named = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  async run(): Promise<string> {
    const ended = await this.#documents();
    const { hls, thumbnails, latest_thumbnail: latest } = ended.media;
    if (latest) this.#names(latest.path);
    const files = await this.#files();
    if (thumbnails) {
      const count = files.filter((file) => file.startsWith(`${thumbnails.path}/`)).length;
      for (let index = 0; index < count; index++)
        this.#names(`${thumbnails.path}/thumb${index}.jpg`);
    }
    if (hls) await this.#hls(hls);
    for (const file of files) {
      if (!this.#named.has(file)) this.problems.push(`${file}: nothing names it`);
    }
    const renditions = hls?.renditions.map((rendition) => rendition.path).join(' ') ?? 'thumbnails';
    return `${ended.recording_status}, ${hls?.duration_ms ?? 0} ms, ${renditions}`;
  }

  async #documents(): Promise<Document> {
    const started: Document = JSON.parse(await this.#read('events/recording-started.json'));
    this.#expect(
      started.recording_status === 'RECORDING_STARTED',
      'the started document is not one',
    );
    const [name] = ['events/recording-ended.json', 'events/recording-failed.json'].filter((file) =>
      existsSync(path.join(this.#directory, file)),
    );
    if (name === undefined) throw new Error('the recording has no end');
    const ended: Document = JSON.parse(await this.#read(name));
    const hasFailed = name.includes('failed');
    const status = hasFailed ? 'RECORDING_ENDED_WITH_FAILURE' : 'RECORDING_ENDED';
    this.#expect(ended.recording_status === status, `${name} says ${ended.recording_status}`);
    this.#expect(ended.recording_ended_at !== undefined, `${name} has no recording_ended_at`);
    return ended;
  }

  async #hls(hls: NonNullable<Document['media']['hls']>): Promise<void> {
    for (const [master, playlist] of [
      [hls.playlist, 'playlist'],
      [hls.byte_range_playlist, 'byte_range_playlist'],
    ] as const) {
      const text = await this.#read(`${hls.path}/${master}`);
      const uris = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const named = hls.renditions.map((rendition) => `${rendition.path}/${rendition[playlist]}`);
      this.#expect(uris.join() === named.join(), `${master} lists ${uris.join(', ')}`);
    }
    const durations: number[] = [];
    for (const rendition of hls.renditions) {
      const folder = `${hls.path}/${rendition.path}`;
      durations.push(await this.#rendition(folder, rendition));
    }
    const longestMs = Math.max(...durations);
    this.#expect(
      hls.duration_ms === longestMs,
      `duration_ms is ${hls.duration_ms}, the playlists have ${longestMs} ms`,
    );
  }

  /** How long it is, in milliseconds. */
  async #rendition(
    folder: string,
    names: { readonly playlist: string; readonly byte_range_playlist: string },
  ): Promise<number> {
    const playlist = readRecordedPlaylist(await this.#read(`${folder}/${names.playlist}`));
    const twin = readRecordedPlaylist(await this.#read(`${folder}/${names.byte_range_playlist}`));
    const durationMs = sum(playlist.entries);
    const say = (what: string) => this.problems.push(`${folder}: ${what}`);
    this.#head(playlist, twin, durationMs, say);
    for (const { uri, map, isGap } of playlist.entries) {
      if (map !== undefined) this.#names(`${folder}/${map}`);
      if (!isGap) this.#names(`${folder}/${uri}`);
    }
    this.#dates(playlist.entries, say);
    this.#dates(twin.entries, say);
    await this.#ranges(folder, playlist.entries, twin.entries, say);
    await this.#media(folder, playlist.entries, say);
    return durationMs;
  }

  #head(
    playlist: RecordedPlaylist,
    twin: RecordedPlaylist,
    durationMs: number,
    say: (what: string) => void,
  ): void {
    const target = Number(playlist.tags.get('#EXT-X-TARGETDURATION'));
    for (const { uri, durationMs: ms } of playlist.entries) {
      if (Math.round(ms / 1000) > target) say(`${uri} is longer than the target duration`);
    }
    const total = playlist.tags.get('#EXT-X-TWITCH-TOTAL-SECS');
    if (total !== (durationMs / 1000).toFixed(3)) say(`EXT-X-TWITCH-TOTAL-SECS is ${total}`);
    if (playlist.tags.get('#EXT-X-PLAYLIST-TYPE') !== 'EVENT') say('it is not of type EVENT');
    if (twin.tags.get('#EXT-X-PLAYLIST-TYPE') !== 'VOD') say('its twin is not of type VOD');
    if (!playlist.isEnded || !twin.isEnded) say('it has no EXT-X-ENDLIST');
    if (sum(twin.entries) !== durationMs) say(`its twin has ${sum(twin.entries)} ms`);
  }

  /** Each entry begins when the one before it ends, unless there is a break. */
  #dates(entries: readonly PlaylistEntry[], say: (what: string) => void): void {
    for (const [index, { uri, atMs, isDiscontinuous }] of entries.entries()) {
      const before = entries[index - 1];
      if (!before || isDiscontinuous) continue;
      const expectedMs = before.atMs + before.durationMs;
      if (Math.abs(atMs - expectedMs) > 1) say(`${uri} begins ${atMs - expectedMs} ms late`);
    }
  }

  /** The byte ranges of a file cover it, without a gap or an overlap. */
  async #ranges(
    folder: string,
    entries: readonly PlaylistEntry[],
    ranges: readonly PlaylistEntry[],
    say: (what: string) => void,
  ): Promise<void> {
    for (const { uri, isGap } of entries) {
      if (isGap) continue;
      let end = 0;
      for (const { range } of ranges.filter((entry) => entry.uri === uri)) {
        if (range?.offset !== end)
          say(`${uri}: a byte range begins at ${range?.offset}, not ${end}`);
        end += range?.byteLength ?? 0;
      }
      const { size } = await stat(path.join(this.#directory, folder, uri));
      if (size !== end) say(`${uri} has ${size} bytes, its byte ranges ${end}`);
    }
  }

  /** Each segment begins with a keyframe, lasts as long as is said, and goes on where the one before it ended. */
  async #media(
    folder: string,
    entries: readonly PlaylistEntry[],
    say: (what: string) => void,
  ): Promise<void> {
    let expected: { videoMs: number; audioMs: number | undefined } | undefined;
    for (const { uri, map, durationMs, isDiscontinuous, isGap } of entries) {
      if (isGap || isDiscontinuous) expected = undefined;
      if (isGap) continue;
      const names = map === undefined ? [uri] : [map, uri];
      const { video, audio } = await probeSegment(
        names.map((name) => path.join(this.#directory, folder, name)),
      );
      if (!video) {
        say(`${uri} has no picture`);
        continue;
      }
      if (!video.startsWithKeyframe) say(`${uri} does not begin with a keyframe`);
      if (video.goesBack || audio?.goesBack) say(`${uri}: decoding time goes back`);
      const lengthMs = video.endMs - video.startMs;
      if (Math.abs(lengthMs - durationMs) > LENGTH_MS) {
        say(`${uri} has ${lengthMs.toFixed(1)} ms of picture, its EXTINF says ${durationMs}`);
      }
      if (expected && Math.abs(video.startMs - expected.videoMs) > 1.5) {
        say(
          `${uri} begins ${(video.startMs - expected.videoMs).toFixed(1)} ms after the one before`,
        );
      }
      if (
        expected?.audioMs !== undefined &&
        audio &&
        Math.abs(audio.startMs - expected.audioMs) > EDGE_MS
      ) {
        say(`${uri}: its sound begins ${(audio.startMs - expected.audioMs).toFixed(1)} ms late`);
      }
      expected = { videoMs: video.startMs + durationMs, audioMs: audio?.endMs };
    }
  }

  #names(file: string): void {
    this.#named.add(file);
    this.#expect(existsSync(path.join(this.#directory, file)), `${file} is not there`);
  }

  async #read(file: string): Promise<string> {
    this.#named.add(file);
    return readFile(path.join(this.#directory, file), 'utf8');
  }

  async #files(): Promise<string[]> {
    const entries = await readdir(this.#directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(this.#directory, path.join(entry.parentPath, entry.name)));
  }

  #expect(isTrue: boolean, problem: string): void {
    if (!isTrue) this.problems.push(problem);
  }
}

const sum = (entries: readonly PlaylistEntry[]): number =>
  entries.reduce((total, { durationMs }) => total + durationMs, 0);
