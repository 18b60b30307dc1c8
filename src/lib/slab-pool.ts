/** A good second of a 3 Mbit/s stream, and a keyframe of 15 Mbit/s. */
const SLAB_BYTES = 512 * 1024;

/** What is kept for later: 32 MiB, a second of streams of 250 Mbit/s together. */
const FREE_SLABS = 64;
/**
 * The same while many are in use: streams held up for a second return a second's worth at once, and need it again in the next. Fresh
 * memory costs as much as all other work on it, and would hold them up again.
 */
const SLABS_IN_USE_A_FREE_ONE = 8;

interface Slab {
  readonly memory: Buffer;
  /** Buffers cut from it, and those of them that came back. */
  lent: number;
  returned: number;
  /** Nothing more is cut from it. */
  isFull: boolean;
}

/**
 * Memory for the payload of frames, used over and over: the kernel clears each fresh page, and V8 collects the whole heap for
 * each 64 MB that ArrayBuffers grew by, whatever the heap itself holds. For media, which is nearly all bytes, the two cost
 * more than everything else that is done with it. Slabs are SharedArrayBuffers: threads that take encoders share them, and V8 does not
 * count those (`BackingStore::PerIsolateAccountingLength`).
 *
 * A slab is used again once each buffer cut from it was given back. Giving back is a favour, not a duty: a slab of which a
 * buffer was dropped without a word is the garbage collector's, like any other. Giving back too early is the one mistake:
 * it is for the last owner alone.
 */
export class SlabPool {
  readonly #slabBytes: number;
  readonly #slabs = new WeakMap<ArrayBufferLike, Slab>();
  /** Slabs of other pools, and whom to tell. */
  readonly #foreign = new WeakMap<ArrayBufferLike, (count: number) => void>();
  readonly #free: Slab[] = [];
  /** Slabs that are not free. */
  #inUse = 0;
  /** Of those that somebody dropped without a word. */
  readonly #collected = new FinalizationRegistry(() => this.#inUse--);
  #droppedByteLength = 0;
  #numbers: SlabAllocator | undefined;

  constructor(slabBytes = SLAB_BYTES) {
    this.#slabBytes = slabBytes;
  }

  /**
   * Bytes of the slabs that it had no use for, and that nobody has collected. V8 does not count them, so it does not look for
   * them either: somebody has to ask for a collection, or the system never gets the memory back.
   */
  get droppedByteLength(): number {
    return this.#droppedByteLength;
  }

  /** Somebody asked for a collection. */
  forgetDropped(): void {
    this.#droppedByteLength = 0;
  }

  /** Buffers that die together should be cut by one allocator, as the frames of one stream are. */
  allocator(): SlabAllocator {
    return new SlabAllocator(this.#slabBytes, {
      take: () => this.#take(),
      fill: (slab) => {
        slab.isFull = true;
        this.#reuse(slab);
      },
    });
  }

  /**
   * Numbers about buffers of this pool, which live as long as those. All are cut from the same slabs, whatever stream they are of: they
   * are a hundredth of what they are about, and a slab for each stream would be full after minutes. To be given back by their memory;
   * arbitrary content.
   */
  float64s(count: number): Float64Array {
    this.#numbers ??= this.allocator();
    const { buffer, byteOffset } = this.#numbers.allocate(count * Float64Array.BYTES_PER_ELEMENT);
    return new Float64Array(buffer, byteOffset, count);
  }

  /** The last owner of `buffer` is done with it, and with every view of it. Any memory that is not of a slab may be passed. */
  giveBack(buffer: Uint8Array): void {
    this.giveBackOf(buffer.buffer);
  }

  /**
   * The same, of `count` of the buffers that were cut from `memory`: it does not matter which. `true`: that was all of a slab of this
   * pool.
   */
  giveBackOf(memory: ArrayBufferLike, count = 1): boolean {
    const slab = this.#slabs.get(memory);
    if (slab === undefined) {
      this.#foreign.get(memory)?.(count);
      return false;
    }
    slab.returned += count;
    return this.#reuse(slab);
  }

  /** Buffers of `memory`, a slab of another pool, will be given back here: `onGivenBack` is told how many each time. */
  adopt(memory: ArrayBufferLike, onGivenBack: (count: number) => void): void {
    this.#foreign.set(memory, onGivenBack);
  }

  #take(): Slab {
    this.#inUse++;
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const memory = Buffer.from(new SharedArrayBuffer(this.#slabBytes));
    const slab = { memory, lent: 0, returned: 0, isFull: false };
    this.#slabs.set(memory.buffer, slab);
    this.#collected.register(memory.buffer, undefined, slab);
    return slab;
  }

  #drop(slab: Slab | undefined): void {
    if (slab === undefined) return;
    this.#collected.unregister(slab);
    this.#droppedByteLength += this.#slabBytes;
  }

  /** `false`: it is still cut, or lent. */
  #reuse(slab: Slab): boolean {
    if (!slab.isFull || slab.returned < slab.lent) return false;
    slab.lent = slab.returned = 0;
    slab.isFull = false;
    this.#inUse--;
    this.#free.push(slab);
    const kept = Math.max(FREE_SLABS, this.#inUse / SLABS_IN_USE_A_FREE_ONE);
    while (this.#free.length > kept) this.#drop(this.#free.pop());
    return true;
  }
}

/** Cuts buffers from the slabs of a pool. What is larger than half a slab gets its own memory. */
export class SlabAllocator {
  readonly #slabBytes: number;
  readonly #pool: { take(): Slab; fill(slab: Slab): void };
  #slab: Slab | undefined;
  #used = 0;

  constructor(slabBytes: number, pool: { take(): Slab; fill(slab: Slab): void }) {
    this.#slabBytes = slabBytes;
    this.#pool = pool;
  }

  /** Memory with arbitrary content: the caller writes all of it before anyone reads it. */
  allocate(byteLength: number): Buffer {
    if (byteLength > this.#slabBytes / 2) return Buffer.allocUnsafeSlow(byteLength);
    let slab = this.#slab;
    if (slab === undefined || this.#used + byteLength > this.#slabBytes) {
      if (slab !== undefined) this.#pool.fill(slab);
      slab = this.#slab = this.#pool.take();
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += byteLength;
    slab.lent++;
    return slab.memory.subarray(start, this.#used);
  }
}
