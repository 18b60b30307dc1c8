import type { Frame } from '../media/frame.ts';
import type { ReceivedBytes } from './ingest-messages.ts';

/** Publication, flags, decoding time, composition offset, bytes received of video and sound, slab, offset, length. */
const FIELDS = 9;
const INITIAL_FRAMES = 64;

const VIDEO_FLAG = 1;
const KEYFRAME_FLAG = 2;

/**
 * Frames of one batch, each as a few numbers: an object for each would cost more to clone than the frame to
 * package. The payloads stay where they are, in slabs that both threads have.
 */
export class FrameBatch {
  #numbers = new Float64Array(INITIAL_FRAMES * FIELDS);
  #used = 0;

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  get count(): number {
    return this.#used / FIELDS;
  }

  add(publication: number, frame: Frame, received: ReceivedBytes, slab: number): void {
    if (this.#used === this.#numbers.length) this.#grow();
    const { kind, isKeyframe, payload } = frame;
    const numbers = this.#numbers;
    let at = this.#used;
    numbers[at++] = publication;
    numbers[at++] = (kind === 'video' ? VIDEO_FLAG : 0) | (isKeyframe ? KEYFRAME_FLAG : 0);
    numbers[at++] = frame.dtsTicks;
    numbers[at++] = frame.ctsOffsetTicks;
    numbers[at++] = received.video;
    numbers[at++] = received.audio;
    numbers[at++] = slab;
    numbers[at++] = payload.byteOffset;
    numbers[at++] = payload.byteLength;
    this.#used = at;
  }

  /** All that was added since the last call. It is overwritten by what is added next. */
  take(): Uint8Array {
    const byteLength = this.#used * Float64Array.BYTES_PER_ELEMENT;
    this.#used = 0;
    return new Uint8Array(this.#numbers.buffer, 0, byteLength);
  }

  /** Adds all that it has to another one. */
  moveTo(other: FrameBatch): void {
    const used = other.#used + this.#used;
    while (used > other.#numbers.length) other.#grow();
    other.#numbers.set(this.#numbers.subarray(0, this.#used), other.#used);
    other.#used = used;
    this.#used = 0;
  }

  #grow(): void {
    const grown = new Float64Array(this.#numbers.length * 2);
    grown.set(this.#numbers);
    this.#numbers = grown;
  }
}

/** Calls `take` for each frame of what `FrameBatch.take` gave. `memoryOf` finds a slab by its number. */
export function readFrameBatch(
  bytes: Uint8Array,
  memoryOf: (slab: number) => ArrayBufferLike,
  take: (publication: number, frame: Frame, received: ReceivedBytes) => void,
): void {
  const count = bytes.byteLength / Float64Array.BYTES_PER_ELEMENT;
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, count);
  const at = (index: number): number => numbers[index] ?? 0;
  for (let i = 0; i < count; i += FIELDS) {
    const flags = at(i + 1);
    const frame: Frame = {
      kind: flags & VIDEO_FLAG ? 'video' : 'audio',
      dtsTicks: at(i + 2),
      ctsOffsetTicks: at(i + 3),
      isKeyframe: (flags & KEYFRAME_FLAG) !== 0,
      payload: new Uint8Array(memoryOf(at(i + 6)), at(i + 7), at(i + 8)),
    };
    take(at(i), frame, { video: at(i + 4), audio: at(i + 5) });
  }
}
