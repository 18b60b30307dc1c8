import type { IngestReading, ReceivedMedia } from '../domain/stream-measurements.ts';
import type { TakeoverFailure } from '../domain/takeover.ts';
import type { DisconnectReason, PublicationEnd, PublishRequest } from '../ingest/publishing.ts';
import type { Logger } from '../lib/logger.ts';
import { ChannelPublication } from './channel-publication.ts';
import { type TakenChannel, Takeovers } from './takeovers.ts';

/** Who publishes to a stream: one encoder after the other, perhaps with a moment between them, or one that takes it over. */
export class ChannelEncoders {
  readonly #channel: TakenChannel;
  readonly #takeovers: Takeovers;
  readonly #log: Logger;
  #publication: ChannelPublication | undefined;

  constructor(channel: TakenChannel, log: Logger) {
    this.#channel = channel;
    this.#takeovers = new Takeovers(channel);
    this.#log = log;
  }

  get isPublishing(): boolean {
    return this.#publication !== undefined;
  }

  get reading(): Pick<IngestReading, 'encoderAddress'> {
    const request = this.#publication?.request;
    return request ? { encoderAddress: request.remoteAddress } : {};
  }

  /** Of what the one that publishes has sent. */
  get underway(): ReceivedMedia | undefined {
    return this.#publication?.request.underway?.();
  }

  /** Takes an encoder while none publishes. `resumeAtMs`: where the stream goes on. */
  attach(request: PublishRequest, resumeAtMs: number): ChannelPublication {
    const publication = new ChannelPublication(this.#channel, request, resumeAtMs);
    this.#publish(publication);
    this.#takeovers.attached(request);
    return publication;
  }

  /** Another one, or the same again, while the stream waits for its encoder. */
  resume(request: PublishRequest, resumeAtMs: number): ChannelPublication | TakeoverFailure {
    return this.#takeovers.judgeReturn(request) ?? this.attach(request, resumeAtMs);
  }

  /** Another one, while one publishes: let in beside it, refused, or, without a priority, nothing. */
  challenge(request: PublishRequest): ChannelPublication | TakeoverFailure | undefined {
    return this.#takeovers.challenge(request);
  }

  /** The one that publishes is sent away, and `successor` is the stream's encoder. */
  replace(successor: ChannelPublication): void {
    this.#publication?.detach();
    this.disconnect('taken-over');
    this.#publish(successor);
  }

  disconnect(reason: DisconnectReason): void {
    this.#publication?.request.disconnect(reason);
  }

  /** A connection has ended. Whether it was that of the stream's encoder: nobody publishes now. */
  left(publication: ChannelPublication, end: PublicationEnd): boolean {
    if (this.#publication !== publication) return false;
    this.#publication = undefined;
    const { connectionId: connection } = publication.request;
    const detail = 'detail' in end && { detail: end.detail };
    this.#log.info({ connection, end: end.kind, ...detail }, 'encoder left');
    return true;
  }

  /** The stream is over: nothing of any encoder reaches it. */
  close(): void {
    this.#publication?.detach();
    this.#publication = undefined;
    this.#takeovers.close();
  }

  #publish(publication: ChannelPublication): void {
    this.#publication = publication;
    const { connectionId: connection, protocol, remoteAddress } = publication.request;
    this.#log.info({ connection, protocol, remoteAddress }, 'encoder publishes');
  }
}
