import assert from 'node:assert/strict';
import {
  BodyTooLarge,
  type HttpHandler,
  type HttpReply,
  type HttpRequest,
} from '../../lib/http.ts';
import { silentLogger } from '../../lib/logger.ts';
import { HttpHost } from '../http-host.ts';
import { RemoteHandler, type RemoteHandlerOptions } from '../remote-handler.ts';
import { linkPair } from './link-pair.ts';

/** A worker without routes of its own, and the main thread behind it. */
export function threads(handler: HttpHandler, options: RemoteHandlerOptions = {}) {
  const { main, worker } = linkPair();
  const errors: unknown[] = [];
  const log = { ...silentLogger, error: (fields: unknown) => errors.push(fields) };
  const host = new HttpHost(main.conversation('http'), { handlers: [handler], log });
  const remote = new RemoteHandler(worker.conversation('http'), options);
  return { host, remote, errors };
}

export interface FakeClient extends HttpRequest {
  leave(): void;
}

const announced = (body: string | Uint8Array | undefined) =>
  body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };

export function fakeClient(
  options: Partial<HttpRequest> & { readonly content?: string | Uint8Array } = {},
): FakeClient {
  const { content, ...overrides } = options;
  const listeners: (() => void)[] = [];
  return {
    method: 'GET',
    path: '/a%2Fb',
    query: 'c=d',
    headers: { host: 'ivory.example', ...announced(content) },
    remoteAddress: '192.0.2.7',
    isEncrypted: true,
    body: async (limitBytes) => {
      const bytes = Buffer.from(content ?? '');
      if (bytes.byteLength > limitBytes) throw new BodyTooLarge(limitBytes, `${bytes.byteLength}`);
      return bytes;
    },
    onClose: (listener) => void listeners.push(listener),
    leave: () => {
      for (const listener of listeners) listener();
    },
    ...overrides,
  };
}

export const get = async (remote: RemoteHandler, request: HttpRequest = fakeClient()) => {
  const reply = await remote.handle(request);
  assert.ok(reply);
  return reply;
};

export async function bytesOf({ body }: HttpReply): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function nextOf(iterator: AsyncIterator<Uint8Array>): Promise<string | undefined> {
  const next = await iterator.next();
  return next.done ? undefined : Buffer.from(next.value).toString();
}

export function iteratorOf({ body }: HttpReply): AsyncIterator<Uint8Array> {
  assert.ok(typeof body === 'object' && Symbol.asyncIterator in body);
  return body[Symbol.asyncIterator]();
}

/** A body whose chunks are made by the test, and that knows whether somebody let it go. */
export class Growing implements AsyncIterableIterator<Uint8Array> {
  readonly ended = Promise.withResolvers<void>();
  asked = 0;
  #wanted = Promise.withResolvers<void>();
  #chunk = Promise.withResolvers<IteratorResult<Uint8Array>>();

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    this.asked++;
    this.#wanted.resolve();
    return this.#chunk.promise;
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.ended.resolve();
    return { done: true, value: undefined };
  }

  /** Once somebody wants it. */
  async give(chunk: IteratorResult<Uint8Array> | Error): Promise<void> {
    await this.#wanted.promise;
    const { resolve, reject } = this.#chunk;
    this.#wanted = Promise.withResolvers();
    this.#chunk = Promise.withResolvers();
    if (chunk instanceof Error) reject(chunk);
    else resolve(chunk);
  }

  grow(text: string): Promise<void> {
    return this.give({ done: false, value: Buffer.from(text) });
  }

  get wanted(): Promise<void> {
    return this.#wanted.promise;
  }
}

/** Long enough for whatever is under way between the threads to arrive. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

export const growing = (body: AsyncIterable<Uint8Array>): HttpReply => ({
  status: 200,
  headers: {},
  body,
});
