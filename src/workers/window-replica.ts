import type { SlabAllocator, SlabPool } from '../lib/slab-pool.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import { Part } from '../packaging/segment.ts';
import type { AboutWindow } from './window-messages.ts';

/** A window in a worker, to which is done what the main process tells of its own. */
export class WindowReplica {
  readonly window: LiveWindow;
  readonly #slabs: SlabAllocator;
  readonly #payloads: SlabPool;

  /** `slabs`: of `payloads`. Its buffers die together. */
  constructor(
    window: LiveWindow,
    memory: { readonly slabs: SlabAllocator; readonly payloads: SlabPool },
  ) {
    this.window = window;
    this.#slabs = memory.slabs;
    this.#payloads = memory.payloads;
  }

  /** For the payload of what is told next. */
  allocate(byteLength: number): Uint8Array {
    return this.#slabs.allocate(byteLength);
  }

  tell(message: AboutWindow, payload: Uint8Array): void {
    const { window } = this;
    switch (message.kind) {
      case 'generation':
        window.beginGeneration(payload.byteLength > 0 ? copyOf(payload) : undefined);
        this.#payloads.giveBack(payload);
        return;
      case 'segment':
        window.beginSegment(message);
        return;
      case 'part':
        window.appendPart(this.#part(message, payload));
        return;
      case 'complete': {
        const { timing, description } = message.playable;
        window.completeSegment(message.durationTicks, timing, () => description);
        return;
      }
      case 'gap':
        window.completeGap(message.durationTicks);
        return;
      case 'end':
        window.end();
    }
  }

  /**
   * Copied when it is first asked for: whoever asked keeps the bytes for as long as it takes to send them, and the memory that
   * they came in may be used again before.
   */
  #part(
    { durationTicks, isIndependent }: Extract<AboutWindow, { kind: 'part' }>,
    payload: Uint8Array,
  ): Part {
    return new Part({
      index: this.window.nextPart,
      durationTicks,
      isIndependent,
      encodable: { byteLength: payload.byteLength, encode: () => copyOf(payload) },
      payload: [payload],
      payloads: this.#payloads,
    });
  }
}

function copyOf(payload: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(payload.byteLength);
  copy.set(payload);
  return copy;
}
