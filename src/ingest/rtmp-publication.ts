import type { Clock } from '../lib/clock.ts';
import { decodeEncoderData } from '../protocols/rtmp/command.ts';
import { MESSAGE_TYPE, type RtmpMessage } from '../protocols/rtmp/message.ts';
import { readEncoderMetadata, readTrackExpectation } from './encoder-metadata.ts';
import { FrameNormalizer } from './frame-normalizer.ts';
import type { Publication, PublicationEnd } from './publishing.ts';
import { SourcePace } from './source-pace.ts';

/** "Metadata payload: 1 KB" (IVS service quotas). A longer text goes nowhere. */
const MAX_TEXT_BYTES = 1024;

/** An accepted publication as the session holds it: media and data messages in, `end` exactly once and last. */
export class RtmpPublication {
  readonly startedMs: number;
  readonly #publication: Publication;
  readonly #normalizer: FrameNormalizer;
  #hasEnded = false;

  constructor(publication: Publication, clock: Pick<Clock, 'monotonicMs'>) {
    const pace = new SourcePace(() => clock.monotonicMs());
    this.#publication = publication;
    this.#normalizer = new FrameNormalizer(publication, publication.resumeAtMs, pace);
    this.startedMs = clock.monotonicMs();
  }

  /** Throws what `FrameNormalizer` throws. */
  take(message: RtmpMessage): void {
    const { typeId, timestampMs, body } = message;
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
        this.#takeData(message);
    }
  }

  end(end: PublicationEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#normalizer.close();
    this.#publication.end(end);
  }

  #takeData({ typeId, timestampMs, body }: RtmpMessage): void {
    const data = decodeEncoderData(typeId, body);
    if (data === undefined) return;
    switch (data.name) {
      case 'onMetaData':
        this.#normalizer.expect(readTrackExpectation(data.members));
        this.#publication.metadata(readEncoderMetadata(data.members));
        break;
      case 'onTextData': {
        const ticks = this.#normalizer.dataTicks(timestampMs);
        if (ticks === undefined || Buffer.byteLength(data.text) > MAX_TEXT_BYTES) return;
        this.#publication.timedMetadata(data.text, ticks);
        break;
      }
    }
  }
}
