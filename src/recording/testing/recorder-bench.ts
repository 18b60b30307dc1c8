import { setImmediate } from 'node:timers/promises';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { ChannelRecord } from '../../domain/channel.ts';
import type { RecordingEvent } from '../../domain/events.ts';
import type { RecordingConfigurationRecord } from '../../domain/recording-configuration.ts';
import { type Logger, silentLogger } from '../../lib/logger.ts';
import type { StreamRecording } from '../../live/ports.ts';
import { VIDEO_TIMESCALE } from '../../media/frame.ts';
import { LiveWindow } from '../../packaging/live-window.ts';
import { Part } from '../../packaging/segment.ts';
import type { ObjectStore, RecordingHistory, RecordingSpool } from '../ports.ts';
import { Recorder } from '../recorder.ts';
import { MemorySpool } from './memory-spool.ts';
import { MemoryStore } from './memory-store.ts';

export const CHANNEL_ARN = 'arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh';

const CONFIGURATION: RecordingConfigurationRecord = {
  accountId: '123456789012',
  region: 'us-west-2',
  arn: 'arn:aws:ivs:us-west-2:123456789012:recording-configuration/mnopqrstuvwx',
  id: 'mnopqrstuvwx',
  name: '',
  state: 'ACTIVE',
  bucketName: 'bucket',
  recordingReconnectWindowSeconds: 0,
  thumbnailConfiguration: {
    recordingMode: 'INTERVAL',
    targetIntervalSeconds: 60,
    storage: ['SEQUENTIAL'],
  },
  renditionConfiguration: { renditionSelection: 'ALL', renditions: [] },
  tags: {},
  createdAtMs: 0,
};

export interface BenchRendition {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

const HD: BenchRendition = { name: '720p30', width: 1280, height: 720 };

/** A stream whose segments the test completes, one after another. */
export class BenchStream {
  readonly streamId: string;
  readonly windows: readonly LiveWindow[];
  readonly #recording: StreamRecording;
  readonly #renditions: readonly BenchRendition[];
  #atMs: number;

  constructor(
    streamId: string,
    renditions: readonly BenchRendition[],
    clock: FakeClock,
    begin: (windows: readonly LiveWindow[]) => StreamRecording,
    mediaExtension: 'ts' | 'm4s' = 'ts',
  ) {
    this.streamId = streamId;
    this.#renditions = renditions;
    this.#atMs = clock.nowMs();
    this.windows = renditions.map(
      () =>
        new LiveWindow({
          isLowLatency: true,
          mediaExtension,
          clock,
          onSegment: (window, segment) => this.#recording.segment(window, segment),
        }),
    );
    this.#recording = begin(this.windows);
  }

  get isRecording(): boolean {
    return this.#recording.isRecording;
  }

  /** In every rendition, of one group of pictures; its bytes say which. */
  segment(seconds = 2, { isDiscontinuous = false } = {}): void {
    for (const index of this.windows.keys()) this.segmentOf(index, seconds, { isDiscontinuous });
    this.#atMs += seconds * 1000;
  }

