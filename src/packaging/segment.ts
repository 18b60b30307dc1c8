import { assert } from '../lib/assert.ts';
import type { Ticks } from '../lib/timescale.ts';
import type { EncodablePart } from './part-container.ts';

/** A finished part. */
export class Part {
  readonly index: number;
  readonly durationTicks: Ticks;
  /** Starts with a keyframe. */
  readonly isIndependent: boolean;
  readonly byteLength: number;
  /** What its bytes are made of, until they are made or it is let go of. */
  #encodable: EncodablePart | undefined;
  #bytes: Uint8Array | undefined;

  constructor(options: {
    readonly index: number;
    readonly durationTicks: Ticks;
    readonly isIndependent: boolean;
    readonly encodable: EncodablePart;
  }) {
    this.index = options.index;
    this.durationTicks = options.durationTicks;
    this.isIndependent = options.isIndependent;
    this.byteLength = options.encodable.byteLength;
    this.#encodable = options.encodable;
  }

  /**
   * The part as one buffer, the same object each time. Made when first asked for: a stream that nobody watches is never
   * copied, and one that is watched is copied once for all its viewers in this thread. Throws once it was let go of without
   * having been asked for.
   */
  bytes(): Uint8Array {
    if (this.#bytes === undefined) {
      assert(this.#encodable !== undefined, 'the part is still in its window');
      this.#bytes = this.#encodable.encode();
      this.release();
    }
    return this.#bytes;
  }

  /** The same bytes in memory of the caller's own, of which nothing stays here. Throws as `bytes` does. */
  copy(): Uint8Array {
    if (this.#bytes !== undefined) return new Uint8Array(this.#bytes);
    assert(this.#encodable !== undefined, 'the part is still in its window');
    return this.#encodable.encode();
  }

  /** Gives its frames' memory back. Who has asked for its bytes keeps them. */
  release(): void {
    this.#encodable?.release();
    this.#encodable = undefined;
  }
}

/** A segment: a list of parts that grows until it is complete. */
export class Segment {
  readonly msn: number;
  readonly programDateTimeMs: number;
  /** The timeline or the encoding breaks before it. */
  readonly isDiscontinuous: boolean;
  /** Which init segment it needs. */
  readonly initGeneration: number;
  readonly parts: Part[] = [];
  byteLength = 0;
  /** Some of it never came: it is listed, since numbers go on, and not to be fetched. */
  isGap = false;
  #durationTicks: Ticks | undefined;
  #isAborted = false;
  #wakeGrowing: (() => void)[] = [];

  constructor(options: {
    readonly msn: number;
    readonly programDateTimeMs: number;
    readonly isDiscontinuous: boolean;
    readonly initGeneration: number;
  }) {
    this.msn = options.msn;
    this.programDateTimeMs = options.programDateTimeMs;
    this.isDiscontinuous = options.isDiscontinuous;
    this.initGeneration = options.initGeneration;
  }

  get isComplete(): boolean {
    return this.#durationTicks !== undefined;
  }

  /** Of the complete segment; until then, of the parts there are. */
  get durationTicks(): Ticks {
    return this.#durationTicks ?? this.parts.reduce((sum, part) => sum + part.durationTicks, 0);
  }

  append(part: Part): void {
    this.parts.push(part);
    this.byteLength += part.byteLength;
    this.#wake();
  }

  complete(durationTicks: Ticks, { isGap }: { readonly isGap: boolean } = { isGap: false }): void {
    this.#durationTicks = durationTicks;
    this.isGap = isGap;
    this.#wake();
  }

  /** The segment will never be complete: whoever reads it as it grows is told so by an error, not by an end. */
  abort(): void {
    this.#isAborted = true;
    this.#wake();
  }

  /** It left its window: the memory of its parts is used again. */
  release(): void {
    for (const part of this.parts) part.release();
  }

  /**
   * The parts there are and, while the segment is open, those to come, each as soon as it is finished: what the IVS player
   * reads behind `EXT-X-PREFETCH`. A slow reader is simply further back in the list, until the segment leaves its window.
   */
  async *growing(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let index = 0; ; ) {
      const part = this.parts[index];
      if (part !== undefined) {
        yield part.bytes();
        index++;
      } else if (this.isComplete) return;
      else if (this.#isAborted)
        throw new Error(`segment ${this.msn} was aborted while it was read`);
      else await new Promise<void>((wake) => this.#wakeGrowing.push(wake));
    }
  }

  #wake(): void {
    const waiting = this.#wakeGrowing;
    if (waiting.length === 0) return;
    this.#wakeGrowing = [];
    for (const wake of waiting) wake();
  }
}

/** How many of the segments, oldest first, are wholly further than so long before the end of the last one. */
export function countBefore(segments: readonly Segment[], ticks: Ticks): number {
  let behindTicks = 0;
  for (let i = segments.length - 1; i >= 0; i--) {
    if (behindTicks >= ticks) return i + 1;
    behindTicks += segments[i]?.durationTicks ?? 0;
  }
  return 0;
}
