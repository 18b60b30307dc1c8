// A thread of viewers: asks for each of the paths it was given, over and over, on a few connections that stay open.

import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

export interface PlaylistViewers {
  readonly port: number;
  readonly paths: readonly string[];
  readonly requests: number;
}

const CONNECTIONS = 50;

const { port, paths, requests } = workerData as PlaylistViewers;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let asked = 0;

async function view(): Promise<void> {
  while (asked < requests) {
    const path = paths[asked++ % paths.length] ?? '';
    const [response] = await once(
      request({ agent, port, path, host: '127.0.0.1' }).end(),
      'response',
    );
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} for ${path}`);
    response.resume();
    await once(response, 'end');
  }
}

await Promise.all(Array.from({ length: CONNECTIONS }, view));
agent.destroy();
parentPort?.postMessage('done');
