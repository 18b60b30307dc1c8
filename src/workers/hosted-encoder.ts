import type { ReceivedMedia } from '../domain/stream-measurements.ts';
import type { Publication } from '../ingest/publishing.ts';
import type { Frame } from '../media/frame.ts';
import { EncoderAccount } from './encoder-account.ts';
import type { FromEncoder, ReceivedBytes } from './ingest-messages.ts';

/** What a worker says of an encoder while it publishes, frames apart. */
export type AboutPublication = FromEncoder & {
  kind: 'tracks' | 'received' | 'discontinuity' | 'metadata' | 'timed-metadata';
};

/** An encoder of a worker, in the main thread. */
export class HostedEncoder {
  readonly #account: EncoderAccount;
  /** Absent: it is being decided about. */
  publication: Publication | undefined;

  /** `account`: the memory of the worker's account of it. */
  constructor(account: SharedArrayBuffer) {
    this.#account = new EncoderAccount(account);
  }

  get underway(): ReceivedMedia {
    return this.#account.underway;
  }

  /** Returns whether it went to a publication, whose the memory is then. */
  frame(frame: Frame, received: ReceivedBytes): boolean {
    this.#account.handedFrame(frame);
    this.#received(received);
    this.publication?.frame(frame);
    return this.publication !== undefined;
  }

  /** Has the worker know what is waited for now. */
  awaitNext(): void {
    this.#account.await(this.publication?.awaitedTicks);
  }

  take(message: AboutPublication): void {
    switch (message.kind) {
      case 'tracks':
        this.publication?.tracks(message.tracks);
        break;
      case 'received':
        this.#received(message.received);
        break;
      case 'discontinuity':
        this.#account.timelineBroke();
        this.publication?.discontinuity();
        break;
      case 'metadata':
        this.publication?.metadata(message.metadata);
        break;
      case 'timed-metadata':
        this.publication?.timedMetadata(message.text, message.ticks);
        break;
    }
  }

  #received(received: ReceivedBytes): void {
    const { video, audio } = received;
    this.#account.handedBytes(received);
    if (video > 0) this.publication?.received('video', video);
    if (audio > 0) this.publication?.received('audio', audio);
  }
}
