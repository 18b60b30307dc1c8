import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** One request, as it came. */
export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An HTTP server on a free port that remembers what it was sent, and answers as the test says. */
export class EventReceiver implements AsyncDisposable {
  readonly received: Received[] = [];
  answer: (received: Received, response: ServerResponse) => void;
  #server: Server;
  #port = 0;

  private constructor(answer: EventReceiver['answer']) {
    this.answer = answer;
    this.#server = this.#make();
  }

  static async start(
    answer: EventReceiver['answer'] = (_, response) => void response.end(),
  ): Promise<EventReceiver> {
    const receiver = new EventReceiver(answer);
    await receiver.listen();
    return receiver;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/events?of=ivory`;
  }

  /** On the port that it had before. */
  async listen(): Promise<void> {
    this.#server = this.#make();
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Without a word to those it talks to. */
  async kill(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #make(): Server {
    return createServer((request, response) => {
      response.on('error', () => {});
      text(request).then(
        (body) => {
          const received = { url: request.url ?? '', headers: request.headers, body };
          this.received.push(received);
          this.answer(received, response);
        },
        () => {},
      );
    });
  }
}
