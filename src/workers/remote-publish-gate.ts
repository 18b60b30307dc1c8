import type {
  EncoderMetadata,
  Publication,
  PublicationEnd,
  PublishDecision,
  PublishGate,
  PublishRequest,
} from '../ingest/publishing.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Ticks } from '../lib/timescale.ts';
import type { Frame, MediaTracks } from '../media/frame.ts';
import {
  FRAME_HEADER_BYTES,
  type FromEncoder,
  type ToEncoder,
  tracksMessage,
  writeFrameHeader,
} from './ingest-messages.ts';
import type { Conversation } from './link.ts';

interface Publishing {
  readonly request: PublishRequest;
  readonly decide: (decision: PublishDecision) => void;
}

/** A worker's side of topic `ingest`: the main process decides who may publish, and gets what they send. */
export class RemotePublishGate implements PublishGate {
  readonly #conversation: Conversation;
  readonly #payloads: SlabPool;
  readonly #publishing = new Map<number, Publishing>();
  #count = 0;

  /** `payloads`: where the memory of the encoders' frames comes from. */
  constructor(conversation: Conversation, payloads: SlabPool) {
    this.#conversation = conversation;
    this.#payloads = payloads;
    conversation.listen({
      message: (id, detail) => this.#answered(id, detail as ToEncoder),
    });
  }

  publish(request: PublishRequest): Promise<PublishDecision> {
    const { promise, resolve: decide } = Promise.withResolvers<PublishDecision>();
    this.#count = (this.#count + 1) >>> 0;
    this.#publishing.set(this.#count, { request, decide });
    const { connectionId, protocol, remoteAddress, streamKey } = request;
    const parameters = [...request.parameters];
    const message = {
      kind: 'publish',
      connectionId,
      protocol,
      remoteAddress,
      streamKey,
      parameters,
    } as const;
    this.#conversation.send(this.#count, message satisfies FromEncoder);
    return promise;
  }

  #answered(id: number, answer: ToEncoder): void {
    const publishing = this.#publishing.get(id);
    // It ended as the answer was on its way.
    if (!publishing) return;
    const { request, decide } = publishing;
    switch (answer.kind) {
      case 'accepted':
        decide({ accepted: true, publication: this.#publication(id, answer) });
        break;
      case 'refused':
        this.#publishing.delete(id);
        decide({ accepted: false, refusal: answer.refusal, channel: answer.channel });
        break;
      case 'disconnect':
        request.disconnect(answer.reason);
        break;
    }
  }

  #publication(id: number, accepted: ToEncoder & { readonly kind: 'accepted' }): Publication {
    return new RemotePublication(accepted, {
      tell: (message, payload) => this.#conversation.send(id, message, payload),
      release: (payload) => this.#payloads.giveBack(payload),
      over: () => this.#publishing.delete(id),
    });
  }
}

interface MainProcess {
  readonly tell: (message: FromEncoder | undefined, payload?: readonly Uint8Array[]) => void;
  readonly release: (payload: Uint8Array) => void;
  readonly over: () => void;
}

class RemotePublication implements Publication {
  readonly logFields: Publication['logFields'];
  readonly resumeAtMs: number;
  readonly #main: MainProcess;
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  /** Not said yet: it goes with the frame that nearly always follows. */
  #received = { video: 0, audio: 0 };
  #isReceivedUnsaid = false;

  constructor(
    { logFields, resumeAtMs }: Pick<Publication, 'logFields' | 'resumeAtMs'>,
    main: MainProcess,
  ) {
    this.logFields = logFields;
    this.resumeAtMs = resumeAtMs;
    this.#main = main;
  }

  received(kind: 'video' | 'audio', byteLength: number): void {
    if (this.#isReceivedUnsaid) this.#tellReceived();
    this.#isReceivedUnsaid = true;
    this.#received[kind] += byteLength;
  }

  frame(frame: Frame): void {
    writeFrameHeader(this.#header, frame, this.#received);
    this.#forgetReceived();
    this.#main.tell(undefined, [this.#header, frame.payload]);
    this.#main.release(frame.payload);
  }

  tracks(tracks: MediaTracks): void {
    const { detail, payload } = tracksMessage(tracks);
    this.#main.tell(detail, payload);
  }

  discontinuity(): void {
    this.#main.tell({ kind: 'discontinuity' });
  }

  metadata(metadata: EncoderMetadata): void {
    this.#main.tell({ kind: 'metadata', metadata });
  }

  timedMetadata(text: string, ticks: Ticks): void {
    this.#main.tell({ kind: 'timed-metadata', text, ticks });
  }

  end(end: PublicationEnd): void {
    if (this.#isReceivedUnsaid) this.#tellReceived();
    this.#main.tell({ kind: 'end', end });
    this.#main.over();
  }

  #tellReceived(): void {
    this.#main.tell({ kind: 'received', ...this.#received });
    this.#forgetReceived();
  }

  #forgetReceived(): void {
    this.#received.video = this.#received.audio = 0;
    this.#isReceivedUnsaid = false;
  }
}
