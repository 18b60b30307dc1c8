import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { generate } from 'selfsigned';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { RtmpClient } from '../../test/support/rtmp-client.ts';
import { until } from '../../test/support/until.ts';
import { READ_BUFFER_BYTES } from '../sockets/shared-read-buffer.ts';
import { SocketConnection } from './rtmp-server.ts';
import { ListeningServer } from './testing/listening-server.ts';
import { capturedBytes } from './testing/media-messages.ts';

const bytes = capturedBytes('ffmpeg-publish.bin');

function client(t: TestContext, port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  t.after(() => socket.destroy());
  return socket;
}

test('RtmpServer takes a publisher from its socket to frames', async (t) => {
  await using ivory = new ListeningServer();
  const socket = client(t, await ivory.listen());
  socket.resume().end(bytes);
  await once(socket, 'close');
  const [publication] = ivory.publications;
  assert.deepEqual(await publication?.ended.promise, { kind: 'unpublished' });
  assert.equal(publication?.video.length, 50);
  assert.equal(ivory.requests[0]?.protocol, 'rtmp');
  assert.equal(ivory.requests[0]?.remoteAddress, '127.0.0.1');
  assert.equal(ivory.requests[0]?.streamKey, 'sk_us-west-2_fixture');
});

test('RtmpServer speaks RTMPS when it is given a certificate', async (t) => {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec' });
  await using ivory = new ListeningServer();
  const port = await ivory.listen({ cert: pems.cert, key: pems.private });
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  t.after(() => socket.destroy());
  socket.resume().end(bytes);
  await once(socket, 'close');
  assert.equal(ivory.publications[0]?.video.length, 50);
  assert.equal(ivory.requests[0]?.protocol, 'rtmps');
});

test('RtmpServer ends one who speaks plain RTMP to the RTMPS listener', async (t) => {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec' });
  await using ivory = new ListeningServer();
  const socket = client(t, await ivory.listen({ cert: pems.cert, key: pems.private }));
  socket.resume().write(bytes);
  await once(socket, 'close');
  assert.equal(ivory.requests.length, 0);
});

test('RtmpServer lets its refusal reach an encoder that keeps sending', async (t) => {
  await using ivory = new ListeningServer();
  ivory.decide = () => ({ accepted: false, refusal: 'channel-already-live' });
  const socket = client(t, await ivory.listen());
  // Everything at once: at the refusal, 40 KB are unread. A socket closed like that would be reset.
  socket.end(bytes);
  assert.match(await text(socket), /NetStream\.Publish\.BadName/);
});

test('RtmpServer ends the publication when the socket is reset', async (t) => {
  await using ivory = new ListeningServer();
  const socket = client(t, await ivory.listen());
  socket.resume().write(bytes.subarray(0, 20_000));
  const publication = await ivory.published.promise;
  socket.resetAndDestroy();
  assert.deepEqual(await publication.ended.promise, { kind: 'connection-lost' });
});

test('RtmpServer refuses connections past its limit for an address, until one ends', async (t) => {
  const clock = new FakeClock();
  await using ivory = new ListeningServer({ maxConnectionsPerAddress: 2, clock });
  const port = await ivory.listen();
  const [first, second] = [client(t, port).resume(), client(t, port).resume()];
  await Promise.all([once(first, 'connect'), once(second, 'connect')]);
  await once(client(t, port).resume(), 'close');
  await once(client(t, port).resume(), 'close');
  clock.advance(1_000);
  const told = ivory.log.lines.filter((line) => line.includes('too many'));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? '', /^warn .*"count":2/);
  first.end();
  await once(first, 'close');
  client(t, port).resume().write(bytes);
  await ivory.published.promise;
});

test('RtmpServer refuses connections past its limit for all', async (t) => {
  await using ivory = new ListeningServer({ maxConnections: 1 });
  const port = await ivory.listen();
  await once(client(t, port).resume(), 'connect');
  await once(client(t, port).resume(), 'close');
});

test('RtmpServer closes a connection that does not shake hands in time', async (t) => {
  const clock = new FakeClock();
  await using ivory = new ListeningServer({ clock });
  const socket = client(t, await ivory.listen());
  socket.write(bytes.subarray(0, 1537));
  await once(socket, 'data');
  clock.advance(10_000);
  await once(socket.resume(), 'end');
});

