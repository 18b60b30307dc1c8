/**
 * What the main thread and a worker talk about. Each topic is a conversation of its own; the order is kept among all of them.
 */
const TOPICS = ['process', 'ingest', 'windows', 'viewers', 'http'] as const;
type Topic = (typeof TOPICS)[number];

/** One topic of a link, as either side has it. */
export interface Conversation {
  /**
   * Sends a message about `subject`, a number that the two sides agreed on (a publication, a request, ...). `detail` goes as the
   * structured clone algorithm has it and must not change any more, `payload` is copied. Never waits.
   */
  send(subject: number, detail?: unknown, payload?: readonly Uint8Array[]): void;
  /** The same without a copy where `payload` is all of its memory: that is not the sender's any more. */
  give(subject: number, detail: unknown, payload: Uint8Array): void;
  /** Has `flushing` of this side's listener called soon, though nothing was sent. */
  flushSoon(): void;
  /** The same of what nobody waits for: with the next batch, or some time after. */
  flushLater(): void;
  listen(listener: ConversationListener): void;
}

export interface ConversationListener {
  /** `detail`: `undefined` where none was sent. `payload` is the listener's from here on. */
  message(subject: number, detail: unknown, payload: Uint8Array): void;
  /** What was sent goes on its way after this: the last moment to say more. */
  flushing?(): void;
}

type Message = readonly [topic: number, subject: number, detail: unknown, payload: Uint8Array];

/** All that one side said in one round of its event loop, or in several while the other side was busy. */
export type Batch = readonly Message[];

export interface LinkOptions {
  /** Hands a batch to the other side, and the memory of its payloads with it. */
  readonly post: (batch: Batch, memory: readonly ArrayBuffer[]) => void;
  /** Runs it once what is under way has been dealt with. */
  readonly soon: (run: () => void) => void;
  readonly after: (delayMs: number, run: () => void) => void;
  /** Shared by both sides: how many batches each has dealt with. */
  readonly dealtWith: Int32Array;
  readonly side: 'main' | 'worker';
}

/**
 * While the other side has not dealt with the last batch: it would not take another one sooner, and each costs a wake-up, whatever
 * is in it.
 */
const BUSY_PAUSE_MS = 1;
const LATER_MS = 50;

const NO_BYTES = new Uint8Array(0);

/**
 * Messages between two threads, all of one round of the event loop at once, or of several while the other side is busy: a wake-up
 * costs more than most messages. `receive` throws what listeners throw.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #listeners: (ConversationListener | undefined)[] = TOPICS.map(() => undefined);
  #batch: Message[] = [];
  #isFlushing = false;
  #isFlushingLater = false;
  #sentBatches = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  conversation(topic: Topic): Conversation {
    const index = TOPICS.indexOf(topic);
    const say = (subject: number, detail: unknown, payload: Uint8Array) => {
      this.#batch.push([index, subject, detail, payload]);
      this.#flushSoon();
    };
    return {
      send: (subject, detail, payload = []) => say(subject, detail, joined(payload)),
      give: (subject, detail, payload) =>
        say(subject, detail, isAllOfItsMemory(payload) ? payload : joined([payload])),
      flushSoon: () => this.#flushSoon(),
      flushLater: () => this.#flushLater(),
      listen: (listener) => {
        this.#listeners[index] = listener;
      },
    };
  }

  /** Batches that the other side has not dealt with. */
  get backlog(): number {
    const { dealtWith, side } = this.#options;
    // The counter is of 32 bits.
    return (this.#sentBatches - Atomics.load(dealtWith, side === 'main' ? 1 : 0)) | 0;
  }

  receive(batch: Batch): void {
    for (const [topic, subject, detail, payload] of batch) {
      this.#listeners[topic]?.message(subject, detail, payload);
    }
    const { dealtWith, side } = this.#options;
    Atomics.add(dealtWith, side === 'main' ? 0 : 1, 1);
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    if (this.backlog > 0) this.#options.after(BUSY_PAUSE_MS, this.flush);
    else this.#options.soon(this.flush);
  }

  #flushLater(): void {
    if (this.#isFlushing || this.#isFlushingLater) return;
    this.#isFlushingLater = true;
    this.#options.after(LATER_MS, () => {
      this.#isFlushingLater = false;
      this.#flushSoon();
    });
  }

  /** Sends at once what was said. */
  readonly flush = (): void => {
    for (const listener of this.#listeners) listener?.flushing?.();
    this.#isFlushing = false;
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#sentBatches = (this.#sentBatches + 1) | 0;
    const memory = batch.flatMap(([, , , { buffer, byteLength }]) =>
      byteLength > 0 && buffer instanceof ArrayBuffer ? [buffer] : [],
    );
    this.#options.post(batch, memory);
  };
}

/** The other side gets the memory, whatever else lies in it. */
const isAllOfItsMemory = ({ buffer, byteLength }: Uint8Array): boolean =>
  buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;

/** A copy in memory of its own, which can change hands. */
function joined(payload: readonly Uint8Array[]): Uint8Array {
  const byteLength = payload.reduce((sum, part) => sum + part.byteLength, 0);
  if (byteLength === 0) return NO_BYTES;
  const bytes = new Uint8Array(byteLength);
  let offset = 0;
  for (const part of payload) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}
