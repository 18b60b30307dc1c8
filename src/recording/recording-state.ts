import { assert } from '../lib/assert.ts';
import type { Ticks } from '../lib/timescale.ts';
import type { JournalEntry, RecordingHead } from './journal.ts';
import { toMs } from './milliseconds.ts';
import { RecordedRendition } from './recorded-rendition.ts';
import type { RecordingReason, RecordingSource } from './recording-facts.ts';

interface RecordedStream {
  readonly streamId: string;
  readonly startTimeMs: number;
  endTimeMs: number | undefined;
}

interface Thumbnail {
  readonly index: number;
  readonly byteLength: number;
  readonly width: number;
  readonly height: number;
}

/** A recording as its journal tells it, and what of it its bucket has. */
export class RecordingState {
  readonly head: RecordingHead;
  /** Best first. */
  readonly renditions: readonly RecordedRendition[];
  readonly streams: RecordedStream[] = [];
  source: RecordingSource | undefined;
  isAnnounced = false;
  failure: { readonly reason: RecordingReason; readonly message: string } | undefined;
  /** Not in the bucket yet. */
  waitingThumbnails: Thumbnail[] = [];
  thumbnailCount = 0;
  /** Size of the newest one. */
  newestThumbnail: Thumbnail | undefined;
  #elapsedTicks: Ticks = 0;

  constructor(head: RecordingHead) {
    this.head = head;
    this.renditions = head.renditions.map((facts) => new RecordedRendition(facts, head.extension));
  }

  /** `undefined` where not even its first line got to the disk. */
  static of(journal: readonly JournalEntry[]): RecordingState | undefined {
    const [first, ...others] = journal;
    if (first?.type !== 'recording') return undefined;
    const state = new RecordingState(first.head);
    for (const entry of others) state.apply(entry);
    return state;
  }

  apply(entry: JournalEntry): void {
    switch (entry.type) {
      case 'recording':
        break;
      case 'stream': {
        const { streamId, startTimeMs } = entry;
        this.source ??= entry.source;
        this.streams.push({ streamId, startTimeMs, endTimeMs: undefined });
        break;
      }
      case 'announced':
        this.isAnnounced = true;
        break;
      case 'init':
        this.rendition(entry.rendition).init(entry);
        break;
      case 'chunk':
        this.rendition(entry.rendition).chunk(entry);
        break;
      case 'gap':
        this.rendition(entry.rendition).gap(entry);
        break;
      case 'lost':
        this.rendition(entry.rendition).lost(entry.file);
        break;
      case 'elapsed':
        this.#elapsedTicks += entry.ticks;
        break;
      case 'thumbnail':
        this.newestThumbnail = entry;
        this.thumbnailCount = entry.index + 1;
        this.waitingThumbnails.push(entry);
        break;
      case 'stream-ended': {
        const { streamId, atMs } = entry;
        for (const stream of this.streams) {
          if (stream.streamId === streamId) stream.endTimeMs = atMs;
        }
        for (const rendition of this.renditions) rendition.close();
        break;
      }
      case 'failed':
        this.failure = { reason: entry.reason, message: entry.message };
        for (const rendition of this.renditions) rendition.close();
        break;
    }
  }

  rendition(name: string): RecordedRendition {
    const found = this.renditions.find(({ facts }) => facts.name === name);
    assert(found !== undefined, `the recording has a rendition ${name}`);
    return found;
  }

  /** Of what was recorded, be it in the bucket or not. */
  get durationMs(): number {
    const ticks = Math.max(this.#elapsedTicks, ...this.renditions.map(({ ticks }) => ticks));
    return toMs(ticks);
  }

  /** None where a crash came before its first lines were on disk. */
  get newestStream(): RecordedStream | undefined {
    return this.streams.at(-1);
  }

  /** When the newest stream began. */
  get newestStartMs(): number {
    return this.newestStream?.startTimeMs ?? this.head.startedAtMs;
  }

  /** When the newest media ended. */
  get lastMediaMs(): number {
    const ends = this.renditions.flatMap(({ endMs }) => endMs ?? []);
    return Math.max(this.head.startedAtMs, ...ends);
  }

  /** When the newest stream ended; while it is on, and where a crash ended it, as far as is known. */
  get endedAtMs(): number {
    return this.newestStream?.endTimeMs ?? this.lastMediaMs;
  }

  /** What is no longer in the spool has arrived before the last stop, unless the journal says that it was lost. */
  takeUp(spoolFiles: ReadonlySet<string>): void {
    for (const rendition of this.renditions) {
      for (const file of [...rendition.waiting]) {
        if (file !== rendition.waiting[0]) break;
        if (spoolFiles.has(file.name)) break;
        rendition.arrived();
      }
    }
    this.waitingThumbnails = this.waitingThumbnails.filter(({ index }) =>
      spoolFiles.has(thumbnailFile(index)),
    );
  }

  /** Bytes in the spool that wait for the bucket, or for their segment to be complete. */
  get spooledBytes(): number {
    let sum = 0;
    for (const { byteLength } of this.waitingThumbnails) sum += byteLength;
    for (const { waiting, open } of this.renditions) {
      sum += open?.byteLength ?? 0;
      for (const { byteLength } of waiting) sum += byteLength;
    }
    return sum;
  }

  /** How many files wait for the bucket. */
  get waitingCount(): number {
    const counts = this.renditions.map(({ waiting }) => waiting.length);
    return counts.reduce((sum, count) => sum + count, this.waitingThumbnails.length);
  }

  get hasWaiting(): boolean {
    return this.waitingCount > 0;
  }
}

export const thumbnailFile = (index: number): string => `thumbnails/thumb${index}.jpg`;
