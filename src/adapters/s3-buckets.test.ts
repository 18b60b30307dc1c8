import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { startFauxqs } from 'fauxqs';
import { temporaryDirectory } from '../../test/support/ivory.ts';
import { DestinationRefused } from '../domain/destination-refused.ts';
import { S3Buckets } from './s3-buckets.ts';

/** Frozen, as the configuration is. */
const CREDENTIALS = Object.freeze({ accessKeyId: 'AKIAS3BUCKETSTEST', secretAccessKey: 'secret' });

async function setUp() {
  await using starting = new AsyncDisposableStack();
  const server = starting.adopt(
    await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' }),
    (s) => s.stop(),
  );
  server.createBucket('kept-in-s3');
  const endpoint = `http://127.0.0.1:${server.port}`;
  const options = { region: 'us-east-1', credentials: CREDENTIALS, endpoint };
  const buckets = starting.use(new S3Buckets(options));
  const resources = starting.move();
  return {
    buckets,
    read: async (key: string) => fetch(`${endpoint}/kept-in-s3/${key}`),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

test('putBytes() and putFile() write what they were given, with what players are told of it', async () => {
  await using s3 = await setUp();
  await using directory = await temporaryDirectory();
  await s3.buckets.putBytes('kept-in-s3', 'ivs/v1/playlist.m3u8', Buffer.from('#EXTM3U\n'), {
    contentType: 'application/x-mpegURL',
    isFinal: false,
  });
  const media = Buffer.alloc(300_000, 0x47);
  await writeFile(path.join(directory.path, '0.ts'), media);
  await s3.buckets.putFile('kept-in-s3', 'ivs/v1/0.ts', path.join(directory.path, '0.ts'), {
    contentType: 'video/mp2t',
    isFinal: true,
  });
  const playlist = await s3.read('ivs/v1/playlist.m3u8');
  assert.equal(await playlist.text(), '#EXTM3U\n');
  assert.equal(playlist.headers.get('content-type'), 'application/x-mpegURL');
  const segment = await s3.read('ivs/v1/0.ts');
  assert.deepEqual(Buffer.from(await segment.arrayBuffer()), media);
});

test('probe() resolves for a bucket that can be used, and leaves nothing in it', async () => {
  await using s3 = await setUp();
  await s3.buckets.probe('kept-in-s3');
  const listing = await (await s3.read('')).text();
  assert.doesNotMatch(listing, /ivory-probe/);
});

test('a bucket that is not there is refused: no other attempt would do', async () => {
  await using s3 = await setUp();
  await assert.rejects(s3.buckets.probe('not-there'), { name: 'NoSuchBucket' });
  await assert.rejects(
    s3.buckets.putBytes('not-there', 'a', Buffer.from('a'), {
      contentType: 'text/plain',
      isFinal: true,
    }),
    DestinationRefused,
  );
});

/** A bucket that answers so. */
async function setUpAnswering(answer: (method: string) => string) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const [method = ''] = bytes.toString('latin1').split(' ', 1);
      if (/^(GET|PUT|DELETE)$/.test(method)) socket.write(answer(method));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const buckets = new S3Buckets({
    region: 'us-east-1',
    credentials: CREDENTIALS,
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requestTimeoutMs: 200,
  });
  return {
    buckets,
    async [Symbol.asyncDispose]() {
      await buckets[Symbol.asyncDispose]();
      server.close();
    },
  };
}

test('a bucket that takes a request and never answers, or never to the end, is given up in time', async () => {
  for (const answer of [
    '',
    'HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: 200\r\n\r\n<Error>',
  ]) {
    await using s3 = await setUpAnswering(() => answer);
    await assert.rejects(
      s3.buckets.putBytes('hangs', 'a.ts', Buffer.alloc(1000), {
        contentType: 'video/mp2t',
        isFinal: true,
      }),
      /cannot write to bucket hangs: TimeoutError/,
    );
  }
});

test('probe() gives a bucket up in time that reads back half of what was written', async () => {
  await using s3 = await setUpAnswering((method) =>
    method === 'GET'
      ? 'HTTP/1.1 200 OK\r\nContent-Length: 36\r\n\r\nhalf'
      : 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  );
  await assert.rejects(s3.buckets.probe('hangs'), { name: 'TimeoutError' });
});
