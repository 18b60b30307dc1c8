import { assert } from '../lib/assert.ts';

/**
 * What the main process and a worker talk about over their one pipe. Each topic is a conversation of its own; the order is kept
 * among all of them.
 */
export const TOPICS = ['process', 'ingest', 'windows', 'viewers', 'http'] as const;
export type Topic = (typeof TOPICS)[number];

/** One topic of a link, as either side has it. */
export interface Conversation {
  /**
   * Sends a message about `subject`, a number that the two sides agreed on (a publication, a request, ...). `detail` goes as JSON,
   * `payload` as it is; both are the caller's again when it returns. Never waits.
   */
  send(subject: number, detail?: unknown, payload?: readonly Uint8Array[]): void;
  listen(listener: ConversationListener): void;
}

export interface ConversationListener {
  /** `detail`: `undefined` where none was sent. `payload` is the listener's from here on. */
  message(subject: number, detail: unknown, payload: Uint8Array): void;
  /** Memory for a payload that is about to come, of at least one byte. Absent: memory of its own. */
  allocate?(subject: number, byteLength: number): Uint8Array;
}

/** Lengths of detail and payload, topic, subject. */
const HEADER_BYTES = 13;

/** The other side is of the same program: more than this is a fault, not a message. A segment of 60 Mbit/s has 45 MB. */
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024;
const MAX_DETAIL_BYTES = 16 * 1024 * 1024;

/** Payloads below it are cheaper copied than written one by one. */
const SMALL_BYTES = 1024;

/** Messages as bytes of a pipe, in both directions. `receive` throws where they are none: the pipe is of no use any more then. */
export class Link {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #listeners: (ConversationListener | undefined)[] = TOPICS.map(() => undefined);
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #detail: Buffer | undefined;
  #detailBytes = 0;
  #payload: Uint8Array | undefined;
  #payloadBytes = 0;

  /** `write` keeps the order, and none of the memory that it is given. */
  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  conversation(topic: Topic): Conversation {
    const index = TOPICS.indexOf(topic);
    return {
      send: (subject, detail, payload) => this.#send(index, subject, detail, payload ?? []),
      listen: (listener) => {
        this.#listeners[index] = listener;
      },
    };
  }

  /** Bytes off the pipe; they are the caller's again when it returns. */
  receive(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.byteLength; ) {
      if (this.#detail === undefined) {
        const end = Math.min(offset + HEADER_BYTES - this.#headerBytes, bytes.byteLength);
        this.#header.set(bytes.subarray(offset, end), this.#headerBytes);
        this.#headerBytes += end - offset;
        offset = end;
        if (this.#headerBytes < HEADER_BYTES) return;
        this.#begin();
      }
      offset = this.#fill(bytes, offset);
      this.#finish();
    }
  }

  #send(topic: number, subject: number, detail: unknown, payload: readonly Uint8Array[]): void {
    const text = detail === undefined ? '' : JSON.stringify(detail);
    const detailBytes = Buffer.byteLength(text);
    const payloadBytes = payload.reduce((sum, part) => sum + part.byteLength, 0);
    const isSmall = payloadBytes < SMALL_BYTES;
    const message = Buffer.allocUnsafe(HEADER_BYTES + detailBytes + (isSmall ? payloadBytes : 0));
    message.writeUInt32LE(detailBytes, 0);
    message.writeUInt32LE(payloadBytes, 4);
    message.writeUInt8(topic, 8);
    message.writeUInt32LE(subject, 9);
    message.write(text, HEADER_BYTES);
    if (isSmall) {
      let offset = HEADER_BYTES + detailBytes;
      for (const part of payload) {
        message.set(part, offset);
        offset += part.byteLength;
      }
    }
    this.#write(message);
    if (!isSmall) for (const part of payload) this.#write(part);
  }

  #begin(): void {
    const detailBytes = this.#header.readUInt32LE(0);
    const payloadBytes = this.#header.readUInt32LE(4);
    assert(detailBytes <= MAX_DETAIL_BYTES, `a detail of ${detailBytes} bytes`);
    assert(payloadBytes <= MAX_PAYLOAD_BYTES, `a payload of ${payloadBytes} bytes`);
    const subject = this.#header.readUInt32LE(9);
    this.#detail = Buffer.allocUnsafe(detailBytes);
    const allocate = payloadBytes > 0 ? this.#listener?.allocate : undefined;
    this.#payload = allocate?.(subject, payloadBytes) ?? Buffer.allocUnsafe(payloadBytes);
  }

  /** Copies what there is into the detail, then into the payload. Returns where it stopped. */
  #fill(bytes: Uint8Array, start: number): number {
    const { detail, payload } = this.#message;
    let offset = start;
    if (this.#detailBytes < detail.byteLength) {
      const end = Math.min(offset + detail.byteLength - this.#detailBytes, bytes.byteLength);
      detail.set(bytes.subarray(offset, end), this.#detailBytes);
      this.#detailBytes += end - offset;
      offset = end;
    }
    if (this.#payloadBytes < payload.byteLength && offset < bytes.byteLength) {
      const end = Math.min(offset + payload.byteLength - this.#payloadBytes, bytes.byteLength);
      payload.set(bytes.subarray(offset, end), this.#payloadBytes);
      this.#payloadBytes += end - offset;
      offset = end;
    }
    return offset;
  }

  #finish(): void {
    const { detail, payload } = this.#message;
    if (this.#detailBytes < detail.byteLength || this.#payloadBytes < payload.byteLength) return;
    const listener = this.#listener;
    const subject = this.#header.readUInt32LE(9);
    this.#headerBytes = this.#detailBytes = this.#payloadBytes = 0;
    this.#detail = this.#payload = undefined;
    const value: unknown = detail.byteLength === 0 ? undefined : JSON.parse(detail.toString());
    listener?.message(subject, value, payload);
  }

  get #message(): { readonly detail: Buffer; readonly payload: Uint8Array } {
    assert(this.#detail !== undefined && this.#payload !== undefined, 'a message has begun');
    return { detail: this.#detail, payload: this.#payload };
  }

  get #listener(): ConversationListener | undefined {
    return this.#listeners[this.#header.readUInt8(8)];
  }
}
