import type { SlabPool } from '../lib/slab-pool.ts';
import type { Sample } from './part-container.ts';

/** The numbers that a sample is packed into, one behind the other. */
const Field = {
  startTicks: 0,
  durationTicks: 1,
  /** Hours, where the pictures paused for as long while the sound went on. */
  compositionOffsetTicks: 2,
  isSync: 3,
  /** Where its payload is: in which memory of the samples', and where there. */
  memory: 4,
  byteOffset: 5,
  byteLength: 6,
} as const;
const FIELDS = 7;

/**
 * Samples as numbers in the memory that payloads have, and the memory that the payloads lie in. Numbers of V8's own would be most of
 * what its collector moves and marks, and it lets its heap grow to four times what lives before it looks for the dead.
 */
export class PackedSamples {
  readonly #payloads: SlabPool;
  readonly #count: number;
  /** Where their numbers lie: a view would be as large as two of the samples. */
  readonly #memory: ArrayBufferLike;
  readonly #byteOffset: number;
  /** Of the payloads. Most often one slab, or two. */
  #payloadMemories: readonly ArrayBufferLike[] = [];

  /** Owns the samples' payload from now on. `payloads`: what it is given back to. */
  constructor(samples: readonly Sample[], payloads: SlabPool) {
    this.#payloads = payloads;
    this.#count = samples.length;
    const numbers = payloads.float64s(samples.length * FIELDS);
    this.#memory = numbers.buffer;
    this.#byteOffset = numbers.byteOffset;
    for (const [i, sample] of samples.entries()) this.#pack(sample, numbers, i * FIELDS);
  }

  unpack(): Sample[] {
    const numbers = this.#numbers;
    return Array.from({ length: this.#count }, (_, i) => this.#unpack(numbers, i * FIELDS));
  }

  /** Gives the payloads back, and the numbers with them: it can't be unpacked any more. */
  release(): void {
    const numbers = this.#numbers;
    const counts = this.#payloadMemories.map(() => 0);
    for (let i = 0; i < this.#count; i++) {
      const index = numbers[i * FIELDS + Field.memory] as number;
      counts[index] = (counts[index] as number) + 1;
    }
    for (const [index, memory] of this.#payloadMemories.entries()) {
      this.#payloads.giveBackOf(memory, counts[index]);
    }
    this.#payloads.giveBackOf(this.#memory);
  }

  get #numbers(): Float64Array {
    return new Float64Array(this.#memory, this.#byteOffset, this.#count * FIELDS);
  }

  #pack(sample: Sample, numbers: Float64Array, at: number): void {
    const { buffer, byteOffset, byteLength } = sample.payload;
    if (this.#payloadMemories.at(-1) !== buffer) {
      // Not pushed: an array that grows has room for 17.
      this.#payloadMemories = [...this.#payloadMemories, buffer];
    }
    numbers[at + Field.startTicks] = sample.startTicks;
    numbers[at + Field.durationTicks] = sample.durationTicks;
    numbers[at + Field.compositionOffsetTicks] = sample.compositionOffsetTicks;
    numbers[at + Field.isSync] = sample.isSync ? 1 : 0;
    numbers[at + Field.memory] = this.#payloadMemories.length - 1;
    numbers[at + Field.byteOffset] = byteOffset;
    numbers[at + Field.byteLength] = byteLength;
  }

  #unpack(numbers: Float64Array, at: number): Sample {
    const number = (field: number) => numbers[at + field] as number;
    const byteLength = number(Field.byteLength);
    const memory = this.#payloadMemories[number(Field.memory)] as ArrayBufferLike;
    return {
      startTicks: number(Field.startTicks),
      durationTicks: number(Field.durationTicks),
      compositionOffsetTicks: number(Field.compositionOffsetTicks),
      isSync: number(Field.isSync) === 1,
      byteLength,
      payload: new Uint8Array(memory, number(Field.byteOffset), byteLength),
    };
  }
}
