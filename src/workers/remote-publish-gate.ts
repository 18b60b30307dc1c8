import type { PublishDecision, PublishGate, PublishRequest } from '../ingest/publishing.ts';
import type { Clock } from '../lib/clock.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Frame } from '../media/frame.ts';
import { EncoderAccount } from './encoder-account.ts';
import { FrameBatch } from './frame-batch.ts';
import { HeldFrames } from './held-frames.ts';
import type { FromEncoder, ReceivedBytes, ToEncoder } from './ingest-messages.ts';
import type { Conversation } from './link.ts';
import { RemotePublication } from './remote-publication.ts';
import { SharedSlabs } from './shared-slabs.ts';

/** Who holds frames is looked for this often: nothing is held for longer than twice that, though its part does not end. */
const HELD_MS = 250;

interface Publishing {
  readonly account: EncoderAccount;
  readonly held: HeldFrames;
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
    clock.every(HELD_MS, () => this.#handOverOld());
    conversation.listen({
      message: (id, detail) => this.#answered(id, detail as ToEncoder),
      flushing: () => this.#flushFrames(),
    });
  }

  publish(request: PublishRequest): Promise<PublishDecision> {
    const { promise, resolve: decide } = Promise.withResolvers<PublishDecision>();
    const id = this.#count++;
    const account = new EncoderAccount();
    this.#publishing.set(id, { request, decide, account, held: new HeldFrames() });
    const { disconnect: _, underway: __, ...asked } = request;
    this.#tell(id, { kind: 'publish', ...asked, account: account.memory });
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
          publication: new RemotePublication(answer, publishing.account, {
            frame: (frame, received, isAwaited) => {
              this.#frame(id, publishing.held, frame, received);
              if (isAwaited || publishing.held.isFull) this.#handOver(publishing.held);
            },
            tell: (message) => {
              this.#handOver(publishing.held);
              this.#tell(id, message);
            },
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

  #frame(id: number, held: HeldFrames, frame: Frame, received: ReceivedBytes): void {
    const slab = this.#slabs.numberOf(frame.payload);
    if (slab !== undefined) {
      held.add(id, frame, received, slab);
      return;
    }
    this.#handOver(held);
    const { payload, ...described } = frame;
    this.#tell(id, { kind: 'large-frame', frame: described, received: { ...received } }, [payload]);
    this.#payloads.giveBack(payload);
  }

  #handOver(held: HeldFrames): void {
    if (held.isEmpty) return;
    held.handOver(this.#frames);
    this.#conversation.flushSoon();
  }

  #handOverOld(): void {
    for (const { held } of this.#publishing.values()) if (held.growOld()) this.#handOver(held);
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
