import type { SlabPool } from '../lib/slab-pool.ts';
import { PackedSamples } from './packed-samples.ts';
import type { EncodablePart, MeasuredPart, PartContent, PartMetadata } from './part-container.ts';

const NO_METADATA: readonly PartMetadata[] = [];

/**
 * A part for as long as nobody in this thread asks for its bytes, which for most is as long as they live.
 *
 * With samples and views it would be forty objects, each of which the garbage collector moves twice and then marks every time:
 * a hundred streams have 14,000 parts in their windows.
 */
export class PackedPart implements EncodablePart {
  readonly byteLength: number;
  readonly #measured: MeasuredPart;
  readonly #samples: PackedSamples;
  readonly #startTicks: number;
  readonly #isDiscontinuous: boolean;
  readonly #metadata: readonly PartMetadata[];
  readonly #videoCount: number;

  /** Owns the samples' payload from now on. `payloads`: what it is given back to. */
  constructor(measured: MeasuredPart, content: PartContent, payloads: SlabPool) {
    const { startTicks, isDiscontinuous, video, audio, metadata } = content;
    this.byteLength = measured.byteLength;
    this.#measured = measured;
    this.#startTicks = startTicks;
    this.#isDiscontinuous = isDiscontinuous;
    this.#metadata = metadata.length > 0 ? metadata : NO_METADATA;
    this.#videoCount = video.length;
    this.#samples = new PackedSamples([...video, ...audio], payloads);
  }

  encode(): Uint8Array {
    const samples = this.#samples.unpack();
    return this.#measured.encode({
      startTicks: this.#startTicks,
      video: samples.slice(0, this.#videoCount),
      audio: samples.slice(this.#videoCount),
      metadata: this.#metadata,
      isDiscontinuous: this.#isDiscontinuous,
    });
  }

  release(): void {
    this.#samples.release();
  }
}
