import type { Frame, FrameSink, MediaTracks } from '../../media/frame.ts';

export type SinkCall =
  | { readonly kind: 'tracks'; readonly tracks: MediaTracks }
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'discontinuity' };

/** Keeps what a rendition's sink is told, and wakes who waits for it. */
export class RecordingSink implements FrameSink {
  readonly calls: SinkCall[] = [];
  #onCall = () => {};

  tracks(tracks: MediaTracks): void {
    this.#add({ kind: 'tracks', tracks });
  }

  frame(frame: Frame): void {
    this.#add({ kind: 'frame', frame });
  }

  discontinuity(): void {
    this.#add({ kind: 'discontinuity' });
  }

  /** Resolves when `isSeen` says so, asked at every call. */
  async until(isSeen: (sink: this) => boolean): Promise<void> {
    while (!isSeen(this)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onCall = resolve;
      await promise;
    }
  }

  frames(kind: Frame['kind']): Frame[] {
    return this.calls.flatMap((call) =>
      call.kind === 'frame' && call.frame.kind === kind ? [call.frame] : [],
    );
  }

  get lastTracks(): MediaTracks | undefined {
    const call = this.calls.findLast(({ kind }) => kind === 'tracks');
    return call?.kind === 'tracks' ? call.tracks : undefined;
  }

  /** One letter a call: `t`racks, `d`iscontinuity, `K`eyframe, `v`ideo, `a`udio. */
  get story(): string {
    const letter = (call: SinkCall) => {
      if (call.kind !== 'frame') return call.kind.charAt(0);
      if (call.frame.kind === 'audio') return 'a';
      return call.frame.isKeyframe ? 'K' : 'v';
    };
    return this.calls.map(letter).join('');
  }

  #add(call: SinkCall): void {
    this.calls.push(call);
    this.#onCall();
  }
}
