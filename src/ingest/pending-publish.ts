import type { Logger } from '../lib/logger.ts';
import type { PublicationEnd, PublishDecision, PublishGate, PublishRequest } from './publishing.ts';
import { parseStreamName } from './stream-url.ts';

export interface PendingPublishOptions
  extends Pick<PublishRequest, 'connectionId' | 'protocol' | 'remoteAddress' | 'disconnect'> {
  readonly gate: PublishGate;
  readonly logger: Logger;
  /** Not called once the connection has ended. */
  readonly decided: (decision: PublishDecision) => void;
  /** With what `decided` threw, or the end of a publication that came too late. */
  readonly failed: (error: unknown) => void;
}

/** A `publish` that the gate decides on. Its connection may end before it has. */
export class PendingPublish {
  readonly #options: PendingPublishOptions;
  #end: PublicationEnd | undefined;

  constructor(options: PendingPublishOptions) {
    this.#options = options;
  }

  /** Asks the gate, once. A gate that fails refuses. */
  ask(streamName: string): void {
    const { connectionId, protocol, remoteAddress, disconnect } = this.#options;
    void this.#ask({
      connectionId,
      protocol,
      remoteAddress,
      ...parseStreamName(streamName),
      disconnect,
    });
  }

  /** A publication that is accepted after this ends at once, the way its connection did. */
  connectionEnded(end: PublicationEnd): void {
    this.#end = end;
  }

  /** Never rejects. */
  async #ask(request: PublishRequest): Promise<void> {
    const { gate, logger, decided, failed } = this.#options;
    let decision: PublishDecision;
    try {
      decision = await gate.publish(request);
    } catch (error) {
      logger.error({ err: error }, 'cannot decide on a publish request');
      decision = { accepted: false, refusal: 'service-unavailable' };
    }
    try {
      if (this.#end === undefined) decided(decision);
      else if (decision.accepted) decision.publication.end(this.#end);
    } catch (error) {
      failed(error);
    }
  }
}
