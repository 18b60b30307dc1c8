// One viewer who plays at the live edge: waits for each part, and fetches it.
import { Agent, get } from 'node:http';
import { answering, Child } from './child.mjs';
import { endOf } from './playlist-position.mjs';

const FRAME_SECONDS = 1 / 30;

/** The process, as a benchmark sees it. */
export class LowLatencyViewer extends Child {
  constructor() {
    super(import.meta.url);
  }

  play(url) {
    return this.ask({ url });
  }

  /**
   * Since the last report: parts, those that were `missed`, and from the last picture of a part until it was there: `p50Ms`, `p99Ms`.
   * `startedMs`: when the encoder sent the first picture, as `Publisher` reports it.
   */
  report(startedMs) {
    return this.ask({ startedMs });
  }
}

class Viewer {
  #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** As if the stream had begun at 0. */
  #latenciesMs = [];
  #missed = 0;

  async play(url) {
    let query = '';
    let last;
    for (;;) {
      const text = (await this.#fetch(`${url}${query}`)).toString('latin1');
      const [, msn, part] = /PRELOAD-HINT:.*URI="(\d+)\.(\d+)\./.exec(text);
      query = `&_HLS_msn=${msn}&_HLS_part=${part}`;
      const uri = [...text.matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].at(-1)[1];
      const place = uri.split('.').map(Number);
      if (last && !follows(place, last)) this.#missed++;
      last = place;
      await this.#fetch(new URL(uri, url).href);
      const sentMs = (endOf(text) - FRAME_SECONDS) * 1000;
      this.#latenciesMs.push(performance.timeOrigin + performance.now() - sentMs);
    }
  }

  report(startedMs) {
    const latencies = this.#latenciesMs.map((ms) => ms - startedMs).toSorted((a, b) => a - b);
    const missed = this.#missed;
    this.#latenciesMs = [];
    this.#missed = 0;
    const at = (share) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
    return { parts: latencies.length, missed, p50Ms: at(0.5), p99Ms: at(0.99) };
  }

  #fetch(url) {
    return new Promise((resolve, reject) => {
      get(url, { agent: this.#agent }, (answer) => {
        const pieces = [];
        answer.on('data', (bytes) => pieces.push(bytes));
        answer.on('end', () => resolve(Buffer.concat(pieces)));
        if (answer.statusCode !== 200) reject(new Error(`${answer.statusCode} for ${url}`));
      }).on('error', reject);
    });
  }
}

const follows = ([msn, part], [lastMsn, lastPart]) =>
  msn === lastMsn ? part === lastPart + 1 : msn === lastMsn + 1 && part === 0;

const viewer = new Viewer();
let failure;
answering(import.meta.url, ({ url, startedMs }) => {
  if (failure) throw failure;
  if (startedMs !== undefined) return viewer.report(startedMs);
  viewer.play(url).catch((error) => {
    failure = error;
  });
});
