import type { Clock } from '../lib/clock.ts';
import type { SlabPool } from '../lib/slab-pool.ts';

/** Longer than a frame is in a window: seven target durations, of ten seconds or so, and one that it lingers. */
const KEPT_MS = 120_000;

export interface SharedSlabsOptions {
  readonly payloads: SlabPool;
  readonly clock: Pick<Clock, 'every'>;
  /** The other thread is to be told of it. */
  readonly onNew: (slab: number, memory: SharedArrayBuffer) => void;
  /** It was collected here. */
  readonly onGone: (slab: number) => void;
}

/** A worker's slabs by number, for as long as they live: what is shared with another thread is not the same object there. */
export class SharedSlabs {
  readonly #payloads: SlabPool;
  readonly #numbers = new WeakMap<ArrayBufferLike, number>();
  readonly #memories = new Map<number, WeakRef<SharedArrayBuffer>>();
  readonly #collected: FinalizationRegistry<number>;
  readonly #onNew: (slab: number, memory: SharedArrayBuffer) => void;
  /**
   * Slabs that a frame was cut from lately, and that are not back. Nobody else in this thread has a full one: a collection would take it
   * from the pool, and every stream its memory anew. Not forever, for the other thread may drop a frame without a word.
   */
  #kept = new Set<ArrayBufferLike>();
  #keptBefore = new Set<ArrayBufferLike>();
  #count = 0;

  constructor({ payloads, clock, onNew, onGone }: SharedSlabsOptions) {
    this.#payloads = payloads;
    this.#onNew = onNew;
    this.#collected = new FinalizationRegistry((slab) => {
      this.#memories.delete(slab);
      onGone(slab);
    });
    clock.every(KEPT_MS, () => {
      this.#keptBefore = this.#kept;
      this.#kept = new Set();
    });
  }

  /** `undefined`: the payload lies in no slab. */
  numberOf(payload: Uint8Array): number | undefined {
    const memory = payload.buffer;
    if (!(memory instanceof SharedArrayBuffer)) return undefined;
    this.#kept.add(memory);
    const known = this.#numbers.get(memory);
    if (known !== undefined) return known;
    const slab = this.#count++;
    this.#numbers.set(memory, slab);
    this.#memories.set(slab, new WeakRef(memory));
    this.#collected.register(memory, slab);
    this.#onNew(slab, memory);
    return slab;
  }

  /** The other thread is done with so many buffers of it. */
  givenBack(slab: number, count: number): void {
    const memory = this.#memories.get(slab)?.deref();
    if (memory === undefined || !this.#payloads.giveBackOf(memory, count)) return;
    this.#kept.delete(memory);
    this.#keptBefore.delete(memory);
  }
}
