import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Config, defaultPublicUrl, readConfig } from '../../src/config.ts';
import { SETTINGS } from '../../src/settings.ts';
import { type Child, DemoError, startChild } from './child.ts';

const READY_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 50;

const MAIN = path.join(import.meta.dirname, '../../src/main.ts');
const PORT_SETTINGS = ['IVORY_HTTP_PORT', 'IVORY_RTMP_PORT', 'IVORY_RTMPS_PORT'] as const;

export interface DemoServer extends Child {
  readonly config: Config;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Where this machine reaches the API. */
  readonly endpoint: string;
  /** Where viewers reach it. */
  readonly publicUrl: string;
}

/**
 * Starts Ivory as `npm start` would, on a data directory and an access key of the demo's own, and on free ports
 * where the default ones are taken. Settings in the environment stand.
 */
export async function startServer(dataDirectory: string): Promise<DemoServer> {
  const env: NodeJS.ProcessEnv = {
    IVORY_LOG_LEVEL: 'warn',
    IVORY_ROOT_ACCESS_KEY_ID: `IVORY${randomBytes(8).toString('hex').toUpperCase()}`,
    IVORY_ROOT_SECRET_ACCESS_KEY: randomBytes(30).toString('base64url'),
    ...process.env,
    IVORY_DATA_DIR: dataDirectory,
  };
  const host = readConfig(env).config.host;
  for (const name of PORT_SETTINGS) env[name] ??= await choosePort(name, host);

  const { config } = readConfig(env);
  const endpoint = defaultPublicUrl(config.host, config.httpPort);
  if (config.rootAccessKey === undefined) throw new DemoError('the demo has no access key');
  const child = startChild({
    name: 'Ivory',
    command: process.execPath,
    args: [MAIN],
    env,
    stopSignal: 'SIGTERM',
  });
  return {
    ...child,
    config,
    credentials: config.rootAccessKey,
    endpoint,
    publicUrl: config.publicUrl ?? endpoint,
  };
}

/** Resolves when the server says that it is ready. */
export async function waitUntilReady(server: DemoServer, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
  while (!(await isReady(server.endpoint, signal))) {
    if (deadline.aborted) {
      throw new DemoError(
        `Ivory is not ready after ${READY_TIMEOUT_MS} ms; it said:\n${server.lastWords()}`,
      );
    }
    await delay(POLL_INTERVAL_MS, undefined, { signal });
  }
}

async function isReady(endpoint: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(`${endpoint}/readyz`, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** The setting's default where that port is free, else any free one. */
async function choosePort(name: (typeof PORT_SETTINGS)[number], host: string): Promise<string> {
  const preferred = Number(SETTINGS.find((setting) => setting.name === name)?.default);
  const port = (await tryToListen(preferred, host)) ?? (await tryToListen(0, host));
  if (port === undefined) throw new DemoError(`cannot find a free port on ${host}`);
  return String(port);
}

async function tryToListen(port: number, host: string): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : undefined;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}
