import assert from 'node:assert/strict';
import { channel as diagnosticsChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { GetChannelCommand, PutMetadataCommand, StopStreamCommand } from '@aws-sdk/client-ivs';
import { flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import { type IvoryInProcess, startIvoryForTest, temporaryDirectory } from './support/ivory.ts';
import { fetchMediaPlaylistUrl, LlHlsClient } from './support/ll-hls-client.ts';
import { publish } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

const WORKERS = 2;

/** Ivory with workers that serve, and the threads themselves. */
async function startWithWorkers(t: TestContext) {
  const threads: Worker[] = [];
  const onThread = (message: unknown) => {
    const { worker } = message as { worker: Worker };
    threads.push(worker);
  };
  const created = diagnosticsChannel('worker_threads');
  created.subscribe(onThread);
  t.after(() => created.unsubscribe(onThread));
  const ivory = await startIvoryForTest({ IVORY_WORKERS: String(WORKERS) });
  t.after(() => ivory[Symbol.asyncDispose]());
  await untilServing(ivory, WORKERS);
  return { ivory, worker: (name: string) => threads.find(({ threadName }) => threadName === name) };
}

const untilServing = (ivory: IvoryInProcess, count: number) =>
  until(
    `${count} workers to serve`,
    async () => {
      const isReady = ({ message }: { message: string }) =>
        message === 'a worker takes connections';
      return ivory.log.lines.filter(isReady).length >= count;
    },
    { timeoutMs: 20_000 },
  );

/** A connection that has had an answer, and stays. */
async function keptConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.write('GET /healthz HTTP/1.1\r\nHost: ivory\r\n\r\n');
  await once(socket, 'data');
  return socket.resume();
}

test('a strict low-latency player finds nothing wrong, whichever thread answers it', async (t) => {
  await using directory = await temporaryDirectory();
  const file = await encodeSource(path.join(directory.path, 'source.flv'), { durationSeconds: 16 });
  const tags = [...flvTags(await readFile(file))];
  const { ivory } = await startWithWorkers(t);
  const channel = await ivory.createChannel();
  await using encoder = await RtmpClient.connect(ivory.rtmpPort);
  await encoder.publish(channel.streamKey);
  const replayed = replay(encoder, tags).then(() => encoder.unpublish(channel.streamKey));
  await ivory.untilLive(channel.arn);
  const url = await fetchMediaPlaylistUrl(channel.playbackUrl);
  const viewers = [1, 2, 3].map(() => new LlHlsClient(url, { isSteady: true }));
  await Promise.all([replayed, ...viewers.map((viewer) => viewer.follow(() => false))]);
  for (const viewer of viewers) {
    assert.ok(viewer.parts.length > 60, `${viewer.parts.length} parts`);
    assert.ok(viewer.hasEnded);
  }
  assert.deepEqual(await ivory.eventNames(channel.arn), [
    ...['Session Created', 'Stream Start', 'Stream End', 'Session Ended'],
  ]);
});

test('the API, RTMPS and what it tells a stream are the same behind workers', async (t) => {
  const { ivory } = await startWithWorkers(t);
  const channel = await ivory.createChannel();
  await using _publisher = publish(channel.rtmpsUrl, { durationSeconds: 60 });
  const stream = await ivory.untilLive(channel.arn);
  assert.equal(stream.channelArn, channel.arn);
  // Each with a connection of its own: some are the main thread's, most are not.
  for (let i = 0; i < 12; i++) {
    const answer = await fetch(`${ivory.url}/healthz`, { headers: { connection: 'close' } });
    assert.equal(answer.status, 200);
  }
  await ivory.ivs.send(new PutMetadataCommand({ channelArn: channel.arn, metadata: 'hello' }));
  const { channel: described } = await ivory.ivs.send(new GetChannelCommand({ arn: channel.arn }));
  assert.equal(described?.arn, channel.arn);
  await ivory.ivs.send(new StopStreamCommand({ channelArn: channel.arn }));
  await ivory.untilOffline(channel.arn);
});

test("a worker's end costs only what it carried, for a moment", async (t) => {
  const { ivory, worker } = await startWithWorkers(t);
  const channels = await Promise.all(Array.from({ length: 16 }, () => ivory.createChannel()));
  const encoders = await Promise.all(
    channels.map(async ({ streamKey }) => {
      const encoder = await RtmpClient.connect(ivory.rtmpPort);
      await encoder.publish(streamKey);
      let isGone = false;
      void encoder.closed.then(() => {
        isGone = true;
      });
      return { encoder, isGone: () => isGone };
    }),
  );
  const sockets = await Promise.all(
    Array.from({ length: 30 }, () => keptConnection(ivory.httpPort)),
  );
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    for (const { encoder } of encoders) void encoder[Symbol.asyncDispose]();
  });

  await worker('worker-1')?.terminate();
  await untilServing(ivory, WORKERS + 1);
  const lost = sockets.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length;
  assert.ok(lost > 0 && lost < sockets.length, `${lost} of ${sockets.length} connections lost`);
  const gone = encoders.filter(({ isGone }) => isGone()).length;
  assert.ok(gone < encoders.length, `${gone} of ${encoders.length} encoders lost`);
  const line = ivory.log.lines.find(({ message }) => message.startsWith('a worker ended'));
  assert.equal(line?.level, 'error');
  // Who lost theirs come back, and find everything as it was.
  for (const [index, { isGone }] of encoders.entries()) {
    if (!isGone()) continue;
    await using again = await RtmpClient.connect(ivory.rtmpPort);
    await again.publish(channels[index]?.streamKey ?? '');
  }
});
