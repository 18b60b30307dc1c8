import type { PublishDecision, PublishGate, PublishRequest } from '../ingest/publishing.ts';
import { assert } from '../lib/assert.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Frame } from '../media/frame.ts';
import { readFrameBatch } from './frame-batch.ts';
import { HostedEncoder } from './hosted-encoder.ts';
import type { AskedToPublish, FromEncoder, ReceivedBytes, ToEncoder } from './ingest-messages.ts';
import type { Conversation } from './link.ts';

/** The main thread's side of topic `ingest`: the encoders of one worker, as if they were its own. */
export class IngestHost {
  readonly #conversation: Conversation;
  readonly #gate: PublishGate;
  readonly #payloads: SlabPool;
  readonly #encoders = new Map<number, HostedEncoder>();
  readonly #slabs = new Map<number, SharedArrayBuffer>();
  /** Whose frames were taken last. */
  #newest: HostedEncoder | undefined;
  /** Frames that are not needed any more, by slab; the worker has not been told. */
  #givenBack = new Map<number, number>();

  /** `payloads`: whom those who have frames give them back to. */
  constructor(
    conversation: Conversation,
    options: { readonly gate: PublishGate; readonly payloads: SlabPool },
  ) {
    this.#conversation = conversation;
    this.#gate = options.gate;
    this.#payloads = options.payloads;
    conversation.listen({
      message: (subject, detail, payload) => this.#take(subject, detail as FromEncoder, payload),
      flushing: () => this.#tellGivenBack(),
    });
  }

  /** The worker is gone, and its connections with it. */
  close(): void {
    const encoders = [...this.#encoders.values()];
    this.#encoders.clear();
    this.#slabs.clear();
    for (const { publication } of encoders) publication?.end({ kind: 'connection-lost' });
  }

  #take(subject: number, message: FromEncoder, payload: Uint8Array): void {
    switch (message.kind) {
      case 'frames':
        readFrameBatch(payload, this.#memoryOf, this.#frame);
        this.#newest?.awaitNext();
        break;
      case 'large-frame':
        this.#frame(subject, { ...message.frame, payload }, message.received);
        break;
      case 'slab':
        this.#slabs.set(subject, message.memory);
        this.#payloads.adopt(message.memory, (count) => this.#noteGivenBack(subject, count));
        break;
      case 'slab-gone':
        this.#slabs.delete(subject);
        break;
      case 'publish': {
        const { kind: _, account, ...asked } = message;
        this.#publish(subject, new HostedEncoder(account), asked);
        break;
      }
      case 'end': {
        const publication = this.#encoders.get(subject)?.publication;
        this.#encoders.delete(subject);
        publication?.end(message.end);
        break;
      }
      default:
        this.#encoders.get(subject)?.take(message);
    }
  }

  #publish(id: number, encoder: HostedEncoder, asked: AskedToPublish): void {
    this.#encoders.set(id, encoder);
    const request: PublishRequest = {
      ...asked,
      underway: () => encoder.underway,
      disconnect: (reason) => {
        if (this.#encoders.get(id) === encoder) this.#tell(id, { kind: 'disconnect', reason });
      },
    };
    this.#gate.publish(request).then(
      (decision) => this.#decided(id, encoder, decision),
      // A gate answers for its own failures; the encoder must hear of this one all the same.
      () => this.#decided(id, encoder, { accepted: false, refusal: 'service-unavailable' }),
    );
  }

  #decided(id: number, encoder: HostedEncoder, decision: PublishDecision): void {
    const isThere = this.#encoders.get(id) === encoder;
    if (decision.accepted) {
      const { publication } = decision;
      if (isThere) {
        encoder.publication = publication;
        const { logFields, resumeAtMs } = publication;
        this.#tell(id, { kind: 'accepted', logFields, resumeAtMs });
      } else publication.end({ kind: 'connection-lost' });
    } else if (isThere) {
      this.#encoders.delete(id);
      this.#tell(id, { kind: 'refused', refusal: decision.refusal, channel: decision.channel });
    }
  }

  readonly #memoryOf = (slab: number): SharedArrayBuffer => {
    const memory = this.#slabs.get(slab);
    assert(memory !== undefined, `slab ${slab} is known`);
    return memory;
  };

  readonly #frame = (id: number, frame: Frame, received: ReceivedBytes): void => {
    const encoder = this.#encoders.get(id);
    if (encoder !== this.#newest) {
      this.#newest?.awaitNext();
      this.#newest = encoder;
    }
    if (!encoder?.frame(frame, received)) this.#payloads.giveBack(frame.payload);
  };

  #noteGivenBack(slab: number, count: number): void {
    this.#givenBack.set(slab, (this.#givenBack.get(slab) ?? 0) + count);
    this.#conversation.flushLater();
  }

  #tellGivenBack(): void {
    if (this.#givenBack.size === 0) return;
    const slabs = this.#givenBack;
    this.#givenBack = new Map();
    this.#tell(0, { kind: 'given-back', slabs });
  }

  #tell(subject: number, message: ToEncoder): void {
    this.#conversation.send(subject, message);
  }
}
