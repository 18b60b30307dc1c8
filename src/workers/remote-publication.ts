import type { EncoderMetadata, Publication, PublicationEnd } from '../ingest/publishing.ts';
import type { Ticks } from '../lib/timescale.ts';
import { type Frame, type MediaTracks, VIDEO_TICKS_PER_MS } from '../media/frame.ts';
import { MAX_AUDIO_LEAD_TICKS } from '../packaging/segmenter.ts';
import type { EncoderAccount } from './encoder-account.ts';
import type { FromEncoder, ReceivedBytes } from './ingest-messages.ts';

const MAX_AUDIO_LEAD_MS = MAX_AUDIO_LEAD_TICKS / VIDEO_TICKS_PER_MS;

/** What a publication of a worker says to the main thread. */
export interface MainThread {
  /** `isAwaited`: it, or one before it, is waited for. */
  frame(frame: Frame, received: ReceivedBytes, isAwaited: boolean): void;
  tell(message: FromEncoder): void;
  ended(): void;
}

/** An encoder of a worker, accepted by the main thread, which has the channel. */
export class RemotePublication implements Publication {
  readonly logFields: Publication['logFields'];
  readonly resumeAtMs: number;
  readonly #account: EncoderAccount;
  readonly #main: MainThread;
  #audioTimescale = 1;
  /** Not said yet: it goes with the frame that nearly always follows. */
  readonly #received = { video: 0, audio: 0 };
  #isReceivedUnsaid = false;

  constructor(
    accepted: Pick<Publication, 'logFields' | 'resumeAtMs'>,
    account: EncoderAccount,
    main: MainThread,
  ) {
    this.logFields = accepted.logFields;
    this.resumeAtMs = accepted.resumeAtMs;
    this.#account = account;
    this.#main = main;
  }

  received(kind: 'video' | 'audio', byteLength: number): void {
    if (this.#isReceivedUnsaid) this.#tellReceived();
    this.#isReceivedUnsaid = true;
    this.#received[kind] += byteLength;
    this.#account.received(kind, byteLength);
  }

  frame(frame: Frame): void {
    this.#account.frame(frame);
    this.#main.frame(frame, this.#received, this.#isAwaited(frame));
    this.#forgetReceived();
  }

  tracks(tracks: MediaTracks): void {
    this.#audioTimescale = tracks.audio?.timescale ?? 1;
    this.#main.tell({ kind: 'tracks', tracks });
  }

  discontinuity(): void {
    this.#main.tell({ kind: 'discontinuity' });
  }

  metadata(metadata: EncoderMetadata): void {
    this.#main.tell({ kind: 'metadata', metadata });
  }

  timedMetadata(text: string, ticks: Ticks): void {
    this.#main.tell({ kind: 'timed-metadata', text, ticks });
  }

  end(end: PublicationEnd): void {
    if (this.#isReceivedUnsaid) this.#tellReceived();
    this.#main.tell({ kind: 'end', end });
    this.#main.ended();
  }

  #isAwaited({ kind, isKeyframe, dtsTicks }: Frame): boolean {
    const { awaitedMs } = this.#account;
    if (kind === 'video') return isKeyframe || dtsTicks >= awaitedMs * VIDEO_TICKS_PER_MS;
    return dtsTicks * 1000 >= (awaitedMs + MAX_AUDIO_LEAD_MS) * this.#audioTimescale;
  }

  #tellReceived(): void {
    this.#main.tell({ kind: 'received', received: { ...this.#received } });
    this.#forgetReceived();
  }

  #forgetReceived(): void {
    this.#received.video = this.#received.audio = 0;
    this.#isReceivedUnsaid = false;
  }
}
