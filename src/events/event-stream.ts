import type { OutboxEvent } from '../domain/events.ts';
import { addressKey } from '../lib/address-key.ts';
import type { Clock } from '../lib/clock.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../lib/http.ts';
import { isLocalRequest } from '../lib/local-request.ts';
import { type Envelope, envelopeOf } from './envelope.ts';
import { type EventPattern, parseEventPattern } from './event-pattern.ts';
import type { Outbox } from './ports.ts';
import { PatternError } from './value-test.ts';

/** `local`: programs on this machine. */
export type EventReaders = 'local' | 'public' | 'off';

const PATH = '/events';
const READ_BATCH = 100;
/** Proxies and browsers give up on a connection that is silent. */
const HEARTBEAT_MS = 15_000;
const RECONNECT_AFTER_MS = 2000;
const MAX_CLIENTS = 100;
/** Of somebody on another machine. */
const MAX_CLIENTS_PER_ADDRESS = 10;
/** How far back somebody on another machine may read: each event costs time, wanted or not. */
const MAX_BACKLOG_EVENTS = 10_000;

interface Wanted {
  readonly channelArn: string | undefined;
  readonly pattern: EventPattern | undefined;
}

interface Client {
  /** What it is counted by; `undefined`: it is on this machine. */
  readonly address: string | undefined;
  /** Ends its wait for events. */
  wake: () => void;
  isGone: boolean;
}

/**
 * `GET /events`: server-sent events (HTML Living Standard, section 9.2) as they happen, `id` a sequence, `data` an envelope.
 * A client reads the outbox at its own pace: nothing is buffered for it, and whoever is too slow is cut by the HTTP server.
 */
export class EventStream implements Disposable {
  readonly #outbox: Outbox;
  readonly #readers: EventReaders;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #clients = new Set<Client>();
  readonly #stopListening: () => void;
  #isClosed = false;

  constructor(options: {
    readonly outbox: Outbox;
    readonly readers: EventReaders;
    readonly clock: Pick<Clock, 'after'>;
  }) {
    this.#outbox = options.outbox;
    this.#readers = options.readers;
    this.#clock = options.clock;
    this.#stopListening = this.#outbox.onAppended(() => this.#wakeAll());
  }

  readonly handle: HttpHandler = (request) => {
    if (request.path !== PATH || this.#readers === 'off') return undefined;
    const isLocal = isLocalRequest(request);
    if (this.#readers === 'local' && !isLocal) {
      return textReply(403, 'events are for this machine only: see IVORY_EVENTS\n');
    }
    if (request.method !== 'GET') return { ...textReply(405, ''), headers: { Allow: 'GET' } };
    let wanted: Wanted;
    try {
      wanted = readWanted(request.query);
    } catch (error) {
      if (error instanceof PatternError) return textReply(400, `${error.message}\n`);
      throw error;
    }
    if (this.#isClosed || this.#clients.size >= MAX_CLIENTS) {
      return textReply(503, `there are ${MAX_CLIENTS} readers of events already\n`);
    }
    const address = isLocal ? undefined : addressKey(request.remoteAddress);
    if (address !== undefined && this.#countFrom(address) >= MAX_CLIENTS_PER_ADDRESS) {
      return textReply(503, `${MAX_CLIENTS_PER_ADDRESS} readers of events have this address\n`);
    }
    return this.#open(request, wanted, address);
  };

  /** Every client's answer ends; they come back to the next start. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#stopListening();
    this.#wakeAll();
  }

  #countFrom(address: string): number {
    let count = 0;
    for (const client of this.#clients) if (client.address === address) count++;
    return count;
  }

  async #open(
    request: HttpRequest,
    wanted: Wanted,
    address: string | undefined,
  ): Promise<HttpReply> {
    const client: Client = { address, wake: () => {}, isGone: false };
    // Counted before anything is awaited.
    this.#clients.add(client);
    request.onClose(() => {
      client.isGone = true;
      this.#clients.delete(client);
      client.wake();
    });
    try {
      const newest = await this.#outbox.newestSequence();
      const asked = readLastEventId(request) ?? newest;
      const oldest = address === undefined ? 0 : newest - MAX_BACKLOG_EVENTS;
      const after = Math.min(Math.max(asked, oldest), newest);
      return {
        status: 200,
        headers: {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
          // It ends with the server at the latest, which shall not wait for a next request then.
          connection: 'close',
        },
        body: this.#events(client, wanted, after),
      };
    } catch (error) {
      this.#clients.delete(client);
      throw error;
    }
  }

  async *#events(client: Client, wanted: Wanted, after: number): AsyncGenerator<Uint8Array> {
    try {
      yield Buffer.from(`retry: ${RECONNECT_AFTER_MS}\n\n`);
      let last = after;
      while (!client.isGone) {
        // Before it reads: what was written until then is the last that it tells of, and what comes later wakes it.
        const isLast = this.#isClosed;
        const news = this.#nextNews(client);
        const events = await this.#outbox.readAfter(last, READ_BATCH);
        const text = events.flatMap((event) => messageOf(event, wanted) ?? []).join('');
        last = events.at(-1)?.sequence ?? last;
        if (text !== '') yield Buffer.from(text);
        if (events.length === READ_BATCH) continue;
        if (isLast) return;
        // The id of what it did not want goes along: it need not be looked at again after a reconnection.
        if ((await news) === 'silence') yield Buffer.from(`: heartbeat\nid: ${last}\n\n`);
      }
    } finally {
      this.#clients.delete(client);
      client.wake();
    }
  }

  /** Ends the wait before. */
  #nextNews(client: Client): Promise<'events' | 'silence'> {
    client.wake();
    const { promise, resolve } = Promise.withResolvers<'events' | 'silence'>();
    const cancel = this.#clock.after(HEARTBEAT_MS, () => resolve('silence'));
    client.wake = () => {
      cancel();
      resolve('events');
    };
    return promise;
  }

  #wakeAll(): void {
    for (const client of this.#clients) client.wake();
  }
}

/** @throws PatternError */
function readWanted(query: string): Wanted {
  const parameters = new URLSearchParams(query);
  const text = parameters.get('pattern');
  return {
    channelArn: parameters.get('channel') ?? undefined,
    pattern: text === null ? undefined : parseEventPattern(parseJson(text)),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PatternError('pattern', 'is not JSON');
  }
}

/** What a browser sends when it comes back. */
function readLastEventId({ headers }: HttpRequest): number | undefined {
  const text = headers['last-event-id'] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function messageOf(event: OutboxEvent, { channelArn, pattern }: Wanted): string | undefined {
  if (channelArn !== undefined && event.channel?.arn !== channelArn) return undefined;
  const envelope: Envelope = envelopeOf(event);
  if (pattern?.matches(envelope) === false) return undefined;
  return `id: ${event.sequence}\ndata: ${JSON.stringify(envelope)}\n\n`;
}

function textReply(status: number, body: string): HttpReply {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body,
  };
}
