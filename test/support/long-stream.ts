import assert from 'node:assert/strict';
import { access, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { CountryDatabase } from '../../src/adapters/country-database.ts';
import { loadServerSecret, prepareDataDirectory } from '../../src/adapters/data-directory.ts';
import { openSqliteStore } from '../../src/adapters/store/sqlite-store.ts';
import { randomBytes } from '../../src/adapters/system.ts';
import { readConfig } from '../../src/config.ts';
import { SessionIds } from '../../src/delivery/session-ids.ts';
import { ViewerSessions } from '../../src/delivery/viewer-sessions.ts';
import { formatArn } from '../../src/domain/arn.ts';
import { newChannelConfiguration } from '../../src/domain/channel-rules.ts';
import type { Publication } from '../../src/ingest/publishing.ts';
import { type SlabAllocator, SlabPool } from '../../src/lib/slab-pool.ts';
import { LiveRegistry } from '../../src/live/live-registry.ts';
import { VIDEO_TIMESCALE } from '../../src/media/frame.ts';
import { startEvents } from '../../src/wiring/events.ts';
import type { Foundation } from '../../src/wiring/foundation.ts';
import { takeUpHistory } from '../../src/wiring/history.ts';
import { keepMetrics } from '../../src/wiring/metrics.ts';
import { playbackHandlers } from '../../src/wiring/playback.ts';
import { startRecording } from '../../src/wiring/recording.ts';
import { FakeClock } from './fake-clock.ts';
import { InProcessViewer } from './in-process-viewer.ts';
import { ACCOUNT_ID, REGION, RecordedLog } from './ivory.ts';
import { TRACKS } from './media.ts';

const FRAMES_PER_SECOND = 30;
const KEYFRAME_EVERY = 60;
/** A keyframe has as many times the bytes of another picture. */
const KEYFRAME_WEIGHT = 6;
const SAMPLE_RATE = 48_000;
const SAMPLES_PER_FRAME = 1024;
const AUDIO_BYTES = 170;
const STREAM_KEY = 'sk_us-west-2_longstream';
const BUCKET = 'long-stream';
const RECORDED_SEGMENT_SECONDS = 10;
const METADATA_EVERY_SECONDS = 10;
/** Of the machine's time. */
const PATIENCE_MS = 20_000;

/** After a collection of all garbage. */
export interface Memory {
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** Of `lib/slab-pool.ts`, free ones too: no heap or buffer that V8 counts. */
  readonly slabs: number;
  readonly residentBytes: number;
}

/**
 * One stream of many hours in minutes: everything of a real Ivory but sockets, on a clock that is moved as fast as frames are
 * taken. It is watched by two viewers, and recorded.
 */
export class LongStream implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly log: RecordedLog;
  readonly viewers: readonly InProcessViewer[];
  readonly #resources: AsyncDisposableStack;
  readonly #live: LiveRegistry;
  readonly #publication: Publication;
  readonly #slabs: SlabAllocator;
  readonly #buckets: string;
  readonly #pictureBytes: number;
  #hasPlayed = false;
  #recordedDirectory: string | undefined;
  #pictures = 0;
  #audioFrames = 0;

  private constructor(options: {
    clock: FakeClock;
    log: RecordedLog;
    viewers: readonly InProcessViewer[];
    resources: AsyncDisposableStack;
    live: LiveRegistry;
    publication: Publication;
    slabs: SlabAllocator;
    buckets: string;
    kbps: number;
  }) {
    this.clock = options.clock;
    this.log = options.log;
    this.viewers = options.viewers;
    this.#resources = options.resources;
    this.#live = options.live;
    this.#publication = options.publication;
    this.#slabs = options.slabs;
    this.#buckets = options.buckets;
    this.#pictureBytes = (options.kbps * 1000) / 8 / FRAMES_PER_SECOND;
  }

  static async start(dataDirectory: string, { kbps }: { kbps: number }): Promise<LongStream> {
    await using starting = new AsyncDisposableStack();
    const clock = new FakeClock();
    const log = new RecordedLog();
    const { config } = readConfig({ IVORY_DATA_DIR: dataDirectory });
    const directory = await prepareDataDirectory(config.dataDirectory);
    const secret = await loadServerSecret(directory, randomBytes);
    const store = starting.use(await openSqliteStore(directory.database, clock));
    const countries = new CountryDatabase(config.countryDatabase);
    const foundation: Foundation = { config, directory, store, clock, log, resources: starting };
    await startEvents(foundation);
    await takeUpHistory(foundation);
    const recording = await startRecording(foundation);
    const ids = new SessionIds({ key: secret, random: randomBytes, clock });
    const viewers = new ViewerSessions({ ids, clock, log });
    starting.defer(() => viewers.close());
    const payloads = new SlabPool();
    const live = new LiveRegistry({
      ...{ clock, log, viewers, payloads },
      random: randomBytes,
      directory: store.channelDirectory,
      sessionLog: store.sessionLog,
      recorder: recording.recorder,
      quotas: config.quotas,
    });
    keepMetrics({ ...foundation, readings: () => live.figures.readings(), countries });
    const handlers = await playbackHandlers({
      ...foundation,
      ...{ live, viewers, countries, secret },
      isServed: recording.isServed,
    });
    starting.use(live);
    await createChannel(foundation);
    const decision = await live.publish({
      connectionId: 'encoder',
      protocol: 'rtmps',
      remoteAddress: '127.0.0.1',
      streamKey: STREAM_KEY,
      parameters: new Map(),
      disconnect: () => {},
    });
    assert.ok(decision.accepted);
    decision.publication.metadata({ encoder: 'test', frameRate: FRAMES_PER_SECOND });
    decision.publication.tracks(TRACKS);
    return new LongStream({
      ...{ clock, log, live, kbps },
      viewers: [false, true].map(
        (isCompressed) => new InProcessViewer(handlers, { isCompressed, clock }),
      ),
      publication: decision.publication,
      slabs: payloads.allocator(),
      buckets: directory.buckets,
      resources: starting.move(),
    });
  }

  get mediaSeconds(): number {
    return this.#pictures / FRAMES_PER_SECOND;
  }

  /** Media goes on for so long, no faster than viewers, database and recording take it. */
  async run(seconds: number): Promise<void> {
    const end = this.mediaSeconds + seconds;
    while (this.mediaSeconds < end) {
      for (let i = 0; i < FRAMES_PER_SECOND; i++) {
        this.#feedPicture();
        // What answered a viewer has it ask for the next thing.
        if (i % 6 === 5) await turn();
      }
      for (const viewer of this.viewers) viewer.check();
      if (!this.#hasPlayed && this.mediaSeconds >= 5) await this.#play();
      if (this.mediaSeconds % METADATA_EVERY_SECONDS === 0) this.#putMetadata();
      if (this.mediaSeconds % RECORDED_SEGMENT_SECONDS === 0) await this.#untilRecorded();
    }
  }

  /** Takes a second: every object of the heap is looked at. */
  memory(): Memory {
    const slabs = queryObjects(SharedArrayBuffer, { format: 'count' });
    const { heapUsed, external, rss } = process.memoryUsage();
    return {
      heapBytes: heapUsed,
      externalBytes: external,
      slabs,
      residentBytes: rss,
    };
  }

  #feedPicture(): void {
    const seconds = this.#pictures / FRAMES_PER_SECOND;
    this.clock.setMonotonic(seconds * 1000);
    const isKeyframe = this.#pictures % KEYFRAME_EVERY === 0;
    const weight = KEYFRAME_EVERY / (KEYFRAME_EVERY - 1 + KEYFRAME_WEIGHT);
    const byteLength = Math.round(this.#pictureBytes * weight * (isKeyframe ? KEYFRAME_WEIGHT : 1));
    this.#feed('video', seconds * VIDEO_TIMESCALE, isKeyframe, byteLength);
    this.#pictures++;
    while ((this.#audioFrames * SAMPLES_PER_FRAME) / SAMPLE_RATE <= seconds) {
      this.#feed('audio', this.#audioFrames * SAMPLES_PER_FRAME, true, AUDIO_BYTES);
      this.#audioFrames++;
    }
  }

  #feed(kind: 'video' | 'audio', ticks: number, isKeyframe: boolean, byteLength: number): void {
    const payload = this.#slabs.allocate(byteLength);
    if (kind === 'video') {
      // One NAL unit behind its length: an IDR slice, or another one.
      payload.writeUInt32BE(byteLength - 4, 0);
      payload[4] = isKeyframe ? 0x65 : 0x41;
    }
    this.#publication.received(kind, byteLength);
    const dtsTicks = Math.round(ticks);
    this.#publication.frame({ kind, dtsTicks, ctsOffsetTicks: 0, isKeyframe, payload });
  }

  async #play(): Promise<void> {
    this.#hasPlayed = true;
    for (const viewer of this.viewers) {
      await viewer.play(`/api/video/v1/${REGION}.${ACCOUNT_ID}.channel.${CHANNEL_ID}.m3u8`);
    }
  }

  #putMetadata(): void {
    this.#live.putMetadata(CHANNEL_ARN, `at ${this.mediaSeconds} s`);
  }

  /** The bucket has all but the newest segments; the older ones leave it, so that no disk fills. */
  async #untilRecorded(): Promise<void> {
    const newest = this.mediaSeconds / RECORDED_SEGMENT_SECONDS - 3;
    if (newest < 0) return;
    const deadline = performance.now() + PATIENCE_MS;
    let directory = this.#recordedDirectory;
    while (!directory || !(await isThere(path.join(directory, `${newest}.ts`)))) {
      assert.ok(performance.now() < deadline, `segment ${newest} is not recorded`);
      await sleep(1);
      directory ??= await findSegments(this.#buckets);
    }
    this.#recordedDirectory = directory;
    await rm(path.join(directory, `${newest - 1}.ts`), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#publication.end({ kind: 'unpublished' });
    await this.#resources.disposeAsync();
  }
}

