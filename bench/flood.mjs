// Encoders in a hurry: one process that sends a clip to many channels as fast as the server takes it, to see how much that is.
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { answering, Child } from './child.mjs';
import { readFlv, SCRIPT, serialise } from './publisher.mjs';
import { publishing } from './rtmp-client.mjs';

const CHUNK_BYTES = 4096;
const WRITE_BYTES = 256 * 1024;
const CONNECTING_AT_ONCE = 16;

/** The process, as a benchmark sees it. */
export class Flood extends Child {
  constructor() {
    super(import.meta.url);
  }

  /** Lets each channel's encoder in. */
  publish(urls) {
    return this.ask({ urls });
  }

  /** Sends all of the clip to all of them. Resolves with `mediaSeconds` when the server has taken it and the connections are closed. */
  send(clip, repetitions) {
    return this.ask({ clip, repetitions });
  }
}

const sockets = [];

async function publish(urls) {
  for (let at = 0; at < urls.length; at += CONNECTING_AT_ONCE) {
    const some = urls.slice(at, at + CONNECTING_AT_ONCE).map(async (url) => {
      const { hostname: host, port } = new URL(url);
      const socket = connect({ host, port: Number(port) });
      await publishing(socket, url, CHUNK_BYTES);
      sockets.push(socket);
    });
    await Promise.all(some);
  }
}

async function send(clip, repetitions) {
  const tags = readFlv(readFileSync(clip)).filter(({ typeId }) => typeId !== SCRIPT);
  const loopMs = Math.max(...tags.map(({ timestampMs }) => timestampMs)) + 33;
  const media = tags.filter(({ body }) => body[1] === 1);
  const bytes = Buffer.concat([
    ...tags.filter(({ body }) => body[1] === 0).map((tag) => serialise(tag, 0, CHUNK_BYTES)),
    ...Array.from({ length: repetitions }, (_, n) =>
      media.map((tag) => serialise(tag, tag.timestampMs + n * loopMs, CHUNK_BYTES)),
    ).flat(),
  ]);
  await Promise.all(sockets.map((socket) => sendAll(socket, bytes)));
  return { mediaSeconds: (sockets.length * repetitions * loopMs) / 1000 };
}

function sendAll(socket, bytes) {
  return new Promise((resolve) => {
    socket.once('close', resolve).on('error', () => {});
    let at = 0;
    const write = () => {
      while (at < bytes.length) {
        const piece = bytes.subarray(at, at + WRITE_BYTES);
        at += piece.length;
        if (!socket.write(piece)) {
          socket.once('drain', write);
          return;
        }
      }
      socket.end();
    };
    write();
  });
}

answering(import.meta.url, ({ urls, clip, repetitions }) =>
  urls ? publish(urls) : send(clip, repetitions),
);
