import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { type IvoryAccess, IvoryProcess, temporaryDirectory } from './support/ivory.ts';
import { assertDecodes } from './support/judge.ts';
import { publishFile } from './support/publisher.ts';
import {
  assertVerifies,
  createRecordingConfiguration,
  recordingsOf,
} from './support/recordings.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

const KILLS = 10;
/** At once, so that the test does not take ten times as long as a stream. */
const LANES = 5;
const SOURCE_SECONDS = 14;
/** Between the first frame and the middle of the second recorded segment. */
const KILLED_AFTER_MS = [300, 11_500] as const;
/** A live segment of two seconds, the time that it takes to get here, and a slow machine. */
const MAY_BE_LOST_MS = 2000 + 1500;

/** A server that is killed and started again over the same directory, with one channel. */
class Lane implements AsyncDisposable {
  readonly #directory;
  #server: IvoryProcess | undefined;
  #ivory: IvoryAccess | undefined;
  #channel: Awaited<ReturnType<IvoryAccess['createChannel']>> | undefined;

  constructor(directory: Awaited<ReturnType<typeof temporaryDirectory>>) {
    this.#directory = directory;
  }

  get #buckets(): string {
    return path.join(this.#directory.path, 'buckets');
  }

  /** Kills it so long after its stream began; how much was on air, and which stream that was. */
  async killIn(file: string, afterMs: number): Promise<{ streamId: string; onAirMs: number }> {
    const ivory = this.#ivory ?? (await this.#start());
    this.#channel ??= await ivory.createChannel({
      recordingConfigurationArn: await createRecordingConfiguration(ivory),
    });
    const { channel, streamKey, arn } = this.#channel;
    await using _ = publishFile(ivory.testChannel(channel, streamKey).rtmpUrl, file);
    const { streamId, startTime } = await ivory.untilLive(arn);
    await until('the moment', () => Date.now() >= startTime!.getTime() + afterMs, {
      timeoutMs: afterMs + 2000,
    });
    const onAirMs = Date.now() - startTime!.getTime();
    await this.#server!.kill('SIGKILL');
    ivory.ivs.destroy();
    this.#ivory = undefined;
    return { streamId: streamId!, onAirMs };
  }

  /** The next start completes what was recorded, tells of it once, and leaves nothing behind. */
  async assertCompleted({ streamId, onAirMs }: { streamId: string; onAirMs: number }) {
    const { arn } = this.#channel!;
    const ended = await this.#endedRecordings(arn);
    const ivory = await this.#start();
    await until('the spool to be empty', async () => (await this.#spooled()).length === 0, {
      timeoutMs: 20_000,
    });
    const names = (await ivory.eventNames(arn, streamId)).filter((name) => /Recording/.test(name));
    const isRecorded = names.length > 0;
    assert.deepEqual(names, isRecorded ? ['Recording Start', 'Recording End'] : []);
    assert.ok(isRecorded || onAirMs < MAY_BE_LOST_MS, `nothing of ${onAirMs} ms is there`);
    const added = (await this.#endedRecordings(arn)).filter((each) => !ended.includes(each));
    assert.equal(added.length, isRecorded ? 1 : 0);
    const [recording] = added;
    if (!recording) return 0;
    await assertVerifies(recording);
    await assertDecodes(path.join(recording, 'media/hls/180p30/playlist.m3u8'));
    const document = await readFile(path.join(recording, 'events/recording-ended.json'), 'utf8');
    const { duration_ms: durationMs } = JSON.parse(document).media.hls;
    assert.ok(durationMs >= onAirMs - MAY_BE_LOST_MS, `${durationMs} of ${onAirMs} ms`);
    return durationMs as number;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ivory?.ivs.destroy();
    await this.#server?.[Symbol.asyncDispose]();
    await this.#directory[Symbol.asyncDispose]();
  }

  async #start(): Promise<IvoryAccess> {
    this.#server = new IvoryProcess(this.#directory.path);
    this.#ivory = await this.#server.ready();
    return this.#ivory;
  }

  async #spooled(): Promise<string[]> {
    return readdir(path.join(this.#directory.path, 'spool')).catch(() => []);
  }

  async #endedRecordings(arn: string): Promise<string[]> {
    const all = await recordingsOf(this.#buckets, arn);
    const isEnded = async (each: string) =>
      (await readdir(path.join(each, 'events'))).includes('recording-ended.json');
    const flags = await Promise.all(all.map(isEnded));
    return all.filter((_, index) => flags[index]);
  }
}

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let file: string;
before(async () => {
  directory = await temporaryDirectory();
  file = await encodeSource(path.join(directory.path, 'source.flv'), {
    size: '320x180',
    gopFrames: 15,
    durationSeconds: SOURCE_SECONDS,
  });
});
after(() => directory[Symbol.asyncDispose]());

test(`kill -9 at ${KILLS} random moments: what was complete is recorded, and its end is told once`, async (t) => {
  const [least, most] = KILLED_AFTER_MS;
  // One in each tenth of the time, so that no run leaves a part of it out.
  const moments = Array.from({ length: KILLS }, (_, index) =>
    Math.round(least + ((index + Math.random()) * (most - least)) / KILLS),
  );
  t.diagnostic(`killed after ${moments.join(', ')} ms`);
  await Promise.all(
    Array.from({ length: LANES }, async (_, index) => {
      await using lane = new Lane(await temporaryDirectory());
      // A short one and a long one each.
      for (const afterMs of [moments[index]!, moments[KILLS - 1 - index]!]) {
        const killed = await lane.killIn(file, afterMs);
        const durationMs = await lane.assertCompleted(killed);
        t.diagnostic(`killed at ${killed.onAirMs} ms: ${durationMs} ms are recorded`);
      }
    }),
  );
});