test('RtmpServer destroys a socket whose encoder does not close after the last word', async (t) => {
  const clock = new FakeClock();
  await using ivory = new ListeningServer({ clock });
  const port = await ivory.listen();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
  t.after(() => socket.destroy());
  socket.resume().write(bytes.subarray(0, 20_000));
  const publication = await ivory.published.promise;
  ivory.requests[0]?.disconnect('idle-timeout');
  await publication.ended.promise;
  await once(socket, 'end');
  clock.advance(3_000);
  // The reset of a destroyed socket shows at the next write.
  while (!socket.destroyed) {
    socket.write('x');
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test('RtmpServer reads no more of an encoder at once than others can wait for, however much it has sent', async (t) => {
  await using ivory = new ListeningServer();
  await using encoder = await RtmpClient.connect(await ivory.listen());
  await encoder.publish('sk_us-west-2_fixture');
  const publication = await ivory.published.promise;
  ivory.server.hold(true);
  // A message that no frame comes of: only its bytes count.
  const body = new Uint8Array(20_000).fill(0x5f);
  const message = { typeId: 9, chunkStreamId: 6, messageStreamId: 1, timestampMs: 0, body };
  const messages = 200;
  for (let i = 0; i < messages; i++) encoder.send(message);
  const largest = { bytes: 0 };
  let isOver = false;
  t.after(() => {
    isOver = true;
  });
  let before = 0;
  const look = () => {
    largest.bytes = Math.max(largest.bytes, publication.receivedBytes.video - before);
    before = publication.receivedBytes.video;
    if (!isOver) setImmediate(look);
  };
  look();
  ivory.server.hold(false);
  await until('all of it', async () => publication.receivedBytes.video >= messages * 20_000, {
    timeoutMs: 10_000,
  });
  const bound = 1024 * 1024 + READ_BUFFER_BYTES + 20_000;
  assert.ok(largest.bytes <= bound, `${largest.bytes} bytes in a round`);
});

/** A connection over a stream, which is being read. */
function connected() {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const connection = new SocketConnection(socket as Socket, new FakeClock());
  socket.resume();
  return { connection, isReading: () => !socket.isPaused() };
}

test('a socket is read when neither its session, nor its server, nor its turn is against it', () => {
  const { connection, isReading } = connected();
  const stops = [
    { stop: () => connection.pause(), go: () => connection.resume() },
    { stop: () => connection.hold(true), go: () => connection.hold(false) },
    { stop: () => connection.rest(), go: () => connection.proceed() },
  ];
  for (const first of stops) {
    for (const second of stops.filter((each) => each !== first)) {
      first.stop();
      second.stop();
      first.go();
      assert.ok(!isReading());
      second.go();
      assert.ok(isReading());
    }
  }
});

test('what comes after the last word is read, and thrown away', () => {
  const { connection, isReading } = connected();
  connection.pause();
  connection.hold(true);
  connection.rest();
  connection.end();
  connection.proceed();
  assert.ok(isReading());
});

test('SocketConnection destroys a socket whose peer asks and never reads', () => {
  const stuck = new Duplex({ read() {}, write() {} });
  const connection = new SocketConnection(stuck as Socket, new FakeClock());
  connection.write(new Uint8Array(64 * 1024));
  assert.ok(!stuck.destroyed);
  connection.write(new Uint8Array(1));
  assert.ok(stuck.destroyed);
  connection.write(new Uint8Array(1));
});

test('close() ends publications in order, then resolves, and may be called twice', async (t) => {
  const ivory = new ListeningServer();
  const socket = client(t, await ivory.listen());
  socket.write(bytes.subarray(0, 20_000));
  const publication = await ivory.published.promise;
  const heard = text(socket);
  await Promise.all([ivory.server.close(), ivory.server.close()]);
  assert.deepEqual(publication.ends, [{ kind: 'disconnected', reason: 'shutting-down' }]);
  assert.match(await heard, /NetConnection\.Connect\.Closed/);
});

test('listen() rejects when the port is taken', async () => {
  await using ivory = new ListeningServer();
  const port = await ivory.listen();
  await assert.rejects(ivory.server.listen({ host: '127.0.0.1', port }), { code: 'EADDRINUSE' });
});
