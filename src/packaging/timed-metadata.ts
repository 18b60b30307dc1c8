import type { Ticks } from '../lib/timescale.ts';
import { encodeId3Tag } from '../protocols/id3.ts';
import type { PartMetadata } from './part-container.ts';

/** By the owner of its ID3 frame the IVS player tells where a text comes from; those of other owners it drops. */
export const MetadataOwner = {
  api: 'metadata.live-video.net',
  encoder: 'inband.metadata.live-video.net',
} as const;

/** For a part that is still to come: an encoder that floods loses its oldest texts, not our memory. */
const MAX_WAITING = 64;

/** Ids below are those of segments. */
const FIRST_ID = 2 ** 31;

export interface TimedText {
  readonly owner: (typeof MetadataOwner)[keyof typeof MetadataOwner];
  readonly text: string;
  /** When it is for, on the leader's timeline, 90 kHz. */
  readonly ticks: Ticks;
}

/** Texts on their way into a channel's stream: each is in one part of the leading rendition, and in the same one of all others. */
export class TimedMetadata {
  #waiting: PartMetadata[] = [];
  #count = 0;

  put({ owner, text, ticks }: TimedText): void {
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
    this.#waiting.push({
      id: FIRST_ID + this.#count++,
      ptsTicks: ticks,
      id3: encodeId3Tag([{ kind: 'PRIV', owner, data: new TextEncoder().encode(text) }]),
    });
  }

  /** What belongs before `endTicks`; what came too late for its time is for `startTicks`. */
  due(startTicks: Ticks, endTicks: Ticks): readonly PartMetadata[] {
    return this.#waiting
      .filter(({ ptsTicks }) => ptsTicks < endTicks)
      .map((tag) => ({ ...tag, ptsTicks: Math.max(tag.ptsTicks, startTicks) }));
  }

  /** They are in a part. */
  delivered(tags: readonly PartMetadata[]): void {
    if (tags.length === 0) return;
    const ids = new Set(tags.map(({ id }) => id));
    this.#waiting = this.#waiting.filter(({ id }) => !ids.has(id));
  }
}
