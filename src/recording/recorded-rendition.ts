import { assert } from '../lib/assert.ts';
import { ByteWriter } from '../lib/byte-writer.ts';
import type { Ticks } from '../lib/timescale.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import type { ChunkEntry, GroupOfPictures, RenditionFacts } from './journal.ts';
import { toMs } from './milliseconds.ts';
import { byteRangeLines, segmentLines } from './playlist-lines.ts';
import { NOMINAL_SEGMENT_TICKS } from './segment-cutter.ts';

/** A segment of a recording, open or complete. */
interface RecordedSegment {
  readonly number: number;
  /** There is nothing of it: it is in the playlist alone. */
  readonly isGap: boolean;
  readonly init: number | undefined;
  readonly isDiscontinuous: boolean;
  /** Of the timeline: without the steps, of some milliseconds, by which a live playlist follows the encoder's clock. */
  readonly programDateTimeMs: number;
  readonly startTicks: Ticks;
  readonly groups: GroupOfPictures[];
  ticks: Ticks;
  byteLength: number;
}

/** One that its bucket does not have yet. */
export interface WaitingFile {
  /** In the spool; below `media/hls/<rendition>/` the same. */
  readonly name: string;
  readonly byteLength: number;
  /** A segment, which is listed once it is there; or an init segment. */
  readonly segment: RecordedSegment | undefined;
}

/** What is recorded of one rendition: folded from the journal, listed as its bucket gets it. */
export class RecordedRendition {
  readonly facts: RenditionFacts;
  readonly #extension: 'ts' | 'mp4';
  /** Complete, and not in the bucket yet; in the order in which they must get there. */
  #waiting: WaitingFile[] = [];
  #open: RecordedSegment | undefined;
  /** Names of files that will never be in the bucket. */
  readonly #lost = new Set<string>();
  #nextNumber = 0;
  #initCount = 0;
  #ticks: Ticks = 0;
  /** As bytes: a string of a day's lines, put together piece by piece, takes V8 20 ms to read. */
  readonly #lines = new ByteWriter();
  readonly #byteRangeLines = new ByteWriter();
  #listedTicks: Ticks = 0;
  #listedInit: number | undefined;
  #hasGap = false;
  #peakBps = 0;
  #endMs: number | undefined;
  /** Where the timeline began, or went on after a break. */
  #anchor: { readonly programDateTimeMs: number; readonly ticks: Ticks } | undefined;

  constructor(facts: RenditionFacts, extension: 'ts' | 'mp4') {
    this.facts = facts;
    this.#extension = extension;
  }

  // --- the journal