  segmentOf(index: number, seconds: number, { isDiscontinuous = false, isGap = false } = {}): void {
    const window = this.windows[index]!;
    const { name, width, height } = this.#renditions[index]!;
    const msn = window.nextMsn;
    window.beginSegment({ programDateTimeMs: this.#atMs, isDiscontinuous });
    if (isGap) {
      window.completeGap(seconds * VIDEO_TIMESCALE);
      return;
    }
    const bytes = Buffer.from(`${this.streamId} ${name} ${msn}\n`);
    window.appendPart(
      new Part({
        index: 0,
        durationTicks: seconds * VIDEO_TIMESCALE,
        isIndependent: true,
        encodable: { byteLength: bytes.byteLength, encode: () => bytes, release() {} },
      }),
    );
    window.completeSegment(
      seconds * VIDEO_TIMESCALE,
      { targetDurationSeconds: 4, partTargetTicks: 0.2 * VIDEO_TIMESCALE },
      () => ({
        name,
        codecs: 'avc1.64001F,mp4a.40.2',
        picture: { width, height, framesPerSecond: 30 },
        bandwidthBps: 1,
        averageBandwidthBps: 1,
        isSource: true,
        hasIndependentSegments: true,
      }),
    );
  }

  /** What the recording of the stream must contain: one that is broken. */
  fault(): void {
    const [window] = this.windows;
    const broken = new Proxy(window!, {
      get() {
        throw new Error('fault');
      },
    });
    this.#recording.segment(broken, undefined as never);
  }

  thumbnail(jpeg: Uint8Array): void {
    this.#recording.thumbnail(jpeg);
  }

  end(): void {
    this.#recording.end();
  }
}

/** A recorder between streams of the test's making and buckets in memory. */
export class RecorderBench implements RecordingHistory {
  readonly clock: FakeClock;
  readonly spool: MemorySpool;
  readonly store: MemoryStore;
  readonly events: (RecordingEvent & { readonly streamId: string })[];
  readonly recorder: Recorder;
  isDiskFull = false;
  #streams = 0;

  constructor(
    crashed?: RecorderBench,
    {
      spoolLimitBytes = 1e9,
      disk,
      log = silentLogger,
    }: {
      readonly spoolLimitBytes?: number;
      readonly log?: Logger;
      /** In place of memory. */
      readonly disk?: { readonly spool: RecordingSpool; readonly store: ObjectStore };
    } = {},
  ) {
    this.clock = crashed?.clock ?? new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5));
    this.spool = crashed?.spool.copy() ?? new MemorySpool();
    this.store = new MemoryStore(this.spool);
    this.events = [...(crashed?.events ?? [])];
    if (crashed)
      for (const [key, bytes] of crashed.store.objects) this.store.objects.set(key, bytes);
    this.#streams = crashed ? crashed.#streams : 0;
    this.recorder = new Recorder({
      spool: disk?.spool ?? this.spool,
      store: disk?.store ?? this.store,
      history: this,
      clock: this.clock,
      random: (count) => Uint8Array.from({ length: count }, (_, index) => index + this.#streams),
      log,
      spoolLimitBytes,
      isDiskFull: async () => this.isDiskFull,
    });
  }

  async appendRecordingEvent(
    streamId: string,
    event: RecordingEvent,
    unless: readonly RecordingEvent['name'][],
  ): Promise<void> {
    const isTold = this.events.some(
      (told) => told.streamId === streamId && unless.includes(told.name),
    );
    if (!isTold) this.events.push({ ...event, streamId });
  }

  get eventNames(): string[] {
    return this.events.map(({ name }) => name);
  }

  stream(
    options: {
      readonly configuration?: Partial<RecordingConfigurationRecord>;
      readonly type?: ChannelRecord['type'];
      readonly renditions?: readonly BenchRendition[];
      readonly videoBitrateBps?: number;
      readonly width?: number;
      readonly hasThumbnails?: boolean;
      readonly channelArn?: string;
      readonly mediaExtension?: 'ts' | 'm4s';
    } = {},
  ): BenchStream {
    const streamId = `st-${++this.#streams}`;
    const channel = {
      accountId: '123456789012',
      region: 'us-west-2',
      arn: options.channelArn ?? CHANNEL_ARN,
      id: 'abcdABCDefgh',
      name: 'test',
      type: options.type ?? 'STANDARD',
    } as ChannelRecord;
    const begin = (windows: readonly LiveWindow[]) =>
      this.recorder.begin({
        channel,
        streamId,
        startTimeMs: this.clock.nowMs(),
        configuration: { ...CONFIGURATION, ...options.configuration },
        windows,
        thumbnailSize: options.hasThumbnails === false ? undefined : { width: 1280, height: 720 },
        ingest: {
          video: {
            profile: 'High',
            level: '3.1',
            codec: 'avc1.64001F',
            encoder: '',
            targetBitrateBps: options.videoBitrateBps ?? 3_000_000,
            targetFrameRate: 30,
            width: options.width ?? 1280,
            height: 720,
          },
        },
      });
    return new BenchStream(
      streamId,
      options.renditions ?? [HD],
      this.clock,
      begin,
      options.mediaExtension,
    );
  }

  /** Lets everything happen that does not wait for the clock. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 30; turn++) await setImmediate();
  }
}
