import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { IVS_QUOTAS, type Quotas } from '../../domain/quotas.ts';
import type { Clock } from '../../lib/clock.ts';
import { BodyTooLarge, type HttpReply, type HttpRequest } from '../../lib/http.ts';
import { silentLogger } from '../../lib/logger.ts';
import { awsSigner } from '../../protocols/aws/testing/aws-signer.ts';
import { SignatureAuthenticator } from '../authentication.ts';
import { type AccessKeys, rootAccessKey } from '../credentials.ts';
import type { Operation } from '../operation.ts';
import { OPERATIONS } from '../operation-table.ts';
import { RecordingDestinations } from '../recording-destinations.ts';
import { createControlApi } from '../router.ts';
import { FakeLiveControl } from './fake-live-control.ts';
import { MemoryControlStore } from './memory-control-store.ts';

export const ACCOUNT_ID = '123456789012';
export const REGION = 'us-west-2';
export const CREDENTIALS = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};

export interface Answer {
  readonly status: number;
  readonly headers: HttpReply['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever members it expects.
  readonly body: any;
}

export interface HarnessOptions {
  /** By default IVS's. */
  readonly quotas?: Partial<Quotas>;
  /** By default the machine's. */
  readonly nowMs?: () => number;
  /** By default root's only. */
  readonly accessKeys?: AccessKeys;
  readonly callsPerSecond?: Readonly<Record<string, number>>;
}

export function assertError(
  { status, headers, body }: Answer,
  expectedStatus: number,
  name: string,
): void {
  assert.equal(headers['x-amzn-ErrorType'], name, body?.message);
  assert.equal(status, expectedStatus);
  assert.equal(body.exceptionMessage, body.message);
}

/** The control plane over a store in memory, without sockets. */
export class ControlApiHarness {
  readonly store = new MemoryControlStore();
  readonly live = new FakeLiveControl();
  /** Buckets that can't be used, by name. */
  readonly brokenBuckets = new Set<string>();
  readonly recordingDestinations = new RecordingDestinations({
    store: this.store,
    buckets: {
      probe: async (name) => {
        if (this.brokenBuckets.has(name)) throw new Error('the test has broken this bucket');
      },
    },
    logger: silentLogger,
  });
  readonly handler;
  readonly #nowMs: () => number;
  readonly #signer = awsSigner(CREDENTIALS);

  constructor({
    quotas = {},
    nowMs = Date.now,
    accessKeys = rootAccessKey({ ...CREDENTIALS, accountId: ACCOUNT_ID }),
    callsPerSecond = {},
  }: HarnessOptions = {}) {
    this.#nowMs = nowMs;
    const clock = clockOf(nowMs);
    this.handler = createControlApi({
      store: this.store,
      live: this.live,
      clock,
      random: randomBytes,
      endpoints: {
        ingestHost: 'ingest.example.com',
        srtHost: 'srt.example.com',
        playbackBaseUrl: 'https://play.example.com',
      },
      quotas: { ...IVS_QUOTAS, ...quotas },
      recordingDestinations: this.recordingDestinations,
      authenticator: new SignatureAuthenticator(accessKeys, clock),
      callsPerSecond,
      pageTokenKey: Buffer.alloc(32, 7),
      logger: silentLogger,
      operations: OPERATIONS.map(withCheckedOutput),
    });
  }

  /** Calls `POST /<operation>` with `input` as JSON, signed as an SDK signs. */
  call(operation: string, input: unknown = {}, options: SendOptions = {}): Promise<Answer> {
    return this.send('POST', `/${operation}`, { ...options, body: JSON.stringify(input) });
  }

  /** Sends what it is told to, signed; `query` repeats a name where its value is a list. */
  async send(
    method: string,
    path: string,
    { query = {}, body = '', region = REGION, credentials }: SendOptions = {},
  ): Promise<Answer> {
    const signer = credentials ? awsSigner(credentials) : this.#signer;
    const signed = await signer.sign(
      {
        method,
        protocol: 'http:',
        hostname: 'localhost',
        path,
        query,
        headers: { host: 'localhost', 'content-type': 'application/json' },
        body,
      },
      { signingDate: new Date(this.#nowMs()), signingRegion: region },
    );
    return this.receive(
      httpRequest({ method, path, query: queryText(query), body, headers: signed.headers }),
    );
  }

  /** Hands a request over as it is; fails where it is not the API's. */
  async receive(request: HttpRequest): Promise<Answer> {
    const reply = await this.handler(request);
    if (!reply) throw new Error(`not answered: ${request.method} ${request.path}`);
    const { status, headers, body } = reply;
    return { status, headers, body: typeof body === 'string' ? JSON.parse(body) : undefined };
  }

  /** A channel, and its stream key. */
  async createChannel(input: object = {}) {
    const { status, body } = await this.call('CreateChannel', input);
    if (status !== 200) throw new Error(`CreateChannel answered ${status}: ${body.message}`);
    return body;
  }
}

interface SendOptions {
  readonly query?: Record<string, string | string[]>;
  readonly body?: string;
  readonly region?: string;
  /** By default root's. */
  readonly credentials?: typeof CREDENTIALS;
}

export function httpRequest(parts: {
  method: string;
  path: string;
  query?: string;
  body?: string | Uint8Array;
  headers?: Record<string, string | undefined>;
  isEncrypted?: boolean;
}): HttpRequest {
  const bytes = Buffer.from(parts.body ?? '');
  return {
    method: parts.method,
    path: parts.path,
    query: parts.query ?? '',
    headers: parts.headers ?? {},
    remoteAddress: '127.0.0.1',
    isEncrypted: parts.isEncrypted ?? false,
    async body(limitBytes) {
      if (bytes.byteLength > limitBytes) throw new BodyTooLarge(limitBytes, `${bytes.byteLength}`);
      return bytes;
    },
    onClose() {},
  };
}

/** Fails a call of which the output is not what the operation declares, or holds more. */
function withCheckedOutput(operation: Operation): Operation {
  return {
    ...operation,
    async run(input, context) {
      const output = await operation.run(input, context);
      assert.deepEqual(v.parse(operation.output, output), output);
      return output;
    },
  };
}

function queryText(query: Record<string, string | string[]>): string {
  return Object.entries(query)
    .flatMap(([name, values]) => [values].flat().map((value) => [name, value] as const))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

function clockOf(nowMs: () => number): Clock {
  const never = () => () => {};
  const startMs = nowMs();
  return { nowMs, monotonicMs: () => nowMs() - startMs, after: never, every: never };
}
