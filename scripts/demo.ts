// `npm run demo`: Ivory with a channel on air, to look at and to try things on. Everything it does goes through the
// public API, as an application would; everything it starts ends with it. `--seconds N` ends it by itself.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  type _Stream,
  ChannelNotBroadcasting,
  CreateChannelCommand,
  GetStreamCommand,
  IvsClient,
} from '@aws-sdk/client-ivs';
import { ConfigError } from '../src/config-values.ts';
import { DemoError } from './demo/child.ts';
import { type DemoServer, startServer, waitUntilReady } from './demo/server.ts';
import { publishTestPattern } from './demo/test-pattern.ts';

const LIVE_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 250;

interface DemoChannel {
  readonly arn: string;
  readonly playbackUrl: string;
  readonly ingestUrl: string;
  readonly streamKey: string;
}

/** Runs until a child ends by itself, which throws, or until `signal` says so. */
async function demo(seconds: number | undefined, signal: AbortSignal): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-demo-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));

  const server = resources.use(await startServer(directory));
  await Promise.race([waitUntilReady(server, signal), server.failed]);

  const { config, credentials, endpoint } = server;
  // A copy: the SDK writes into the object it is given.
  const ivs = new IvsClient({ endpoint, region: config.region, credentials: { ...credentials } });
  resources.defer(() => ivs.destroy());
  const channel = await Promise.race([createChannel(ivs, config.rtmpPort), server.failed]);

  const encoder = resources.use(publishTestPattern(channel.ingestUrl + channel.streamKey));
  const failed = Promise.race([server.failed, encoder.failed]);
  console.log(describe(server, channel));
  const stream = await Promise.race([waitUntilLive(ivs, channel.arn, signal), failed]);
  console.log(`GetStream says:\n${JSON.stringify(stream, undefined, 2)}\n`);
  console.log(seconds === undefined ? 'Ctrl-C ends it all.' : `Ends after ${seconds} s.`);
  await Promise.race([stay(seconds, signal), failed]);
}

async function createChannel(ivs: IvsClient, rtmpPort: number): Promise<DemoChannel> {
  const { channel, streamKey } = await ivs.send(
    // BASIC: a machine that makes the picture and shows it has enough to do without a ladder.
    new CreateChannelCommand({
      name: 'demo',
      type: 'BASIC',
      latencyMode: 'LOW',
      insecureIngest: true,
    }),
  );
  if (!channel?.arn || !channel.playbackUrl || !channel.ingestEndpoint || !streamKey?.value) {
    throw new DemoError('CreateChannel answered without an ARN, a URL or a key');
  }
  return {
    arn: channel.arn,
    playbackUrl: channel.playbackUrl,
    ingestUrl: `rtmp://${channel.ingestEndpoint}:${rtmpPort}/app/`,
    streamKey: streamKey.value,
  };
}

async function waitUntilLive(ivs: IvsClient, channelArn: string, signal: AbortSignal) {
  const deadline = AbortSignal.timeout(LIVE_TIMEOUT_MS);
  for (;;) {
    const stream = await getStream(ivs, channelArn);
    if (stream?.state === 'LIVE') return stream;
    if (deadline.aborted)
      throw new DemoError(`the channel is not LIVE after ${LIVE_TIMEOUT_MS} ms`);
    await delay(POLL_INTERVAL_MS, undefined, { signal });
  }
}

async function getStream(ivs: IvsClient, channelArn: string): Promise<_Stream | undefined> {
  try {
    return (await ivs.send(new GetStreamCommand({ channelArn }))).stream;
  } catch (error) {
    if (error instanceof ChannelNotBroadcasting) return undefined;
    throw error;
  }
}

/** Resolves after so many seconds, or never; rejects with the signal. */
async function stay(seconds: number | undefined, signal: AbortSignal): Promise<void> {
  if (seconds !== undefined) return delay(seconds * 1000, undefined, { signal });
  // Node.js ends when nothing but a promise is waited for: a timer keeps it here.
  for (;;) await delay(60_000, undefined, { signal });
}

function describe(server: DemoServer, channel: DemoChannel): string {
  const { config, credentials, endpoint, publicUrl } = server;
  const channelId = channel.arn.split('/').at(-1) ?? '';
  return `
Ivory is running, and a test pattern goes to a channel of its own.

  Watch       ${publicUrl}/watch/${channelId}
  Playback    ${channel.playbackUrl}
  Ingest      ${channel.ingestUrl}
  Stream key  ${channel.streamKey}   (the test pattern's: one publisher a channel)

Ask it yourself:

  export AWS_ACCESS_KEY_ID=${credentials.accessKeyId}
  export AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}
  export AWS_REGION=${config.region}
  aws ivs get-stream --endpoint-url ${endpoint} --channel-arn ${channel.arn}
`;
}

function readSeconds(): number | undefined {
  const { values } = parseArgs({ options: { seconds: { type: 'string' } } });
  if (values.seconds === undefined) return undefined;
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 86_400)) {
    throw new DemoError(`--seconds must be a number from 1 to 86400, got '${values.seconds}'`);
  }
  return seconds;
}

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => ending.abort());
}
try {
  await demo(readSeconds(), ending.signal);
} catch (error) {
  if (error instanceof DemoError || error instanceof ConfigError) {
    console.error(`demo: ${error.message}`);
    process.exitCode = 1;
  } else if (!ending.signal.aborted) {
    throw error;
  }
}
