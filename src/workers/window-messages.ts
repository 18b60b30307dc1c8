import type { Ticks } from '../lib/timescale.ts';
import type { MediaExtension } from '../packaging/part-container.ts';
import type { Playable, WindowStart } from '../packaging/window-follower.ts';

/** Topic `windows`: a stream that a worker wants to serve. Subject: the worker's number for the stream. */
export type ToFeed =
  | { readonly kind: 'want'; readonly playbackId: string }
  /** Nobody asks for it any more. */
  | { readonly kind: 'give-up' };

/** Of a window that a worker has to make. */
export interface WindowOptions {
  readonly isLowLatency: boolean;
  readonly mediaExtension: MediaExtension;
  readonly hasPicture: boolean;
  readonly start: WindowStart;
  /** Of segments before this one the worker gets no bytes: who wants them asks the main thread. */
  readonly firstMsnWithBytes: number;
}

/** Subject: the worker's number for the stream. */
type AboutStream =
  /** It is not there, or not for a worker to serve. */
  | { readonly kind: 'not-yours' }
  /** `window`: the main thread's number for it. */
  | { readonly kind: 'window'; readonly window: number; readonly options: WindowOptions }
  /** The stream's windows, best first. What each of them keeps was told before. */
  | { readonly kind: 'windows'; readonly windows: readonly number[] }
  /** Whatever is to be served of it has been. */
  | { readonly kind: 'gone' };

/** Subject: the main thread's number for the window. */
export type AboutWindow =
  /** With its init segment as the payload, where the format has one. */
  | { readonly kind: 'generation' }
  | {
      readonly kind: 'segment';
      readonly programDateTimeMs: number;
      readonly isDiscontinuous: boolean;
    }
  /** With its bytes as the payload, unless its segment is before those that the worker gets the bytes of. */
  | {
      readonly kind: 'part';
      readonly durationTicks: Ticks;
      readonly isIndependent: boolean;
      readonly byteLength: number;
    }
  | { readonly kind: 'complete'; readonly durationTicks: Ticks; readonly playable: Playable }
  | { readonly kind: 'gap'; readonly durationTicks: Ticks }
  | { readonly kind: 'interruption' }
  | { readonly kind: 'end' };

export type FromFeed = AboutStream | AboutWindow;