const CHANNEL_ID = 'longStream12';
const COMMON = { accountId: ACCOUNT_ID, region: REGION, createdAtMs: 0, tags: {} };
const CHANNEL_ARN = formatArn({ ...COMMON, type: 'channel', id: CHANNEL_ID });

async function createChannel({ store }: Foundation): Promise<void> {
  const { controlStore } = store;
  const id = 'longRecord12';
  const arn = formatArn({ ...COMMON, type: 'recording-configuration', id });
  await controlStore.recordingConfigurations.create(
    {
      ...{ ...COMMON, arn, id, name: '', state: 'ACTIVE', bucketName: BUCKET },
      recordingReconnectWindowSeconds: 0,
      thumbnailConfiguration: { recordingMode: 'DISABLED', storage: [] },
      renditionConfiguration: { renditionSelection: 'ALL', renditions: [] },
    },
    1,
  );
  const configuration = newChannelConfiguration({ type: 'BASIC', recordingConfigurationArn: arn });
  const keyArn = formatArn({ ...COMMON, type: 'stream-key', id: CHANNEL_ID });
  await controlStore.createChannel(
    { ...COMMON, ...configuration, arn: CHANNEL_ARN, id: CHANNEL_ID, srtPassphrase: 'secret' },
    { ...COMMON, arn: keyArn, id: CHANNEL_ID, channelArn: CHANNEL_ARN, value: STREAM_KEY },
    1,
  );
}

async function findSegments(buckets: string): Promise<string | undefined> {
  const entries = await readdir(buckets, { recursive: true }).catch(() => []);
  const first = entries.find((entry) => entry.endsWith('/0.ts'));
  return first && path.join(buckets, path.dirname(first));
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
