import type { ReceivedMedia } from '../domain/stream-measurements.ts';
import type { Ticks } from '../lib/timescale.ts';
import { type Frame, VIDEO_TICKS_PER_MS } from '../media/frame.ts';
import type { ReceivedBytes } from './ingest-messages.ts';

// Whole numbers of 32 bits, each written by one thread: they are never read half written (ECMA-262, 29.7), and who reads one a moment
// late has missed nothing. `Atomics` would be called for each frame. What is counted wraps.
const AWAITED_MS = 0;
const NEWEST_PICTURE_MS = 1;
const PICTURES = 2;
const VIDEO_BYTES = 3;
const AUDIO_BYTES = 4;
const FIELDS = 5;

/** Before every time: each frame is awaited. */
const ALL = -(2 ** 31);

/**
 * What two threads tell each other of one encoder without a message, in memory of both: the worker what has come in, the main thread
 * which frames it waits for.
 */
export class EncoderAccount {
  readonly memory: SharedArrayBuffer;
  readonly #fields: Int32Array;
  /** What the main thread has been handed. */
  readonly #handed = new Int32Array(FIELDS);
  #isTimelineWhole = false;

  /** `memory`: of the other thread's account of the encoder. */
  constructor(memory?: SharedArrayBuffer) {
    this.memory = memory ?? new SharedArrayBuffer(FIELDS * Int32Array.BYTES_PER_ELEMENT);
    this.#fields = new Int32Array(this.memory);
    if (memory === undefined) this.#fields[AWAITED_MS] = ALL;
  }

  // --- the worker's

  received(kind: Frame['kind'], byteLength: number): void {
    add(this.#fields, kind === 'video' ? VIDEO_BYTES : AUDIO_BYTES, byteLength);
  }

  frame({ kind, dtsTicks }: Frame): void {
    if (kind === 'audio') return;
    add(this.#fields, PICTURES, 1);
    this.#fields[NEWEST_PICTURE_MS] = wholeMs(dtsTicks);
  }

  /** No frame before this is waited for, as `Publication.awaitedTicks` has it, in milliseconds. */
  get awaitedMs(): number {
    return this.#fields[AWAITED_MS] ?? ALL;
  }

  // --- the main thread's

  /** `undefined`: each frame. */
  await(ticks: Ticks | undefined): void {
    this.#fields[AWAITED_MS] = ticks === undefined ? ALL : wholeMs(ticks);
  }

  handedBytes({ video, audio }: ReceivedBytes): void {
    add(this.#handed, VIDEO_BYTES, video);
    add(this.#handed, AUDIO_BYTES, audio);
  }

  handedFrame({ kind, dtsTicks }: Frame): void {
    if (kind === 'audio') return;
    add(this.#handed, PICTURES, 1);
    this.#handed[NEWEST_PICTURE_MS] = wholeMs(dtsTicks);
    this.#isTimelineWhole = true;
  }

  /** The time of the next picture does not follow from that of the last one. */
  timelineBroke(): void {
    this.#isTimelineWhole = false;
  }

  /** What has come in, and has not been handed over. */
  get underway(): ReceivedMedia {
    return {
      videoByteLength: this.#more(VIDEO_BYTES),
      audioByteLength: this.#more(AUDIO_BYTES),
      frames: this.#more(PICTURES),
      mediaMs: this.#isTimelineWhole ? this.#more(NEWEST_PICTURE_MS) : 0,
    };
  }

  #more(field: number): number {
    return ((this.#fields[field] ?? 0) - (this.#handed[field] ?? 0)) | 0;
  }
}

const wholeMs = (ticks: Ticks): number => Math.floor(ticks / VIDEO_TICKS_PER_MS);

function add(fields: Int32Array, field: number, count: number): void {
  fields[field] = (fields[field] ?? 0) + count;
}
