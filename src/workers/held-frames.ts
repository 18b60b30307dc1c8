import type { Frame } from '../media/frame.ts';
import { FrameBatch } from './frame-batch.ts';
import type { ReceivedBytes } from './ingest-messages.ts';

/** More than a part of a usual stream has, of pictures and of sound. */
const MAX_FRAMES = 64;

/**
 * Frames of one encoder that nobody waits for yet. Handed over with the one that ends their part, they are packaged one after the
 * other, with what that needs in the processor's caches: at half of what it costs to package each as it comes, between those of
 * hundreds of other streams.
 */
export class HeldFrames {
  readonly #frames = new FrameBatch();
  #isOld = false;

  get isEmpty(): boolean {
    return this.#frames.isEmpty;
  }

  /** What an encoder can have held is bounded, whatever times it gives its frames. */
  get isFull(): boolean {
    return this.#frames.count >= MAX_FRAMES;
  }

  add(publication: number, frame: Frame, received: ReceivedBytes, slab: number): void {
    this.#frames.add(publication, frame, received, slab);
  }

  handOver(to: FrameBatch): void {
    this.#isOld = false;
    this.#frames.moveTo(to);
  }

  /** Whether some of them were there already at the last call. */
  growOld(): boolean {
    const wereOld = this.#isOld;
    this.#isOld = !this.isEmpty;
    return wereOld;
  }
}
