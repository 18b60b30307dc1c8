import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { CreateRecordingConfigurationCommand } from '@aws-sdk/client-ivs';
import { startFauxqs } from 'fauxqs';
import { findRecording } from '../scripts/verify-recording/find-recording.ts';
import { readConfig } from '../src/config.ts';
import { startIvoryForTest } from './support/ivory.ts';
import { assertDecodes, probe } from './support/judge.ts';
import { publish } from './support/publisher.ts';
import {
  assertVerifies,
  BUCKET,
  createRecordingConfiguration,
  untilEvent,
} from './support/recordings.ts';
import { until } from './support/until.ts';

/** Past the end of a recorded segment, which meets the cut. */
const STREAM_SECONDS = 14;

/** A way to a server that can be cut. */
class Cable implements AsyncDisposable {
  readonly #server;
  readonly #sockets = new Set<Socket>();
  refused = 0;
  #isCut = false;

  constructor(targetPort: number) {
    this.#server = createServer((socket) => {
      if (this.#isCut) {
        this.refused++;
        socket.destroy();
        return;
      }
      const target = connect(targetPort, '127.0.0.1');
      for (const [from, to] of [
        [socket, target],
        [target, socket],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => {});
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

test('a stream is recorded to S3, whose bucket is away for a while in mid-stream', async () => {
  await using resources = new AsyncDisposableStack();
  const server = resources.adopt(
    await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' }),
    (started) => started.stop(),
  );
  server.createBucket(BUCKET);
  const cable = resources.use(new Cable(server.port));
  const environment = {
    IVORY_S3_BUCKETS: BUCKET,
    IVORY_S3_ENDPOINT: await cable.listen(),
    IVORY_S3_ACCESS_KEY_ID: 'AKIARECORDINGSINS3AA',
    IVORY_S3_SECRET_ACCESS_KEY: 'secret-of-s3',
  };
  const ivory = resources.use(await startIvoryForTest(environment));
  const { arn, rtmpUrl } = await ivory.createChannel({
    containerFormat: 'TS',
    recordingConfigurationArn: await createRecordingConfiguration(ivory),
  });
  await using encoder = publish(rtmpUrl, {
    size: '320x180',
    gopFrames: 30,
    durationSeconds: STREAM_SECONDS,
  });
  await ivory.untilLive(arn);
  await untilEvent(ivory, arn, 'Recording Start');
  cable.cut();
  await until('the bucket to be missed', () => cable.refused >= 2, { timeoutMs: 20_000 });
  assert.ok(!encoder.hasEnded, 'the stream is on');
  cable.mend();
  assert.equal(await encoder.ended, 0, encoder.stderr);
  await untilEvent(ivory, arn, 'Recording End', { timeoutMs: 60_000 });
  assert.deepEqual(
    (await ivory.eventNames(arn)).filter((name) => /Recording|Starvation|Failure/.test(name)),
    ['Recording Start', 'Recording End'],
  );
  const told = ivory.log.lines.find(({ fields }) => fields['event'] === 'Recording End');
  const prefix = String(told?.fields['keyPrefix']);
  const { config } = readConfig(environment);
  const found = resources.use(await findRecording(`s3://${BUCKET}/${prefix}`, config));
  const recording = found.directory;
  await assertVerifies(recording);
  const playlist = path.join(recording, 'media/hls/180p30/playlist.m3u8');
  assert.equal((await probe(playlist)).video.length, STREAM_SECONDS * 30);
  await assertDecodes(playlist);
});

test('a shutdown does not wait for a bucket that takes the request of a check and does not answer', async () => {
  const asked = Promise.withResolvers<void>();
  await using server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => asked.resolve());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const ivory = await startIvoryForTest({
    IVORY_S3_BUCKETS: BUCKET,
    IVORY_S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    IVORY_S3_ACCESS_KEY_ID: 'AKIARECORDINGSINS3AA',
    IVORY_S3_SECRET_ACCESS_KEY: 'secret-of-s3',
  });
  await ivory.ivs.send(
    new CreateRecordingConfigurationCommand({
      destinationConfiguration: { s3: { bucketName: BUCKET } },
    }),
  );
  await asked.promise;
  const startedMs = performance.now();
  await ivory[Symbol.asyncDispose]();
  assert.ok(performance.now() - startedMs < 10_000);
  const warned = ivory.log.lines.filter(({ message }) =>
    /bucket of a recording conf/.test(message),
  );
  assert.deepEqual(warned, [], 'it is checked again at the next start');
});