  chunk(entry: ChunkEntry): void {
    const open = this.#segmentFor(entry.segment, {
      isGap: false,
      init: entry.init,
      isDiscontinuous: entry.isDiscontinuous,
      programDateTimeMs: entry.programDateTimeMs,
    });
    for (const group of entry.groups) {
      open.groups.push(group);
      open.byteLength += group.byteLength;
      this.#lengthen(open, group.ticks);
    }
    if (open.ticks >= NOMINAL_SEGMENT_TICKS) this.close();
  }

  gap(gap: {
    readonly segment: number;
    readonly isDiscontinuous: boolean;
    readonly programDateTimeMs: number;
    readonly ticks: Ticks;
  }): void {
    const open = this.#segmentFor(gap.segment, {
      isGap: true,
      init: this.#open?.init,
      isDiscontinuous: gap.isDiscontinuous,
      programDateTimeMs: gap.programDateTimeMs,
    });
    this.#lengthen(open, gap.ticks);
    if (open.ticks >= NOMINAL_SEGMENT_TICKS) this.close();
  }

  init({ index, byteLength }: { readonly index: number; readonly byteLength: number }): void {
    this.#initCount = index + 1;
    this.#waiting.push({ name: this.initName(index), byteLength, segment: undefined });
  }

  /** A file that waits is gone. */
  lost(name: string): void {
    this.#lost.add(name);
  }

  /** Nothing is added to the open segment. */
  close(): void {
    const open = this.#open;
    if (!open) return;
    this.#open = undefined;
    const { number, byteLength } = open;
    this.#waiting.push({ name: this.segmentName(number), byteLength, segment: open });
  }

  // --- the spool

  /** Of the next segment. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  get nextInit(): number {
    return this.#initCount;
  }

  /** The segment that grows, if its number is `number`. */
  get open():
    | { readonly number: number; readonly byteLength: number; readonly isGap: boolean }
    | undefined {
    return this.#open;
  }

  segmentName(number: number): string {
    return `${this.facts.name}/${number}.${this.#extension}`;
  }

  initName(index: number): string {
    return `${this.facts.name}/init-${index}.mp4`;
  }

  // --- the bucket

  /** Files for the bucket, the next one first. */
  get waiting(): readonly WaitingFile[] {
    return this.#waiting;
  }

  /** The bucket has the first of those that wait, or never will: a segment is listed from now on. */
  arrived(): void {
    const file = this.#waiting.shift();
    assert(file !== undefined, 'a file was waiting');
    if (file.segment) this.#list(this.#asArrived(file.segment));
  }

  // --- the playlists

  /** Of the standard playlist; good until something more is listed. */
  get lines(): Uint8Array {
    return this.#lines.finish();
  }

  /** The same of the other one. */
  get byteRangeLines(): Uint8Array {
    return this.#byteRangeLines.finish();
  }

  get hasGap(): boolean {
    return this.#hasGap;
  }

  get listedMs(): number {
    return toMs(this.#listedTicks);
  }

  get ticks(): Ticks {
    return this.#ticks;
  }

  /** Highest bit rate of a listed segment. */
  get peakBps(): number {
    return Math.ceil(this.#peakBps);
  }

  /** When the newest media ended. */
  get endMs(): number | undefined {
    return this.#endMs;
  }

  #segmentFor(
    number: number,
    start: Pick<RecordedSegment, 'isGap' | 'init' | 'isDiscontinuous' | 'programDateTimeMs'>,
  ): RecordedSegment {
    if (this.#open?.number === number) return this.#open;
    this.close();
    this.#nextNumber = number + 1;
    if (start.isDiscontinuous || !this.#anchor) {
      this.#anchor = { programDateTimeMs: start.programDateTimeMs, ticks: this.#ticks };
    }
    this.#open = {
      ...start,
      programDateTimeMs:
        this.#anchor.programDateTimeMs + toMs(this.#ticks) - toMs(this.#anchor.ticks),
      number,
      startTicks: this.#ticks,
      groups: [],
      ticks: 0,
      byteLength: 0,
    };
    return this.#open;
  }

  #lengthen(open: RecordedSegment, ticks: Ticks): void {
    open.ticks += ticks;
    this.#ticks += ticks;
    this.#endMs = open.programDateTimeMs + toMs(this.#ticks) - toMs(open.startTicks);
  }

  /** A gap where it can't be played: without its bytes, or without the init segment that they need. */
  #asArrived(segment: RecordedSegment): RecordedSegment {
    const { number, init } = segment;
    const hasInit = init === undefined || !this.#lost.has(this.initName(init));
    if (hasInit && !this.#lost.has(this.segmentName(number))) return segment;
    return { ...segment, isGap: true, init: hasInit ? init : undefined };
  }

  #list(segment: RecordedSegment): void {
    const uri = `${segment.number}.${this.#extension}`;
    const isOtherInit = segment.init !== undefined && segment.init !== this.#listedInit;
    const needsMap = segment.init !== undefined && (isOtherInit || segment.isDiscontinuous);
    const start = {
      uri,
      isDiscontinuous: segment.isDiscontinuous && this.#listedTicks > 0,
      ...(needsMap && { mapUri: `init-${segment.init}.mp4` }),
      programDateTimeMs: segment.programDateTimeMs,
      startTicks: segment.startTicks,
      endTicks: segment.startTicks + segment.ticks,
      isGap: segment.isGap,
    };
    this.#listedInit = segment.init ?? this.#listedInit;
    const lines = segmentLines(start);
    this.#lines.utf8(lines);
    this.#byteRangeLines.utf8(segment.isGap ? lines : byteRangeLines(start, segment.groups));
    this.#listedTicks = segment.startTicks + segment.ticks;
    if (segment.isGap) this.#hasGap = true;
    else {
      const bps = (segment.byteLength * 8 * VIDEO_TIMESCALE) / Math.max(1, segment.ticks);
      this.#peakBps = Math.max(this.#peakBps, bps);
    }
  }
}
