import type {
  DisconnectReason,
  EncoderMetadata,
  Publication,
  PublicationEnd,
  PublishRefusal,
  PublishRequest,
} from '../ingest/publishing.ts';
import type { Ticks } from '../lib/timescale.ts';
import type { Frame, MediaTracks } from '../media/frame.ts';

/** Topic `ingest`: a worker's encoders on their way to the main thread. Subject: the worker's number for the publication. */
export type FromEncoder =
  /** `account`: the memory of its `EncoderAccount`. */
  | (AskedToPublish & { readonly kind: 'publish'; readonly account: SharedArrayBuffer })
  | { readonly kind: 'metadata'; readonly metadata: EncoderMetadata }
  | { readonly kind: 'timed-metadata'; readonly text: string; readonly ticks: Ticks }
  | { readonly kind: 'tracks'; readonly tracks: MediaTracks }
  | { readonly kind: 'discontinuity' }
  /** Frames of any publications, of each in the order they came, as `FrameBatch` has them. */
  | { readonly kind: 'frames' }
  /** One that lies in no slab: its payload comes along. */
  | {
      readonly kind: 'large-frame';
      readonly frame: Omit<Frame, 'payload'>;
      readonly received: ReceivedBytes;
    }
  /** Media messages that no frame came of. */
  | { readonly kind: 'received'; readonly received: ReceivedBytes }
  | { readonly kind: 'end'; readonly end: PublicationEnd }
  /** Memory that frames lie in, which both threads have from here on. Subject: its number. */
  | { readonly kind: 'slab'; readonly memory: SharedArrayBuffer }
  /** No frame will lie in it any more. */
  | { readonly kind: 'slab-gone' };

export type ToEncoder =
  | ({ readonly kind: 'accepted' } & Pick<Publication, 'logFields' | 'resumeAtMs'>)
  | {
      readonly kind: 'refused';
      readonly refusal: PublishRefusal;
      readonly channel: string | undefined;
    }
  | { readonly kind: 'disconnect'; readonly reason: DisconnectReason }
  /** Slabs by number, each with how many frames of it are not needed any more. */
  | { readonly kind: 'given-back'; readonly slabs: ReadonlyMap<number, number> };

/** What a worker can say of an encoder's request. */
export type AskedToPublish = Omit<PublishRequest, 'disconnect' | 'underway'>;

/** Of media messages, since it was last said. */
export interface ReceivedBytes {
  readonly video: number;
  readonly audio: number;
}
