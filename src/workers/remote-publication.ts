import type { EncoderMetadata, Publication, PublicationEnd } from '../ingest/publishing.ts';
import type { Ticks } from '../lib/timescale.ts';
import type { Frame, MediaTracks } from '../media/frame.ts';
import type { FromEncoder, ReceivedBytes } from './ingest-messages.ts';

/** What a publication of a worker says to the main thread. */
export interface MainThread {
  frame(frame: Frame, received: ReceivedBytes): void;
  tell(message: FromEncoder): void;
  ended(): void;
}

/** An encoder of a worker, accepted by the main thread, which has the channel. */
export class RemotePublication implements Publication {
  readonly logFields: Publication['logFields'];
  readonly resumeAtMs: number;
  readonly #main: MainThread;
  /** Not said yet: it goes with the frame that nearly always follows. */
  readonly #received = { video: 0, audio: 0 };
  #isReceivedUnsaid = false;

  constructor(accepted: Pick<Publication, 'logFields' | 'resumeAtMs'>, main: MainThread) {
    this.logFields = accepted.logFields;
    this.resumeAtMs = accepted.resumeAtMs;
    this.#main = main;
  }

  received(kind: 'video' | 'audio', byteLength: number): void {
    if (this.#isReceivedUnsaid) this.#tellReceived();
    this.#isReceivedUnsaid = true;
    this.#received[kind] += byteLength;
  }

  frame(frame: Frame): void {
    this.#main.frame(frame, this.#received);
    this.#forgetReceived();
  }

  tracks(tracks: MediaTracks): void {
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

  #tellReceived(): void {
    this.#main.tell({ kind: 'received', received: { ...this.#received } });
    this.#forgetReceived();
  }

  #forgetReceived(): void {
    this.#received.video = this.#received.audio = 0;
    this.#isReceivedUnsaid = false;
  }
}
