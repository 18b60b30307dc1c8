import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { encodeAmf0 } from '../src/protocols/amf0.ts';
import {
  type IvoryAccess,
  IvoryProcess,
  type TestChannel,
  temporaryDirectory,
} from './support/ivory.ts';
import { fetchMediaPlaylistUrl, LlHlsClient } from './support/ll-hls-client.ts';
import { type Publisher, publish } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';

const run = promisify(execFile);

/** No bad connection lives longer: the deadlines of handshake and publish are 10 s and 20 s. */
const GONE_WITHIN_MS = 30_000;
const CROWD = 60;
/** What the server may grow by while all of this is going on; its window of the one stream is below 10 MB. */
const MAX_GROWTH_BYTES = 150 * 1024 * 1024;

describe('one bad connection ends alone', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let server: IvoryProcess;
  let ivory: IvoryAccess;
  let channel: TestChannel;
  let encoder: Publisher;
  let viewer: LlHlsClient;
  let watching: Promise<void>;
  let isOver = false;
  let residentBefore = 0;
  let streamId: string | undefined;
  before(async () => {
    directory = await temporaryDirectory();
    // A process of its own: its memory is its own, and what kills it does not kill the test.
    server = new IvoryProcess(directory.path, { IVORY_LOG_LEVEL: 'error' });
    ivory = await server.ready();
    channel = await ivory.createChannel();
    encoder = publish(channel.rtmpUrl, { gopFrames: 30, size: '320x180' });
    streamId = (await ivory.untilLive(channel.arn)).streamId;
    viewer = new LlHlsClient(await fetchMediaPlaylistUrl(channel.playbackUrl));
    watching = viewer.follow(() => isOver);
    watching.catch(() => {});
    residentBefore = await residentBytes(server);
  });
  after(async () => {
    await encoder[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  /** Opens a connection, has `misbehave` write to it, and waits until the server has ended it. */
  async function attack(
    port: number,
    misbehave: (socket: Socket) => unknown,
    options: { tls?: boolean; alpn?: 'h2' } = {},
  ): Promise<void> {
    const to = { host: '127.0.0.1', port };
    const ALPNProtocols = options.alpn ? [options.alpn] : [];
    const socket = options.tls
      ? connectTls({ ...to, rejectUnauthorized: false, ALPNProtocols })
      : connect(to);
    socket.on('error', () => {});
    socket.resume();
    // Not `once`, which rejects on an error: an attacker's socket may fail.
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    await Promise.race([once(socket, options.tls ? 'secureConnect' : 'connect'), closed]);
    void misbehave(socket);
    const late = delay(GONE_WITHIN_MS, 'late', { ref: false });
    assert.notEqual(await Promise.race([closed, late]), 'late', 'the connection is still there');
  }

  const crowd = (count: number, one: (index: number) => Promise<void>) =>
    Promise.all(Array.from({ length: count }, (_, index) => one(index)));

  const hello = () => Buffer.concat([Buffer.of(3), Buffer.alloc(1536)]);
  const handshake = () => Buffer.concat([hello(), Buffer.alloc(1536)]);
  /** A chunk of type 0 (RTMP 1.0, 5.3.1.2.1) on chunk stream 3. */
  const chunk = (typeId: number, byteLength: number, payload: Uint8Array) =>
    Buffer.concat([
      Buffer.of(3, 0, 0, 0, byteLength >> 16, (byteLength >> 8) & 0xff, byteLength & 0xff, typeId),
      Buffer.alloc(4),
      payload,
    ]);

  test('random bytes on every port', async () => {
    const ports = [ivory.rtmpPort, ivory.rtmpsPort, ivory.httpPort, ivory.httpsPort];
    await crowd(CROWD, (index) =>
      attack(ports[index % 4]!, (socket) => socket.end(randomBytes(1 + index * 700))),
    );
  });

  test('random bytes inside TLS', async () => {
    await crowd(15, (index) =>
      attack(
        index % 3 === 0 ? ivory.rtmpsPort : ivory.httpsPort,
        (socket) => socket.end(randomBytes(5000)),
        { tls: true, ...(index % 3 === 1 && { alpn: 'h2' }) },
      ),
    );
  });

  test('half handshakes that say no more, writers of a byte a second, and TLS that never begins', async () => {
    await Promise.all([
      crowd(CROWD, () =>
        attack(ivory.rtmpPort, (socket) => socket.write(hello().subarray(0, 700))),
      ),
      crowd(CROWD, () => attack(ivory.rtmpPort, (socket) => socket.write(handshake()))),
      crowd(10, () => attack(ivory.rtmpsPort, () => {})),
      crowd(10, () => attack(ivory.httpsPort, () => {})),
      crowd(10, () => attack(ivory.httpsPort, () => {}, { tls: true, alpn: 'h2' })),
      crowd(10, (index) =>
        attack(ivory.rtmpPort, async (socket) => {
          for (const byte of handshake()) {
            if (socket.destroyed) return;
            socket.write(Buffer.of(byte));
            await delay(900 + index * 10, undefined, { ref: false });
          }
        }),
      ),
      crowd(10, () =>
        attack(ivory.httpPort, async (socket) => {
          for (const byte of Buffer.from(`GET / HTTP/1.1\r\nX: ${'y'.repeat(200)}`)) {
            if (socket.destroyed) return;
            socket.write(Buffer.of(byte));
            await delay(500, undefined, { ref: false });
          }
        }),
      ),
    ]);
  });

  test('messages that claim 16 MB, before and after they may publish', async () => {
    const claim = (typeId: number) => chunk(typeId, 0xff_ffff, Buffer.alloc(128));
    await crowd(CROWD, (index) =>
      attack(ivory.rtmpPort, (socket) =>
        socket.write(Buffer.concat([handshake(), claim([20, 9, 18, 22][index % 4]!)])),
      ),
    );
    const own = await ivory.createChannel();
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    assert.equal((await client.publish(own.streamKey)).code, 'NetStream.Publish.Start');
    const refusal = client.nextStatus();
    client.socket.write(claim(9));
    assert.equal((await refusal)?.code, 'NetStream.Publish.Failed');
    await client.closed;
  });

  test('chunk sizes, chunk streams and control messages without measure', async () => {
    const setChunkSize = (value: number) => {
      const body = Buffer.alloc(4);
      body.writeUInt32BE(value);
      return chunk(1, 4, body);
    };
    const manyStreams = Buffer.concat(
      Array.from({ length: 300 }, (_, id) =>
        Buffer.concat([Buffer.of(0, id & 0xff), chunk(9, 60_000, Buffer.alloc(128)).subarray(1)]),
      ),
    );
    const bad = [
      setChunkSize(0),
      setChunkSize(0xffff_ffff),
      Buffer.concat([setChunkSize(0x7fff_ffff), chunk(20, 0xff_ffff, randomBytes(200_000))]),
      manyStreams,
      chunk(1, 2, Buffer.of(0, 1)),
      // The rest of a message that never began.
      Buffer.of(0xc5, 1, 2, 3, 4),
    ];
    await crowd(bad.length * 5, (index) =>
      attack(ivory.rtmpPort, (socket) =>
        socket.write(Buffer.concat([handshake(), bad[index % bad.length]!])),
      ),
    );
  });

  test('AMF that nests, counts and claims without measure', async () => {
    const deep = Buffer.concat(Array.from({ length: 5000 }, () => Buffer.of(3, 0, 1, 0x61)));
    const bombs = [
      Buffer.concat([Buffer.from(encodeAmf0(['connect', 1])), deep]),
      // A strict array of 2^32 - 1 members.
      Buffer.concat([Buffer.from(encodeAmf0(['connect', 1])), Buffer.of(10, 255, 255, 255, 255)]),
      // A long string of 4 GB.
      Buffer.concat([
        Buffer.from(encodeAmf0(['connect', 1])),
        Buffer.of(12, 255, 255, 255, 255, 0x61),
      ]),
      // Nulls by the ten thousand.
      Buffer.concat([Buffer.from(encodeAmf0(['connect', 1])), Buffer.alloc(40_000, 5)]),
      randomBytes(3000),
    ];
    await crowd(bombs.length * 8, (index) =>
      attack(ivory.rtmpPort, (socket) => {
        const body = bombs[index % bombs.length]!;
        const size = Buffer.alloc(4);
        size.writeUInt32BE(65_536);
        const message = chunk(20, body.byteLength, body);
        socket.write(Buffer.concat([handshake(), chunk(1, 4, size), message]));
      }),
    );
  });

  test('paths that try to leave, and requests that are none', async () => {
    const target = new URL(viewer.url);
    const base = target.pathname.replace('playlist.m3u8', '');
    const statusOf = async (requestTarget: string, method = 'GET', extra = '') => {
      const socket = connect(ivory.httpPort, '127.0.0.1');
      socket.on('error', () => {});
      let answer = '';
      socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
      const request = `${method} ${requestTarget} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${extra}\r\n`;
      socket.write(request);
      await once(socket, 'close');
      return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
    };
    for (const path of [
      `${base}../../../etc/passwd`,
      `${base}..%2f..%2f..%2fetc%2fpasswd`,
      `${base}%2e%2e/%2e%2e/server-secret`,
      `${base}1.m4s%00`,
      `${base}1.m4s/`,
      `${base}01.m4s`,
      `${base}-1.m4s`,
      `${base}1e3.m4s`,
      `${base}99999999999999999999.m4s`,
      `${base}init-9.mp4`,
      `${base}constructor`,
      `/live/__proto__/360p30/playlist.m3u8`,
      `/live/${'a'.repeat(3000)}/x/1.m4s`,
      '/watch/../root-access-key.json',
      '/watch/assets/../../root-access-key.json',
      '/watch/assets/..%2f..%2froot-access-key.json',
      `/api/video/v1/us-west-2.123456789012.channel.${'x'.repeat(500)}.m3u8`,
      '//etc/passwd',
      '/%',
    ]) {
      assert.equal(await statusOf(path), 404, path);
    }
    assert.equal(await statusOf(target.pathname, 'DELETE'), 405);
    assert.equal(await statusOf(`/${'a'.repeat(10_000)}`), 414);
    assert.equal(await statusOf('/', 'GET', `X: ${'y'.repeat(20_000)}\r\n`), 431);
    assert.equal(await statusOf('/', 'BREW'), 400);
    const unsigned = await statusOf('/GetStream', 'POST', 'Content-Length: 2\r\n\r\n{}');
    assert.ok(unsigned === 403 || unsigned === 400, `${unsigned}`);
    const huge = await statusOf('/GetStream', 'POST', `Content-Length: ${2 ** 40}\r\n`);
    assert.ok(huge >= 400 && huge < 500, `${huge}`);
  });

  test('viewers who ask and do not read', async () => {
    const deaf = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const socket = connect(ivory.httpPort, '127.0.0.1');
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.pause();
        const { pathname } = new URL(viewer.url);
        for (const { uri } of viewer.playlist.segments.slice(-10)) {
          socket.write(`GET ${pathname.replace('playlist.m3u8', uri)} HTTP/1.1\r\nHost: a\r\n\r\n`);
        }
        return socket;
      }),
    );
    const reloads = viewer.reloads;
    while (viewer.reloads < reloads + 10) await delay(100);
    for (const socket of deaf) socket.destroy();
  });

  /** HTTP/2 as attackers write it: RFC 9113 section 4.1. */
  const frame = (type: number, flags: number, streamId: number, payload: Uint8Array) => {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.byteLength, 0, 3);
    head.writeUIntBE(type * 256 + flags, 3, 2);
    head.writeUInt32BE(streamId, 5);
    return Buffer.concat([head, payload]);
  };
  /** GET by HPACK's static table and literals; ends its stream. */
  const http2Get = (streamId: number, path: string) => {
    const [authority, target] = [Buffer.from('localhost'), Buffer.from(path)];
    const literal = (text: Buffer) => Buffer.concat([Buffer.of(text.length), text]);
    const block = [
      Buffer.of(0x82, 0x87, 0x01),
      literal(authority),
      Buffer.of(0x04),
      literal(target),
    ];
    return frame(1, 5, streamId, Buffer.concat(block));
  };
  const preface = (settings: Uint8Array = Buffer.alloc(0)) =>
    Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, settings)]);

  test('HTTP/2: requests taken back as fast as they are made, and resets that the server is made to send', async () => {
    const { pathname } = new URL(viewer.url);
    const parked = `${pathname}?_HLS_msn=${viewer.playlist.mediaSequence + viewer.playlist.segments.length}`;
    await crowd(20, (index) =>
      attack(
        ivory.httpsPort,
        async (socket) => {
          socket.write(preface());
          const event = (name: string) => new Promise((resolve) => socket.once(name, resolve));
          const closed = event('close');
          for (let id = 1; id < 20_000 && !socket.destroyed; id += 2) {
            const cancel =
              index % 2 === 0
                ? frame(3, 0, id, Buffer.of(0, 0, 0, 8))
                : frame(8, 0, id, Buffer.alloc(4));
            const isTaken = socket.write(Buffer.concat([http2Get(id, parked), cancel]));
            if (!isTaken) await Promise.race([event('drain'), closed]);
          }
        },
        { tls: true, alpn: 'h2' },
      ),
    );
  });

  test('HTTP/2: viewers who open no window, and readers of nothing', async () => {
    const { pathname } = new URL(viewer.url);
    // SETTINGS_INITIAL_WINDOW_SIZE 0.
    const noWindow = Buffer.of(0, 4, 0, 0, 0, 0);
    const { uri } = viewer.playlist.segments.at(-1)!;
    const media = pathname.replace('playlist.m3u8', uri);
    await crowd(20, (index) =>
      attack(
        ivory.httpsPort,
        async (socket) => {
          const isDeaf = index % 2 === 0;
          if (isDeaf) socket.pause();
          socket.write(preface(isDeaf ? undefined : noWindow));
          for (let id = 1; id < 200; id += 2) socket.write(http2Get(id, media));
          // Who does not read learns by writing that the connection is gone.
          while (isDeaf && !socket.destroyed) {
            socket.write(frame(6, 0, 0, Buffer.alloc(8)));
            await delay(500, undefined, { ref: false });
          }
        },
        { tls: true, alpn: 'h2' },
      ),
    );
  });

  test('through all of it the stream, its viewer and the memory of the server were unharmed', async (t) => {
    assert.equal((await ivory.stream(channel.arn))?.streamId, streamId);
    assert.deepEqual(await ivory.eventNames(channel.arn), ['Session Created', 'Stream Start']);
    isOver = true;
    await watching;
    const numbers = viewer.segments.map(({ msn }) => msn);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => numbers[0]! + index),
    );
    assert.ok(viewer.segments.every(({ discontinuity }) => !discontinuity));
    const growth = (await residentBytes(server)) - residentBefore;
    t.diagnostic(`memory grew by ${Math.round(growth / 1024 / 1024)} MB`);
    assert.ok(growth < MAX_GROWTH_BYTES, `${growth} bytes`);
    assert.equal(server.stderr, '', 'no error, only peers’ mistakes');
    await encoder.stop();
    assert.equal((await server.kill('SIGTERM')).code, 0);
  });
});

async function residentBytes({ child }: IvoryProcess): Promise<number> {
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(child.pid)]);
  return Number(stdout) * 1024;
}
