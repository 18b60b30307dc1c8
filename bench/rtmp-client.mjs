// As much of RTMP 1.0 as an encoder needs to be let in, for sockets that a benchmark writes media to.
import { once } from 'node:events';

export const VIDEO = 9;
const COMMAND = 20;
const SET_CHUNK_SIZE = 1;
const BLOCK_BYTES = 1536;
const PATIENCE_MS = 15_000;

/** Resolves when media may be written to `socket`; `url`: rtmp://host:port/app/key. Rejects where the server refuses. */
export async function publishing(socket, url, chunkBytes) {
  const [app, ...key] = new URL(url).pathname.slice(1).split('/');
  const heard = listen(socket);
  await once(socket, 'connect');
  socket.write(Buffer.concat([Buffer.of(3), Buffer.alloc(BLOCK_BYTES)]));
  await heard.until(() => heard.bytes.length >= 1 + 2 * BLOCK_BYTES);
  socket.write(Buffer.alloc(BLOCK_BYTES));
  const size = Buffer.alloc(4);
  size.writeUInt32BE(chunkBytes);
  const control = { chunkStreamId: 2, messageStreamId: 0, timestampMs: 0 };
  socket.write(rtmpMessage({ ...control, typeId: SET_CHUNK_SIZE, body: size }, 128));
  const command = (messageStreamId, ...values) => {
    const body = Buffer.concat(values.map(amf0));
    const message = { typeId: COMMAND, chunkStreamId: 3, messageStreamId, timestampMs: 0, body };
    socket.write(rtmpMessage(message, chunkBytes));
  };
  command(0, 'connect', 1, { app, type: 'nonprivate', tcUrl: url.slice(0, url.lastIndexOf('/')) });
  await heard.until(() => heard.has('NetConnection.Connect.Success'));
  command(0, 'createStream', 2, null);
  command(1, 'publish', 3, null, key.join('/'), 'live');
  await heard.until(() => heard.has('NetStream.Publish.'));
  if (!heard.has('NetStream.Publish.Start'))
    throw new Error('the server refused to be published to');
  heard.stop();
}

/** One message as chunks, the first with a whole header (RTMP 1.0, 5.3.1). */
export function rtmpMessage(
  { typeId, chunkStreamId, messageStreamId, timestampMs, body },
  chunkBytes,
) {
  const head = Buffer.alloc(12);
  head[0] = chunkStreamId;
  head.writeUIntBE(timestampMs, 1, 3);
  head.writeUIntBE(body.length, 4, 3);
  head[7] = typeId;
  head.writeUInt32LE(messageStreamId, 8);
  const pieces = [head, body.subarray(0, chunkBytes)];
  const next = Buffer.of(0xc0 | chunkStreamId);
  for (let at = chunkBytes; at < body.length; at += chunkBytes) {
    pieces.push(next, body.subarray(at, at + chunkBytes));
  }
  return Buffer.concat(pieces);
}

/** What the server says, searched for the words that matter: status codes are plain text in AMF0, and no chunk cuts one. */
function listen(socket) {
  let wake = () => {};
  const heard = {
    bytes: Buffer.alloc(0),
    has: (word) => heard.bytes.includes(word),
    async until(isThere) {
      const late = setTimeout(() => socket.destroy(), PATIENCE_MS);
      while (!isThere() && !socket.destroyed) {
        await new Promise((resolve) => {
          wake = resolve;
        });
      }
      clearTimeout(late);
      if (!isThere())
        throw new Error('the server ended the connection before it could be published to');
    },
    stop: () => socket.off('data', onData).resume(),
  };
  const onData = (bytes) => {
    heard.bytes = Buffer.concat([heard.bytes, bytes]);
    wake();
  };
  socket.on('data', onData).on('close', () => wake());
  socket.on('error', () => {});
  return heard;
}

function amf0(value) {
  if (value === null) return Buffer.of(5);
  if (typeof value === 'number') {
    const number = Buffer.alloc(9);
    number.writeDoubleBE(value, 1);
    return number;
  }
  if (typeof value === 'string') return Buffer.concat([Buffer.of(2), shortString(value)]);
  const members = Object.entries(value).flatMap(([name, member]) => [
    shortString(name),
    amf0(member),
  ]);
  return Buffer.concat([Buffer.of(3), ...members, Buffer.of(0, 0, 9)]);
}

function shortString(text) {
  return Buffer.concat([Buffer.of(0, text.length), Buffer.from(text)]);
}
