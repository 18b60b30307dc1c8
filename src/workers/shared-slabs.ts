import type { SlabPool } from '../lib/slab-pool.ts';

/** A worker's slabs by number, for as long as they live: what is shared with another thread is not the same object there. */
export class SharedSlabs {
  readonly #payloads: SlabPool;
  readonly #numbers = new WeakMap<ArrayBufferLike, number>();
  readonly #memories = new Map<number, WeakRef<SharedArrayBuffer>>();
  readonly #collected: FinalizationRegistry<number>;
  readonly #onNew: (slab: number, memory: SharedArrayBuffer) => void;
  #count = 0;

  /** `onNew`: the other thread is to be told of it; `onGone`: it was collected here. */
  constructor(options: {
    readonly payloads: SlabPool;
    readonly onNew: (slab: number, memory: SharedArrayBuffer) => void;
    readonly onGone: (slab: number) => void;
  }) {
    this.#payloads = options.payloads;
    this.#onNew = options.onNew;
    this.#collected = new FinalizationRegistry((slab) => {
      this.#memories.delete(slab);
      options.onGone(slab);
    });
  }

  /** `undefined`: the payload lies in no slab. */
  numberOf(payload: Uint8Array): number | undefined {
    const memory = payload.buffer;
    const known = this.#numbers.get(memory);
    if (known !== undefined) return known;
    if (!(memory instanceof SharedArrayBuffer)) return undefined;
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
    if (memory) this.#payloads.giveBackOf(memory, count);
  }
}
