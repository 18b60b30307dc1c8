import { decodeOnMetaData } from '../protocols/rtmp/command.ts';
import { MESSAGE_TYPE, type RtmpMessage } from '../protocols/rtmp/message.ts';
import { readEncoderMetadata, readTrackExpectation } from './encoder-metadata.ts';
import { FrameNormalizer } from './frame-normalizer.ts';
import type { Publication, PublicationEnd } from './publishing.ts';

/** An accepted publication as the session holds it: media and data messages in, `end` exactly once and last. */
export class RtmpPublication {
  readonly startedMs: number;
  readonly #publication: Publication;
  readonly #normalizer: FrameNormalizer;
  #hasEnded = false;

  constructor(publication: Publication, startedMs: number) {
    this.#publication = publication;
    this.#normalizer = new FrameNormalizer(publication);
    this.startedMs = startedMs;
  }

  /** Throws what `FrameNormalizer` throws. */
  take({ typeId, timestampMs, body }: RtmpMessage): void {
    switch (typeId) {
      case MESSAGE_TYPE.video:
        this.#publication.received('video', body.byteLength);
        this.#normalizer.videoMessage(timestampMs, body);
        break;
      case MESSAGE_TYPE.audio:
        this.#publication.received('audio', body.byteLength);
        this.#normalizer.audioMessage(timestampMs, body);
        break;
      default:
        this.#takeData(typeId, body);
    }
  }

  end(end: PublicationEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#normalizer.close();
    this.#publication.end(end);
  }

  #takeData(typeId: number, body: Uint8Array): void {
    const members = decodeOnMetaData(typeId, body);
    if (members === undefined) return;
    this.#normalizer.expect(readTrackExpectation(members));
    this.#publication.metadata(readEncoderMetadata(members));
  }
}
