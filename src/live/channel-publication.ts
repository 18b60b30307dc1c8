import type {
  EncoderMetadata,
  Publication,
  PublicationEnd,
  PublishRequest,
} from '../ingest/publishing.ts';
import type { Ticks } from '../lib/timescale.ts';
import { type Frame, type FrameSink, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';

/** The channel as its encoder's connection sees it. */
export interface PublishedChannel extends FrameSink {
  readonly channelArn: string;
  readonly streamId: string;
  readonly awaitedTicks: Ticks | undefined;
  metadata(metadata: EncoderMetadata): void;
  timedMetadata(text: string, ticks: Ticks): void;
  received(kind: 'video' | 'audio', byteLength: number): void;
  published(publication: ChannelPublication, end: PublicationEnd): void;
}

/**
 * One encoder's connection to a channel. A channel may see several in its life, one after the other: what still comes from
 * one that was replaced or ended goes nowhere.
 */
export class ChannelPublication implements Publication {
  readonly request: PublishRequest;
  readonly resumeAtMs: number;
  readonly logFields: Publication['logFields'];
  #channel: PublishedChannel | undefined;
  /** What its times are moved by: the stream went on while it was only waiting to take over. */
  #shiftMs = 0;
  #audioTimescale = 0;

  constructor(channel: PublishedChannel, request: PublishRequest, resumeAtMs: number) {
    this.#channel = channel;
    this.logFields = { channel: channel.channelArn, stream: channel.streamId };
    this.request = request;
    this.resumeAtMs = resumeAtMs;
  }

  get awaitedTicks(): Ticks | undefined {
    const ticks = this.#channel?.awaitedTicks;
    return ticks && ticks - this.#shiftTicks('video');
  }

  metadata(metadata: EncoderMetadata): void {
    this.#channel?.metadata(metadata);
  }

  timedMetadata(text: string, ticks: Ticks): void {
    this.#channel?.timedMetadata(text, ticks + this.#shiftTicks('video'));
  }

  received(kind: 'video' | 'audio', byteLength: number): void {
    this.#channel?.received(kind, byteLength);
  }

  tracks(tracks: MediaTracks): void {
    this.#audioTimescale = tracks.audio?.timescale ?? 0;
    this.#channel?.tracks(tracks);
  }

  frame(frame: Frame): void {
    if (this.#shiftMs === 0) this.#channel?.frame(frame);
    else {
      const dtsTicks = frame.dtsTicks + this.#shiftTicks(frame.kind);
      this.#channel?.frame({ ...frame, dtsTicks });
    }
  }

  discontinuity(): void {
    this.#channel?.discontinuity();
  }

  end(end: PublicationEnd): void {
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.published(this, end);
  }

  /** From here on it is the channel's encoder. `shiftMs`: a whole number of ticks of either track. */
  handTo(channel: PublishedChannel, shiftMs: number): void {
    this.#channel = channel;
    this.#shiftMs = shiftMs;
  }

  #shiftTicks(kind: Frame['kind']): Ticks {
    const timescale = kind === 'video' ? VIDEO_TIMESCALE : this.#audioTimescale;
    return (this.#shiftMs * timescale) / 1000;
  }

  /** The channel is over: nothing from this connection reaches it any more. */
  detach(): void {
    this.#channel = undefined;
  }
}
