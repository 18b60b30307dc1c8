import type {
  Publication,
  PublishDecision,
  PublishGate,
  PublishRequest,
} from '../ingest/publishing.ts';
import type { SlabAllocator, SlabPool } from '../lib/slab-pool.ts';
import { type FromEncoder, readFrame, readTracks, type ToEncoder } from './ingest-messages.ts';
import type { Conversation } from './link.ts';

interface RemoteEncoder {
  /** Buffers that die together are cut by one. */
  readonly slabs: SlabAllocator;
  /** Absent: it is being decided about. */
  publication?: Publication;
}

/** The main process's side of topic `ingest`: the encoders of one worker, as if they were its own. */
export class IngestHost {
  readonly #conversation: Conversation;
  readonly #gate: PublishGate;
  readonly #payloads: SlabPool;
  readonly #encoders = new Map<number, RemoteEncoder>();

  /** `payloads`: where the frames are put. */
  constructor(
    conversation: Conversation,
    { gate, payloads }: { readonly gate: PublishGate; readonly payloads: SlabPool },
  ) {
    this.#conversation = conversation;
    this.#gate = gate;
    this.#payloads = payloads;
    conversation.listen({
      allocate: (id, byteLength) =>
        this.#encoders.get(id)?.slabs.allocate(byteLength) ?? Buffer.allocUnsafe(byteLength),
      message: (id, detail, payload) => {
        const message = detail as FromEncoder | undefined;
        if (message?.kind === 'publish') this.#publish(id, message, payloads.allocator());
        else this.#take(id, message, payload);
      },
    });
  }

  /** The worker is gone, and its connections with it. */
  close(): void {
    const encoders = [...this.#encoders.values()];
    this.#encoders.clear();
    for (const { publication } of encoders) publication?.end({ kind: 'connection-lost' });
  }

  #publish(
    id: number,
    message: FromEncoder & { readonly kind: 'publish' },
    slabs: SlabAllocator,
  ): void {
    const { connectionId, protocol, remoteAddress, streamKey } = message;
    const encoder: RemoteEncoder = { slabs };
    this.#encoders.set(id, encoder);
    const request: PublishRequest = {
      ...{ connectionId, protocol, remoteAddress, streamKey },
      parameters: new Map(message.parameters),
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

  #decided(id: number, encoder: RemoteEncoder, decision: PublishDecision): void {
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

  #take(
    id: number,
    message: Exclude<FromEncoder, { kind: 'publish' }> | undefined,
    payload: Uint8Array,
  ): void {
    const publication = this.#encoders.get(id)?.publication;
    if (!publication) {
      this.#payloads.giveBack(payload);
      return;
    }
    if (message === undefined) {
      const { frame, received } = readFrame(payload);
      if (received.video > 0) publication.received('video', received.video);
      if (received.audio > 0) publication.received('audio', received.audio);
      publication.frame(frame);
      return;
    }
    switch (message.kind) {
      case 'tracks':
        publication.tracks(readTracks(message, payload));
        this.#payloads.giveBack(payload);
        break;
      case 'received':
        if (message.video > 0) publication.received('video', message.video);
        if (message.audio > 0) publication.received('audio', message.audio);
        break;
      case 'discontinuity':
        publication.discontinuity();
        break;
      case 'metadata':
        publication.metadata(message.metadata);
        break;
      case 'timed-metadata':
        publication.timedMetadata(message.text, message.ticks);
        break;
      case 'end':
        this.#encoders.delete(id);
        publication.end(message.end);
        break;
    }
  }

  #tell(id: number, message: ToEncoder): void {
    this.#conversation.send(id, message);
  }
}
