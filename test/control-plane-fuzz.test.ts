import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { startIvory } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { OPERATIONS } from '../src/control/operation-table.ts';
import { silentLogger } from '../src/lib/logger.ts';
import { awsSigner } from '../src/protocols/aws/testing/aws-signer.ts';

const ROOT = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG' };
const DURATION_MS = 10_000;
/** What caches, pools and compiled code may still take after the first third. */
const MAX_GROWTH_BYTES = 16 * 1024 * 1024;
const CONCURRENCY = 8;

// Each round is another seed; a failure names it, and the requests that were on their way.
test('the API answers every request with less than 500, and its memory stays flat', {
  timeout: 120_000,
}, async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-fuzz-'));
  const errors: unknown[] = [];
  const { config } = readConfig({
    IVORY_DATA_DIR: directory,
    IVORY_HTTP_PORT: '0',
    IVORY_RTMP_PORT: '0',
    IVORY_RTMPS_PORT: '0',
    IVORY_ROOT_ACCESS_KEY_ID: ROOT.accessKeyId,
    IVORY_ROOT_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
    // So that what the fuzzer makes has an end.
    IVORY_QUOTAS: 'channels=20',
  });
  const log = { ...silentLogger, error: (fields: object) => errors.push(fields) };
  try {
    await using ivory = await startIvory(config, { log });
    const seed = randomBytes(4).readInt32LE();
    const heapBytes: number[] = [];
    const startedAtMs = performance.now();
    let sent = 0;
    for (let round = 0; performance.now() - startedAtMs < DURATION_MS; round++) {
      const texts = fc.sample(rawRequest, { seed: seed + round, numRuns: 24 });
      const signed = fc.sample(apiRequest, { seed: seed + round, numRuns: 24 });
      const requests = [...texts, ...(await Promise.all(signed.map(toText)))];
      while (requests.length > 0) {
        const some = requests.splice(0, CONCURRENCY);
        const statuses = await Promise.all(some.map((text) => exchange(ivory.httpPort, text)));
        sent += some.length;
        for (const [i, status] of statuses.entries()) {
          assert.ok(
            status < 500,
            `seed ${seed} round ${round}: ${status} for ${JSON.stringify(some[i]?.toString('latin1').slice(0, 2000))}`,
          );
        }
      }
      heapBytes.push(usedBytes());
    }
    const third = Math.ceil(heapBytes.length / 3);
    const early = Math.max(...heapBytes.slice(0, third));
    const late = Math.min(...heapBytes.slice(-third));
    assert.ok(
      late - early < MAX_GROWTH_BYTES,
      `${sent} requests: the heap grew from ${early} to ${late} bytes`,
    );
    assert.deepEqual(errors, []);
    assert.ok(sent > 500, `only ${sent} requests`);
    const alive = await fetch(`http://127.0.0.1:${ivory.httpPort}/readyz`);
    assert.equal(alive.status, 200);
  } finally {
    await rm(directory, { recursive: true });
  }
});

const ARN = 'arn:aws:ivs:us-west-2:000000000000:channel/abcdABCDefgh';
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constantFrom(ARN, '', null, 0, -1, 1e308, '__proto__', 'a'.repeat(3000), '\u0000', '\ud800'),
);
const member = fc.constantFrom(
  ...[
    'arn',
    'arns',
    'channelArn',
    'name',
    'tags',
    'tagKeys',
    'nextToken',
    'maxResults',
    'filterBy',
  ],
  ...['streamId', 'type', 'latencyMode', 'preset', 'multitrackInputConfiguration', 'metadata'],
  ...['viewerId', 'viewerSessions', 'durationSeconds', 'publicKeyMaterial', 'allowedCountries'],
  ...['allowedOrigins', 'destinationConfiguration', 'thumbnailConfiguration', 'filterByName'],
  ...['renditionConfiguration', 'mediaTailorPlaybackConfigurations', 'recordingConfigurationArn'],
  '__proto__',
  'constructor',
);

interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** An operation with members that are, or are not, its own; well signed. */
const apiRequest: fc.Arbitrary<ApiRequest> = fc.record({
  method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'DELETE', 'PUT', 'HEAD'),
  path: fc.oneof(
    fc.constantFrom(
      ...OPERATIONS.map(({ uri }) => uri.replace('{resourceArn}', encodeURIComponent(ARN))),
    ),
    fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .map((text) => `/tags/${encodeURIComponent(text.toWellFormed())}`),
  ),
  query: fc.dictionary(fc.constantFrom('tagKeys', 'x'), fc.string({ maxLength: 10 })),
  headers: fc.dictionary(
    fc.constantFrom('content-type', 'x-amz-security-token', 'accept', 'origin'),
    fc.stringMatching(/^[!-~]{1,30}$/),
  ),
  body: fc.oneof(
    fc.dictionary(member, value, { maxKeys: 6 }).map((input) => JSON.stringify(input)),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constant('['.repeat(20_000)),
  ),
});

async function toText({ method, path: where, query, headers, body }: ApiRequest): Promise<Buffer> {
  const content = Buffer.from(body);
  const signed = await awsSigner(ROOT).sign({
    method,
    protocol: 'http:',
    hostname: 'localhost',
    path: where,
    query,
    headers: { host: 'localhost', ...headers },
    body: content,
  });
  const search = new URLSearchParams(query).toString().replaceAll('+', '%20');
  const lines = Object.entries(signed.headers).map(([name, text]) => `${name}: ${text}\r\n`);
  const head = `${method} ${where}${search && `?${search}`} HTTP/1.1\r\n${lines.join('')}content-length: ${content.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), content]);
}

/** A head with anything in it, and a body that may be longer or shorter than it says. */
const rawRequest: fc.Arbitrary<Buffer> = fc
  .record({
    method: fc.constantFrom('POST', 'GET', 'DELETE', 'OPTIONS', 'PATCH', 'post', ''),
    target: fc.oneof(
      fc.constantFrom('/GetStream', '/tags/a', '/tags/%', '/tags//', '//', '*', '/_ivory/reset'),
      fc.string({ unit: 'binary-ascii', maxLength: 60 }),
      fc.constant(`/${'a'.repeat(9000)}`),
    ),
    headers: fc.array(
      fc.tuple(
        fc.constantFrom(
          ...['authorization', 'x-amz-date', 'content-length', 'transfer-encoding', 'expect'],
          ...['host', 'connection', 'x-amz-content-sha256', 'origin', 'content-encoding', ''],
        ),
        fc.oneof(
          fc.string({ unit: 'binary-ascii', maxLength: 80 }),
          fc.constantFrom('chunked', '5', '-1', '1e3', '100-continue', 'close', 'upgrade'),
          fc.constant(
            `AWS4-HMAC-SHA256 Credential=${ROOT.accessKeyId}/20260101/us-west-2/ivs/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
          ),
        ),
      ),
      { maxLength: 8 },
    ),
    body: fc.uint8Array({ maxLength: 200 }),
  })
  .map(({ method, target, headers, body }) => {
    const lines = headers.map(([name, text]) => `${name}: ${text}\r\n`).join('');
    return Buffer.concat([
      Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`, 'latin1'),
      body,
    ]);
  });

/** Sends all of it, and nothing more; the status of the first answer, 0 where the connection was cut without one. */
async function exchange(port: number, request: Buffer): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (text: string) => {
    answer += text;
    // Of an answer to Expect the first line is not the last.
    if (/^HTTP\/1\.1 (?!100)|\r\n\r\nHTTP\/1\.1 /.test(answer)) socket.destroy();
  });
  socket.end(request);
  await once(socket, 'close').catch(() => {});
  return Number(/^(?:HTTP\/1\.1 100[^]*?\r\n\r\n)?HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

/** What is left on the heap, and outside of it, after collecting. */
function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
