import type {
  EncoderMetadata,
  Publication,
  PublicationEnd,
  PublishRequest,
} from '../ingest/publishing.ts';
import type { Ticks } from '../lib/timescale.ts';
import type { Frame, FrameSink, MediaTracks } from '../media/frame.ts';

/** The channel as its encoder's connection sees it. */
export interface PublishedChannel extends FrameSink {
  readonly channelArn: string;
  readonly streamId: string;
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

  constructor(channel: PublishedChannel, request: PublishRequest, resumeAtMs: number) {
    this.#channel = channel;
    this.logFields = { channel: channel.channelArn, stream: channel.streamId };
    this.request = request;
    this.resumeAtMs = resumeAtMs;
  }

  metadata(metadata: EncoderMetadata): void {
    this.#channel?.metadata(metadata);
  }

  timedMetadata(text: string, ticks: Ticks): void {
    this.#channel?.timedMetadata(text, ticks);
  }

  received(kind: 'video' | 'audio', byteLength: number): void {
    this.#channel?.received(kind, byteLength);
  }

  tracks(tracks: MediaTracks): void {
    this.#channel?.tracks(tracks);
  }

  frame(frame: Frame): void {
    this.#channel?.frame(frame);
  }

  discontinuity(): void {
    this.#channel?.discontinuity();
  }

  end(end: PublicationEnd): void {
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.published(this, end);
  }

  /** The channel is over: nothing from this connection reaches it any more. */
  detach(): void {
    this.#channel = undefined;
  }
}
