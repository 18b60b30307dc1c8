// Viewers who wait: each on a connection of its own, with a blocking reload for the next segment, and then for the one after it. Started by
// `ParkedViewers`, at the end, with a channel for messages.
import { once } from 'node:events';
import { connect } from 'node:net';
import { answering, Child } from './child.mjs';

const CONNECTING_AT_ONCE = 100;

/** The process, as a benchmark sees it. */
export class ParkedViewers extends Child {
  constructor() {
    super(import.meta.url);
  }

  /** Resolves when there is a connection for each URL of a media playlist. */
  open(urls) {
    return this.ask({ urls });
  }

  /** From now on each of them waits for a segment, `msn` first. */
  wait(msn) {
    return this.ask({ msn });
  }

  /** `answers` since the last report, and how far apart the first and the last of each segment were: `spreadsMs`. */
  report() {
    return this.ask({ report: true });
  }
}

class Viewers {
  #viewers = [];
  /** By segment: when the first and the last viewer had it, and how many. */
  #released = new Map();
  #failures = 0;

  async open(urls) {
    for (let at = 0; at < urls.length; at += CONNECTING_AT_ONCE) {
      const some = urls
        .slice(at, at + CONNECTING_AT_ONCE)
        .map((url) => this.#connect(new URL(url)));
      this.#viewers.push(...(await Promise.all(some)));
    }
  }

  wait(msn) {
    for (const viewer of this.#viewers) this.#ask(viewer, msn);
  }

  report() {
    const segments = [...this.#released.values()];
    this.#released.clear();
    const [answers, failures] = [
      segments.reduce((sum, { count }) => sum + count, 0),
      this.#failures,
    ];
    this.#failures = 0;
    return {
      answers,
      failures,
      spreadsMs: segments.map(({ firstMs, lastMs }) => lastMs - firstMs),
    };
  }

  async #connect({ hostname: host, port, pathname, search }) {
    const socket = connect({ host, port: Number(port) });
    await once(socket, 'connect');
    const viewer = {
      socket,
      path: `${pathname}${search}&`,
      host: `${host}:${port}`,
      msn: 0,
      left: 0,
    };
    socket.on('data', (bytes) => this.#receive(viewer, bytes));
    return viewer;
  }

  #ask(viewer, msn) {
    viewer.msn = msn;
    viewer.left = 0;
    viewer.socket.write(
      `GET ${viewer.path}_HLS_msn=${msn} HTTP/1.1\r\nHost: ${viewer.host}\r\n\r\n`,
    );
  }

  #receive(viewer, bytes) {
    if (viewer.left === 0) {
      const head = bytes.toString('latin1', 0, 1000);
      if (!head.startsWith('HTTP/1.1 200')) this.#failures++;
      const length = Number(/content-length: (\d+)/i.exec(head)[1]);
      viewer.left = head.indexOf('\r\n\r\n') + 4 + length;
    }
    viewer.left -= bytes.length;
    if (viewer.left > 0) return;
    const nowMs = performance.now();
    const released = this.#released.get(viewer.msn) ?? { firstMs: nowMs, lastMs: nowMs, count: 0 };
    released.lastMs = nowMs;
    released.count++;
    this.#released.set(viewer.msn, released);
    this.#ask(viewer, viewer.msn + 1);
  }
}

const viewers = new Viewers();
answering(import.meta.url, ({ urls, msn, report }) => {
  if (report) return viewers.report();
  return msn === undefined ? viewers.open(urls) : viewers.wait(msn);
});
