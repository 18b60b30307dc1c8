import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type Channel,
  CreateChannelCommand,
  type CreateChannelCommandInput,
  GetStreamCommand,
  GetStreamSessionCommand,
  IvsClient,
  ListStreamSessionsCommand,
  type _Stream as Stream,
  type StreamSession,
} from '@aws-sdk/client-ivs';
import { startIvory } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import type { LogFields, Logger } from '../../src/lib/logger.ts';
import { ROOT } from './source-tree.ts';
import { until } from './until.ts';

export const REGION = 'us-west-2';
export const ACCOUNT_ID = '123456789012';
export const ACCESS_KEY = {
  accessKeyId: 'AKIAWHOLESERVICETEST',
  secretAccessKey: 'whole-service-secret',
};
const READY_TIMEOUT_MS = 15_000;

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** Says nothing and remembers everything: tests ask it for reasons, and it must never see a secret. */
export class RecordedLog implements Logger {
  readonly lines: LogLine[];
  readonly #fields: LogFields;

  constructor(lines: LogLine[] = [], fields: LogFields = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  debug(fields: LogFields, message: string): void {
    this.#add('debug', fields, message);
  }
  info(fields: LogFields, message: string): void {
    this.#add('info', fields, message);
  }
  warn(fields: LogFields, message: string): void {
    this.#add('warn', fields, message);
  }
  error(fields: LogFields, message: string): void {
    this.#add('error', fields, message);
  }
  child(fields: LogFields): Logger {
    return new RecordedLog(this.lines, { ...this.#fields, ...fields });
  }

  #add(level: LogLine['level'], fields: LogFields, message: string): void {
    this.lines.push({ level, message, fields: { ...this.#fields, ...fields } });
  }
}

/** A channel and where its encoder and its viewers go. */
export interface TestChannel {
  readonly channel: Channel & { readonly arn: string };
  readonly arn: string;
  readonly streamKey: string;
  readonly rtmpUrl: string;
  readonly rtmpsUrl: string;
  readonly playbackUrl: string;
}

/** What both kinds of a running Ivory can do for a test. */
export class IvoryAccess {
  readonly ivs: IvsClient;
  readonly url: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly rtmpPort: number;
  readonly rtmpsPort: number;

  constructor(ports: {
    readonly httpPort: number;
    readonly httpsPort?: number;
    readonly rtmpPort: number;
    readonly rtmpsPort: number;
  }) {
    this.httpPort = ports.httpPort;
    this.httpsPort = ports.httpsPort ?? 0;
    this.rtmpPort = ports.rtmpPort;
    this.rtmpsPort = ports.rtmpsPort;
    this.url = `http://127.0.0.1:${ports.httpPort}`;
    this.ivs = new IvsClient({
      endpoint: this.url,
      region: REGION,
      credentials: ACCESS_KEY,
      maxAttempts: 1,
    });
  }

  /** A channel that takes plain RTMP and passes it through as fragmented MP4, unless told otherwise. */
  async createChannel(input: CreateChannelCommandInput = {}): Promise<TestChannel> {
    const { channel, streamKey } = await this.ivs.send(
      new CreateChannelCommand({
        type: 'BASIC',
        containerFormat: 'FRAGMENTED_MP4',
        insecureIngest: true,
        ...input,
      }),
    );
    return this.testChannel({ ...channel, arn: channel!.arn! }, streamKey!.value!);
  }

  /** The channel as this start of the server reaches it: after a restart ports are others. */
  testChannel(channel: TestChannel['channel'], streamKey: string): TestChannel {
    return {
      channel,
      arn: channel.arn,
      streamKey,
      rtmpUrl: `rtmp://127.0.0.1:${this.rtmpPort}/app/${streamKey}`,
      rtmpsUrl: `rtmps://127.0.0.1:${this.rtmpsPort}/app/${streamKey}`,
      playbackUrl: `${this.url}${new URL(channel.playbackUrl!).pathname}`,
    };
  }

  /** GetStream's answer; nothing where the channel is offline. */
  async stream(channelArn: string): Promise<Stream | undefined> {
    try {
      return (await this.ivs.send(new GetStreamCommand({ channelArn }))).stream;
    } catch (error) {
      if ((error as Error).name === 'ChannelNotBroadcasting') return undefined;
      throw error;
    }
  }

  async untilLive(channelArn: string, timeoutMs = 15_000): Promise<Stream> {
    return until('the channel to be LIVE', () => this.stream(channelArn), { timeoutMs });
  }

  /** Offline, and its history says so: the end of a session is written down a moment after GetStream knows of it. */
  async untilOffline(channelArn: string, timeoutMs = 15_000): Promise<void> {
    const isOver = async () => {
      if (await this.stream(channelArn)) return false;
      const sessions = await this.sessions(channelArn);
      return sessions.every(({ endTime }) => endTime !== undefined);
    };
    await until('the channel to be offline', isOver, { timeoutMs });
  }

  /** The channel's newest session, or the one named. */
  async session(channelArn: string, streamId?: string): Promise<StreamSession> {
    const { streamSession } = await this.ivs.send(
      new GetStreamSessionCommand({ channelArn, streamId }),
    );
    return streamSession!;
  }

  async sessions(channelArn: string) {
    const { streamSessions } = await this.ivs.send(new ListStreamSessionsCommand({ channelArn }));
    return streamSessions!;
  }

  /** Names of the session's events, oldest first. */
  async eventNames(channelArn: string, streamId?: string): Promise<string[]> {
    const { truncatedEvents = [] } = await this.session(channelArn, streamId);
    return truncatedEvents.map(({ name }) => name!).reverse();
  }
}

/** The real service in this process, on free ports and a directory of its own. */
export class IvoryInProcess extends IvoryAccess implements AsyncDisposable {
  readonly log: RecordedLog;
  readonly #dispose: () => Promise<void>;

  constructor(
    ports: ConstructorParameters<typeof IvoryAccess>[0],
    log: RecordedLog,
    dispose: () => Promise<void>,
  ) {
    super(ports);
    this.log = log;
    this.#dispose = dispose;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ivs.destroy();
    await this.#dispose();
  }
}

export async function startIvoryForTest(
  env: Readonly<Record<string, string>> = {},
): Promise<IvoryInProcess> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-test-'));
  const log = new RecordedLog();
  const config: Config = readConfig({ ...environment(directory), ...env }).config;
  const ivory = await startIvory(config, { log });
  return new IvoryInProcess(ivory, log, async () => {
    await ivory[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
}

const environment = (dataDirectory: string) => ({
  IVORY_DATA_DIR: dataDirectory,
  IVORY_HTTP_PORT: '0',
  IVORY_HTTPS_PORT: '0',
  IVORY_RTMP_PORT: '0',
  IVORY_RTMPS_PORT: '0',
  IVORY_ACCOUNT_ID: ACCOUNT_ID,
  IVORY_ROOT_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
  IVORY_ROOT_SECRET_ACCESS_KEY: ACCESS_KEY.secretAccessKey,
  IVORY_LOG_LEVEL: 'warn',
  // A busy test would start threads at moments that nobody chose: they have tests of their own, and any test can be run with some.
  IVORY_WORKERS: process.env['IVORY_TEST_WORKERS'] ?? '0',
});

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly afterMs: number;
}

/** `src/main.ts` as a process, however it ends. */
export class IvoryProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves when the process is gone and everything it said was read. */
  readonly ended: Promise<Exit>;
  stdout = '';
  stderr = '';

  constructor(dataDirectory: string, env: Readonly<Record<string, string>> = {}) {
    const startedMs = performance.now();
    this.child = spawn(process.execPath, [path.join(ROOT, 'src/main.ts')], {
      env: { PATH: process.env['PATH'], ...environment(dataDirectory), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk) => (this.stdout += chunk));
    this.child.stderr?.on('data', (chunk) => (this.stderr += chunk));
    this.ended = once(this.child, 'close').then(([code, signal]) => ({
      code,
      signal,
      afterMs: performance.now() - startedMs,
    }));
  }

  /** Access to it once its banner is out and /readyz says so; rejects where it ended instead. */
  async ready(): Promise<IvoryAccess> {
    const port = (pattern: RegExp) => Number(pattern.exec(this.stdout)?.[1] ?? 0);
    return until(
      'Ivory to be ready',
      async () => {
        if (this.child.exitCode !== null || this.child.signalCode !== null) {
          throw new Error(`Ivory ended: ${this.stderr}`);
        }
        if (!this.stdout.includes('AWS_SECRET_ACCESS_KEY')) return undefined;
        const access = new IvoryAccess({
          httpPort: port(/AWS_ENDPOINT_URL_IVS=http:\/\/[^:]+:(\d+)/),
          httpsPort: port(/over HTTPS +https:\/\/[^:]+:(\d+)/),
          rtmpPort: port(/rtmp:\/\/[^:]+:(\d+)/),
          rtmpsPort: port(/rtmps:\/\/[^:]+:(\d+)/),
        });
        return (await fetch(`${access.url}/readyz`)).ok ? access : undefined;
      },
      { timeoutMs: READY_TIMEOUT_MS },
    );
  }

  /** Sends a signal and waits for the end; `afterMs` counts from the signal. */
  async kill(signal: NodeJS.Signals): Promise<Exit> {
    const startedMs = performance.now();
    this.child.kill(signal);
    const exit = await this.ended;
    return { ...exit, afterMs: performance.now() - startedMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** A fresh directory that is gone with the test. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-test-'));
  return {
    path: directory,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
