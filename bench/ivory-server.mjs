// A running Ivory for a benchmark: its process, its API, its channels.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateChannelCommand, IvsClient } from '@aws-sdk/client-ivs';
import { credentials, ivoryCommand, ivoryEnvironment, region } from './ivory-process.mjs';
import { endOf } from './playlist-position.mjs';
import { freePort, start } from './processes.mjs';

const CREATED_AT_ONCE = 20;

export class IvoryServer {
  #process;
  #rtmpPort;
  #client;

  /** Resolves when it is ready. `quotas`: as IVORY_QUOTAS takes them. On one core there are no workers. */
  static async start(dataDirectory, { quotas = '', cores = '0', workers = 'auto' } = {}) {
    const [http, rtmp, rtmps] = [await freePort(), await freePort(), await freePort()];
    const env = {
      ...ivoryEnvironment({ dataDirectory, http, rtmp, rtmps }),
      IVORY_HTTPS_PORT: String(await freePort()),
      ...(quotas && { IVORY_QUOTAS: quotas }),
      IVORY_WORKERS: workers,
    };
    const server = new IvoryServer(start(ivoryCommand(), { cores, env }), http, rtmp);
    while (!(await fetch(`${server.endpoint}/readyz`).catch(() => undefined))?.ok) await sleep(20);
    return server;
  }

  constructor(process, httpPort, rtmpPort) {
    this.#process = process;
    this.#rtmpPort = rtmpPort;
    this.httpPort = httpPort;
    this.endpoint = `http://127.0.0.1:${httpPort}`;
    this.#client = new IvsClient({ endpoint: this.endpoint, region, credentials });
  }

  get pid() {
    return this.#process.pid;
  }

  send(command) {
    return this.#client.send(command);
  }

  /** Each with `arn`, `rtmpUrl` and `playbackUrl`. BASIC is IVS's name for an encoder's stream that is passed through. */
  async createChannels(count, input = {}) {
    const channels = [];
    while (channels.length < count) {
      const some = Array.from({ length: Math.min(CREATED_AT_ONCE, count - channels.length) }, () =>
        this.send(new CreateChannelCommand({ type: 'BASIC', insecureIngest: true, ...input })),
      );
      for (const { channel, streamKey } of await Promise.all(some)) {
        const { arn, playbackUrl } = channel;
        const key = streamKey.value;
        channels.push({ arn, key, playbackUrl, rtmpUrl: this.rtmpUrl({ key }) });
      }
    }
    return channels;
  }

  rtmpUrl({ key }) {
    return `rtmp://127.0.0.1:${this.#rtmpPort}/app/${key}`;
  }

  async stop() {
    this.#client.destroy();
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }
}

/** URL of a media playlist, with a viewing session of its own; waits until there is one. */
export async function mediaPlaylistUrl(playbackUrl) {
  for (;;) {
    const answer = await fetch(playbackUrl);
    const text = await answer.text();
    if (answer.ok) return text.split('\n').find((line) => line.startsWith('http'));
    await sleep(500);
  }
}

/** How far a media playlist has come, as `endOf` says it. */
export async function positionSeconds(url) {
  return endOf(await (await fetch(url)).text());
}

/** So many of the streams at most, from the first on. */
export function spread(streams, count) {
  const step = Math.ceil(streams.length / count);
  return streams.filter((_, i) => i % step === 0);
}
