import type { PublishDecision, PublishGate, PublishRequest } from '../ingest/publishing.ts';
import type { Clock } from '../lib/clock.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Frame } from '../media/frame.ts';
import { FrameBatch } from './frame-batch.ts';
import type { FromEncoder, ReceivedBytes, ToEncoder } from './ingest-messages.ts';
import type { Conversation } from './link.ts';
import { RemotePublication } from './remote-publication.ts';
import { SharedSlabs } from './shared-slabs.ts';

interface Publishing {
  readonly request: PublishRequest;
  readonly decide: (decision: PublishDecision) => void;
}

/** A worker's side of topic `ingest`: the main thread decides who may publish, and gets what they send. */
export class RemotePublishGate implements PublishGate {
  readonly #conversation: Conversation;
  readonly #payloads: SlabPool;
  readonly #slabs: SharedSlabs;
  readonly #frames = new FrameBatch();
  readonly #publishing = new Map<number, Publishing>();
  #count = 0;

  /** `payloads`: where the memory of the encoders' frames comes from. */
  constructor(
    conversation: Conversation,
    { payloads, clock }: { readonly payloads: SlabPool; readonly clock: Pick<Clock, 'every'> },
  ) {
    this.#conversation = conversation;
    this.#payloads = payloads;
    this.#slabs = new SharedSlabs({
      payloads,
      clock,
      onNew: (slab, memory) => this.#tell(slab, { kind: 'slab', memory }),
      onGone: (slab) => this.#tell(slab, { kind: 'slab-gone' }),
    });
    conversation.listen({
      message: (id, detail) => this.#answered(id, detail as ToEncoder),
      flushing: () => this.#flushFrames(),
    });
  }

  publish(request: PublishRequest): Promise<PublishDecision> {
    const { promise, resolve: decide } = Promise.withResolvers<PublishDecision>();
    const id = this.#count++;
    this.#publishing.set(id, { request, decide });
    const { disconnect: _, ...asked } = request;
    this.#tell(id, { kind: 'publish', ...asked });
    return promise;
  }

  #answered(id: number, answer: ToEncoder): void {
    if (answer.kind === 'given-back') {
      for (const [slab, count] of answer.slabs) this.#slabs.givenBack(slab, count);
      return;
    }
    const publishing = this.#publishing.get(id);
    // It ended as the answer was on its way.
    if (!publishing) return;
    switch (answer.kind) {
      case 'accepted':
        publishing.decide({
          accepted: true,
          publication: new RemotePublication(answer, {
            frame: (frame, received) => this.#frame(id, frame, received),
            tell: (message) => this.#tell(id, message),
            ended: () => this.#publishing.delete(id),
          }),
        });
        break;
      case 'refused':
        this.#publishing.delete(id);
        publishing.decide({ accepted: false, refusal: answer.refusal, channel: answer.channel });
        break;
      case 'disconnect':
        publishing.request.disconnect(answer.reason);
        break;
    }
  }

  #frame(id: number, frame: Frame, received: ReceivedBytes): void {
    const slab = this.#slabs.numberOf(frame.payload);
    if (slab !== undefined) {
      this.#frames.add(id, frame, received, slab);
      this.#conversation.flushSoon();
      return;
    }
    const { payload, ...described } = frame;
    this.#tell(id, { kind: 'large-frame', frame: described, received: { ...received } }, [payload]);
    this.#payloads.giveBack(payload);
  }

  /** Frames that came before come first. */
  #tell(subject: number, message: FromEncoder, payload?: readonly Uint8Array[]): void {
    this.#flushFrames();
    this.#conversation.send(subject, message, payload);
  }

  #flushFrames(): void {
    if (this.#frames.isEmpty) return;
    const message: FromEncoder = { kind: 'frames' };
    this.#conversation.send(0, message, [this.#frames.take()]);
  }
}
