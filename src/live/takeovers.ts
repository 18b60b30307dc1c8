import { judgeTakeover, readPriority, type TakeoverFailure } from '../domain/takeover.ts';
import type { EncoderMetadata, PublishRequest } from '../ingest/publishing.ts';
import type { MediaTracks } from '../media/frame.ts';
import { ChannelPublication, type PublishedChannel } from './channel-publication.ts';

/** A channel that another encoder may take over. */
export interface TakenChannel extends PublishedChannel {
  /** Of the running encoder; nothing before its first picture. */
  readonly media: MediaTracks | undefined;
  /** Lets go of the running encoder. Returns where the stream goes on, in milliseconds of its timeline. */
  takenOver(successor: ChannelPublication): number;
  takeoverFailed(code: TakeoverFailure): void;
}

/** A multiple of this is a whole number of samples at every sampling rate of AAC. */
const RESUME_GRID_MS = 40;

/**
 * Decides who may take a running stream over. A challenger is let in beside the running encoder; the stream changes hands with the
 * challenger's first keyframe, by which it is known what it sends.
 */
export class Takeovers {
  readonly #channel: TakenChannel;
  #priority: number | undefined;
  #count = 0;
  #challenger: ChannelPublication | undefined;

  constructor(channel: TakenChannel) {
    this.#channel = channel;
  }

  /** An encoder publishes without a takeover: the first, or one after a lost connection. */
  attached(request: PublishRequest): void {
    const priority = priorityOf(request);
    this.#priority = priority === 'invalid' ? undefined : priority;
  }

  /** The running encoder's connection was lost, and one publishes: why it may not go on with the stream, if so. */
  judgeReturn(request: PublishRequest): TakeoverFailure | undefined {
    const asked = priorityOf(request);
    const isTooLow =
      asked === 'invalid' ||
      (asked !== undefined && this.#priority !== undefined && asked < this.#priority);
    if (!isTooLow) return undefined;
    this.#channel.takeoverFailed('StreamTakeoverInvalidPriority');
    return 'StreamTakeoverInvalidPriority';
  }

  /** `undefined`: the encoder does not ask for it. */
  challenge(request: PublishRequest): ChannelPublication | TakeoverFailure | undefined {
    const asked = priorityOf(request);
    if (asked === undefined) return undefined;
    const failure = this.#isOutbid(asked) ? 'StreamTakeoverInvalidPriority' : this.#judge(asked);
    if (failure !== undefined) {
      this.#channel.takeoverFailed(failure);
      return failure;
    }
    this.#challenger?.detach();
    this.#challenger?.request.disconnect('takeover-failed');
    const challenged = new ChallengedChannel(this.#channel, (publication, media, metadata) =>
      this.#decide(publication, media, metadata),
    );
    this.#challenger = challenged.publication(request, () => {
      this.#challenger = undefined;
    });
    return this.#challenger;
  }

  /** The stream is over. */
  close(): void {
    this.#challenger?.detach();
    this.#challenger?.request.disconnect('takeover-failed');
    this.#challenger = undefined;
  }

  /** Of several challengers at once the highest counts, and of equal ones the last. */
  #isOutbid(asked: number | 'invalid'): boolean {
    const pending = this.#challenger && priorityOf(this.#challenger.request);
    return typeof asked === 'number' && typeof pending === 'number' && asked < pending;
  }

  #judge(asked: number | 'invalid'): TakeoverFailure | undefined {
    return judgeTakeover(asked, { running: this.#priority, takeovers: this.#count });
  }

  #decide(publication: ChannelPublication, media: MediaTracks, metadata: EncoderMetadata): void {
    const channel = this.#channel;
    const asked = priorityOf(publication.request) ?? 'invalid';
    this.#challenger = undefined;
    // The running encoder may have changed since.
    const failure = isSameMedia(channel.media, media)
      ? this.#judge(asked)
      : 'StreamTakeoverMediaMismatch';
    if (failure !== undefined) {
      publication.detach();
      publication.request.disconnect('takeover-failed');
      channel.takeoverFailed(failure);
      return;
    }
    this.#priority = asked === 'invalid' ? undefined : asked;
    this.#count++;
    const resumeAtMs = channel.takenOver(publication);
    publication.handTo(channel, Math.ceil(resumeAtMs / RESUME_GRID_MS) * RESUME_GRID_MS);
    channel.metadata(metadata);
    channel.tracks(media);
  }
}

const priorityOf = ({ parameters }: PublishRequest) => readPriority(parameters.get('priority'));

/** "Media must match": codec, resolution, and which tracks there are. */
function isSameMedia(running: MediaTracks | undefined, asked: MediaTracks): boolean {
  if (running === undefined) return true;
  const codecsOf = ({ video, audio }: MediaTracks) =>
    [video.codec, video.width, video.height, audio?.codec].join();
  return codecsOf(running) === codecsOf(asked);
}

type Decide = (
  publication: ChannelPublication,
  media: MediaTracks,
  metadata: EncoderMetadata,
) => void;

/** Stands in for the channel until it is known what the challenger sends. */
class ChallengedChannel implements PublishedChannel {
  readonly channelArn: string;
  readonly streamId: string;
  readonly awaitedTicks = undefined;
  readonly #decide: Decide;
  #metadata: EncoderMetadata = {};
  #publication: ChannelPublication | undefined;
  #onGone: () => void = () => {};

  constructor({ channelArn, streamId }: TakenChannel, decide: Decide) {
    this.channelArn = channelArn;
    this.streamId = streamId;
    this.#decide = decide;
  }

  /** Its timeline begins at 0, and is moved when it wins. */
  publication(request: PublishRequest, onGone: () => void): ChannelPublication {
    this.#onGone = onGone;
    this.#publication = new ChannelPublication(this, request, 0);
    return this.#publication;
  }

  tracks(tracks: MediaTracks): void {
    if (this.#publication) this.#decide(this.#publication, tracks, this.#metadata);
  }

  metadata(metadata: EncoderMetadata): void {
    this.#metadata = metadata;
  }

  published(): void {
    this.#onGone();
  }

  // What comes before its tracks is not of the stream.
  frame(): void {}
  discontinuity(): void {}
  received(): void {}
  timedMetadata(): void {}
}
