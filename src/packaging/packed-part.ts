import type { SlabPool } from '../lib/slab-pool.ts';
import type {
  EncodablePart,
  MeasuredPart,
  PartContent,
  PartMetadata,
  Sample,
} from './part-container.ts';

/** The numbers that a sample is packed into, one behind the other. */
const Field = {
  startTicks: 0,
  durationTicks: 1,
  compositionOffsetTicks: 2,
  isSync: 3,
  /** Where its payload is: in which memory of the part's, and where there. */
  memory: 4,
  byteOffset: 5,
  byteLength: 6,
} as const;
const FIELDS = 7;

/**
 * A part for as long as nobody asks for its bytes, which for most is as long as they live: a list of numbers.
 *
 * As samples and views it would be forty objects, each of which the garbage collector moves twice and then marks every time:
 * a hundred streams have 16,000 parts in their windows.
 */
export class PackedPart implements EncodablePart {
  readonly byteLength: number;
  readonly #measured: MeasuredPart;
  readonly #payloads: SlabPool;
  readonly #startTicks: number;
  readonly #isDiscontinuous: boolean;
  readonly #metadata: readonly PartMetadata[];
  readonly #videoCount: number;
  readonly #numbers: number[] = [];
  /** Most often one slab. */
  readonly #memories: ArrayBufferLike[] = [];

  /** Owns the samples' payload from now on. `payloads`: what it is given back to. */
  constructor(measured: MeasuredPart, content: PartContent, payloads: SlabPool) {
    const { video, audio } = content;
    this.byteLength = measured.byteLength;
    this.#measured = measured;
    this.#payloads = payloads;
    this.#startTicks = content.startTicks;
    this.#isDiscontinuous = content.isDiscontinuous;
    this.#metadata = content.metadata;
    this.#videoCount = video.length;
    for (const sample of video) this.#pack(sample);
    for (const sample of audio) this.#pack(sample);
  }

  encode(): Uint8Array {
    const samples: Sample[] = [];
    for (let at = 0; at < this.#numbers.length; at += FIELDS) samples.push(this.#unpack(at));
    return this.#measured.encode({
      startTicks: this.#startTicks,
      video: samples.slice(0, this.#videoCount),
      audio: samples.slice(this.#videoCount),
      metadata: this.#metadata,
      isDiscontinuous: this.#isDiscontinuous,
    });
  }

  release(): void {
    for (let at = 0; at < this.#numbers.length; at += FIELDS) {
      this.#payloads.giveBackOf(this.#memoryOf(at));
    }
  }

  /** In the order of `Field`. */
  #pack(sample: Sample): void {
    const { buffer, byteOffset, byteLength } = sample.payload;
    const memories = this.#memories;
    if (memories.at(-1) !== buffer) memories.push(buffer);
    this.#numbers.push(
      sample.startTicks,
      sample.durationTicks,
      sample.compositionOffsetTicks,
      sample.isSync ? 1 : 0,
      memories.length - 1,
      byteOffset,
      byteLength,
    );
  }

  #unpack(at: number): Sample {
    const numbers = this.#numbers as readonly number[];
    const byteLength = numbers[at + Field.byteLength] as number;
    return {
      startTicks: numbers[at + Field.startTicks] as number,
      durationTicks: numbers[at + Field.durationTicks] as number,
      compositionOffsetTicks: numbers[at + Field.compositionOffsetTicks] as number,
      isSync: numbers[at + Field.isSync] === 1,
      byteLength,
      payload: new Uint8Array(this.#memoryOf(at), numbers[at + Field.byteOffset], byteLength),
    };
  }

  #memoryOf(at: number): ArrayBufferLike {
    return this.#memories[this.#numbers[at + Field.memory] as number] as ArrayBufferLike;
  }
}
