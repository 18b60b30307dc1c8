import type { Ticks } from '../lib/timescale.ts';
import { encodeJournalEntry, type JournalEntry } from './journal.ts';
import type { LiveSegment } from './live-segment.ts';
import type { SpooledRecording, SpoolWrite } from './ports.ts';
import { type RecordingState, thumbnailFile } from './recording-state.ts';

/** Media that waits for the disk: half a minute of all renditions at their highest rates. Then the disk is too slow. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;

/** What is to be written down. */
export type SpoolJob =
  | { readonly kind: 'entry'; readonly entry: JournalEntry }
  | {
      readonly kind: 'segment';
      readonly rendition: string;
      readonly live: LiveSegment;
      /** A segment of the recording begins with it. */
      readonly startsSegment: boolean;
      readonly isDiscontinuous: boolean;
    }
  | {
      readonly kind: 'thumbnail';
      readonly jpeg: Uint8Array;
      readonly width: number;
      readonly height: number;
    };

/** Where a rendition's next bytes go, with what is not on disk yet counted in. */
interface Place {
  open: { number: number; offset: number; isGap: boolean } | undefined;
  nextNumber: number;
  nextInit: number;
}

/**
 * Brings one recording to the disk: what arrives while a write is under way goes with the next one, so that a slow disk gets
 * fewer and larger writes. The state is what is on disk, no more.
 */
export class SpoolWriter {
  readonly #state: RecordingState;
  readonly #spooled: Promise<SpooledRecording>;
  readonly #onWritten: (byteLength: number) => void;
  readonly #onBroken: (error: unknown) => void;
  #jobs: SpoolJob[] = [];
  #pendingBytes = 0;
  #running: Promise<void> | undefined;
  #isBroken = false;
  /** By rendition: the init segment that the newest chunks need. */
  readonly #inits = new Map<string, { readonly index: number; readonly bytes: Uint8Array }>();

  constructor(options: {
    readonly state: RecordingState;
    readonly spooled: Promise<SpooledRecording>;
    /** Something more is on disk, and in the state. */
    readonly onWritten: (byteLength: number) => void;
    /** Nothing more will be. */
    readonly onBroken: (error: unknown) => void;
  }) {
    this.#state = options.state;
    this.#spooled = options.spooled;
    this.#onWritten = options.onWritten;
    this.#onBroken = options.onBroken;
  }

  /** It takes nothing more. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  get isIdle(): boolean {
    return this.#running === undefined;
  }

  push(job: SpoolJob): void {
    if (this.#isBroken) return;
    this.#jobs.push(job);
    this.#pendingBytes += byteLengthOf(job);
    if (this.#pendingBytes > MAX_PENDING_BYTES) {
      this.break(new Error(`cannot spool: ${this.#pendingBytes} bytes wait for the disk`));
      return;
    }
    this.#running ??= this.#run();
  }

  /** Takes nothing more. */
  break(error: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#jobs = [];
    this.#pendingBytes = 0;
    this.#onBroken(error);
  }

  /** Resolves when everything that was pushed is on disk, or never will be. */
  async drained(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      const spooled = await this.#spooled;
      while (this.#jobs.length > 0) await this.#write(spooled);
    } catch (error) {
      this.break(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #write(spooled: SpooledRecording): Promise<void> {
    const jobs = this.#jobs;
    const byteLength = this.#pendingBytes;
    this.#jobs = [];
    const batch = this.#plan(jobs);
    await spooled.append(batch.writes, batch.entries.map(encodeJournalEntry));
    // Where it broke meanwhile, too: the journal has them.
    for (const entry of batch.entries) this.#state.apply(entry);
    if (this.#isBroken) return;
    this.#pendingBytes -= byteLength;
    this.#onWritten(byteLength);
  }

  #plan(jobs: readonly SpoolJob[]): { writes: SpoolWrite[]; entries: JournalEntry[] } {
    const writes: SpoolWrite[] = [];
    const entries: JournalEntry[] = [];
    const places = new Map<string, Place>();
    let { thumbnailCount } = this.#state;
    for (const job of jobs) {
      if (job.kind === 'entry') {
        entries.push(job.entry);
        if (job.entry.type === 'stream-ended') {
          for (const { facts } of this.#state.renditions) {
            this.#place(places, facts.name).open = undefined;
          }
        }
      } else if (job.kind === 'thumbnail') {
        const index = thumbnailCount++;
        const { jpeg, width, height } = job;
        writes.push({ name: thumbnailFile(index), offset: 0, buffers: [jpeg] });
        entries.push({ type: 'thumbnail', index, byteLength: jpeg.byteLength, width, height });
      } else this.#planSegment(job, this.#place(places, job.rendition), writes, entries);
    }
    return { writes, entries };
  }

  #planSegment(
    job: Extract<SpoolJob, { kind: 'segment' }>,
    place: Place,
    writes: SpoolWrite[],
    entries: JournalEntry[],
  ): void {
    const { live, rendition, isDiscontinuous } = job;
    const { programDateTimeMs } = live;
    const isGap = live.buffers.length === 0;
    const init = isGap ? undefined : this.#planInit(rendition, live, place, writes, entries);
    const continues = place.open?.isGap === isGap && !job.startsSegment && !isDiscontinuous;
    if (!continues || !place.open) {
      place.open = { number: place.nextNumber++, offset: 0, isGap };
    }
    const { number: segment, offset } = place.open;
    if (isGap) {
      const ticks: Ticks = live.durationTicks;
      entries.push({ type: 'gap', rendition, segment, isDiscontinuous, programDateTimeMs, ticks });
      return;
    }
    const { groups, buffers, byteLength } = live;
    writes.push({ name: this.#state.rendition(rendition).segmentName(segment), offset, buffers });
    place.open.offset += byteLength;
    entries.push({
      type: 'chunk',
      rendition,
      segment,
      ...(init !== undefined && { init }),
      isDiscontinuous,
      programDateTimeMs,
      groups,
    });
  }

  /** Which init segment it needs; written down where it is another one than before. */
  #planInit(
    rendition: string,
    { initSegment: bytes }: LiveSegment,
    place: Place,
    writes: SpoolWrite[],
    entries: JournalEntry[],
  ): number | undefined {
    if (bytes === undefined) return undefined;
    const known = this.#inits.get(rendition);
    if (known && Buffer.compare(known.bytes, bytes) === 0) return known.index;
    const index = place.nextInit++;
    this.#inits.set(rendition, { index, bytes });
    const name = this.#state.rendition(rendition).initName(index);
    writes.push({ name, offset: 0, buffers: [bytes] });
    entries.push({ type: 'init', rendition, index, byteLength: bytes.byteLength });
    return index;
  }

  #place(places: Map<string, Place>, name: string): Place {
    const planned = places.get(name);
    if (planned) return planned;
    const { open, nextNumber, nextInit } = this.#state.rendition(name);
    const place: Place = {
      open: open && { number: open.number, offset: open.byteLength, isGap: open.isGap },
      nextNumber,
      nextInit,
    };
    places.set(name, place);
    return place;
  }
}

function byteLengthOf(job: SpoolJob): number {
  if (job.kind === 'segment') return job.live.byteLength;
  return job.kind === 'thumbnail' ? job.jpeg.byteLength : 0;
}
