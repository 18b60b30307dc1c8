// Encoders without an ffmpeg for each: one process that publishes a clip to many channels, at the pace of its timestamps, again and again.
// Started by `Publisher`, at the end, with a channel for messages.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { answering, Child } from './child.mjs';
import { publishing, rtmpMessage, VIDEO } from './rtmp-client.mjs';

export const SCRIPT = 18;
const TICK_MS = 5;
/** Keyframes of streams that begin together should not come together: one group of pictures of the clip. */
const STAGGER_MS = 2000;
const CONNECTING_AT_ONCE = 16;
/** What is later than this, since the machine had no time for it, is not made up for: a burst would breach the channel's bit rate. */
const MAX_LATE_MS = 300;

/** The process, as a benchmark sees it. */
export class Publisher extends Child {
  #options;

  /** `clip`: an FLV file. `chunkBytes`: how long RTMP chunks are. */
  constructor(clip, { chunkBytes = 4096, localAddress = '127.0.0.1' } = {}) {
    super(import.meta.url);
    this.#options = { clip, chunkBytes, localAddress };
  }

  /** Resolves with a report when all of them are accepted; rejects where one is not. */
  publish(urls) {
    return this.ask({ ...this.#options, urls });
  }

  /**
   * How well it kept time since the last report: `lateP99Ms`, and `slippedMs` where it could not. `closed`: streams that the server has
   * ended. `startedMs`: of each stream, when its first picture was sent, or would have been had it never slipped.
   */
  report() {
    return this.ask({ report: true });
  }
}

/** The streams of one process. What is sent is serialised once for all of them, and once again for each repetition of the clip. */
class Streams {
  /** Sequence headers, which are sent once. */
  #headers;
  #tags;
  #chunkBytes;
  #localAddress;
  #loopMs;
  #firstPictureMs;
  #streams = [];
  #lateMs = [];
  #slippedMs = 0;
  #closed = 0;

  constructor({ clip, chunkBytes, localAddress }) {
    const tags = readFlv(readFileSync(clip));
    this.#chunkBytes = chunkBytes;
    this.#localAddress = localAddress;
    this.#headers = tags.filter(({ typeId, body }) => typeId !== SCRIPT && body[1] === 0);
    const media = tags.filter(({ typeId, body }) => typeId !== SCRIPT && body[1] === 1);
    const pictures = media.filter(({ typeId }) => typeId === VIDEO);
    const frameMs = (pictures.at(-1).timestampMs - pictures[0].timestampMs) / (pictures.length - 1);
    this.#firstPictureMs = pictures[0].timestampMs;
    this.#loopMs = Math.round(pictures.at(-1).timestampMs + frameMs - this.#firstPictureMs);
    this.#tags = media.map((tag) => ({ ...tag, repetition: -1, bytes: undefined }));
    setInterval(() => this.#tick(), TICK_MS);
  }

  async publish(urls) {
    for (let at = 0; at < urls.length; at += CONNECTING_AT_ONCE) {
      const some = urls.slice(at, at + CONNECTING_AT_ONCE);
      const sockets = await Promise.all(some.map((url) => this.#connect(url)));
      sockets.forEach((socket, i) => {
        const delayMs = ((at + i) * STAGGER_MS) / urls.length;
        this.#streams.push({
          socket,
          startMs: performance.now() + delayMs,
          next: 0,
          repetition: 0,
        });
      });
    }
    return this.report();
  }

  report() {
    const late = this.#lateMs.toSorted((a, b) => a - b);
    this.#lateMs = [];
    const slippedMs = this.#slippedMs;
    this.#slippedMs = 0;
    return {
      lateP99Ms: late[Math.floor(late.length * 0.99)] ?? 0,
      slippedMs,
      closed: this.#closed,
      startedMs: this.#streams.map(
        ({ startMs }) => performance.timeOrigin + startMs + this.#firstPictureMs,
      ),
    };
  }

  async #connect(url) {
    const { hostname: host, port } = new URL(url);
    const socket = connect({ host, port: Number(port), localAddress: this.#localAddress });
    socket.setNoDelay(true);
    await publishing(socket, url, this.#chunkBytes);
    for (const header of this.#headers) socket.write(serialise(header, 0, this.#chunkBytes));
    socket.once('close', () => this.#closed++);
    return socket;
  }

  #tick() {
    const nowMs = performance.now();
    for (const stream of this.#streams) {
      if (stream.socket.writable) this.#send(stream, nowMs);
    }
  }

  #send(stream, nowMs) {
    const { socket } = stream;
    const { timestampMs: nextMs } = this.#tags[stream.next];
    const lateMs = nowMs - stream.startMs - nextMs - stream.repetition * this.#loopMs;
    if (lateMs > MAX_LATE_MS) {
      stream.startMs += lateMs;
      this.#slippedMs = Math.max(this.#slippedMs, lateMs);
    }
    if (lateMs > 0) this.#lateMs.push(lateMs);
    let isCorked = false;
    for (;;) {
      const tag = this.#tags[stream.next];
      const timestampMs = tag.timestampMs + stream.repetition * this.#loopMs;
      if (stream.startMs + timestampMs > nowMs) break;
      if (!isCorked) {
        isCorked = true;
        socket.cork();
      }
      socket.write(this.#serialised(tag, stream.repetition, timestampMs));
      if (++stream.next === this.#tags.length) {
        stream.next = 0;
        stream.repetition++;
      }
    }
    if (isCorked) socket.uncork();
  }

  #serialised(tag, repetition, timestampMs) {
    if (tag.repetition === repetition) return tag.bytes;
    const bytes = serialise(tag, timestampMs, this.#chunkBytes);
    // Streams are not further apart than a clip is long: the one ahead has been there before.
    if (repetition > tag.repetition) Object.assign(tag, { repetition, bytes });
    return bytes;
  }
}

export function serialise({ typeId, body }, timestampMs, chunkBytes) {
  const chunkStreamId = typeId === VIDEO ? 6 : 4;
  return rtmpMessage({ typeId, chunkStreamId, messageStreamId: 1, timestampMs, body }, chunkBytes);
}

/** Tags of an FLV file (Adobe FLV 10.1, E.4.1). */
export function readFlv(file) {
  const tags = [];
  for (let at = file.readUInt32BE(5) + 4; at + 11 <= file.length; ) {
    const length = file.readUIntBE(at + 1, 3);
    const timestampMs = file.readUIntBE(at + 4, 3) + file[at + 7] * 2 ** 24;
    tags.push({
      typeId: file[at] & 31,
      timestampMs,
      body: file.subarray(at + 11, at + 11 + length),
    });
    at += 11 + length + 4;
  }
  return tags;
}

let streams;
answering(import.meta.url, (question) => {
  if (question.report) return streams.report();
  streams ??= new Streams(question);
  return streams.publish(question.urls);
});
