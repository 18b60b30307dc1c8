import { Counter, Gauge, Registry } from 'prom-client';
import type { RecordingMeasurements } from '../domain/recording-measurements.ts';
import type { StreamMeasurements } from '../domain/stream-measurements.ts';
import { STREAM_HEALTHS } from '../domain/stream-session.ts';
import type { TargetMeasurements } from '../events/dispatcher.ts';
import { registerEventMetrics } from './prometheus-events.ts';
import { registerGauge } from './prometheus-gauge.ts';
import { registerRecordingMetrics } from './prometheus-recordings.ts';

/** What is asked at each scrape; nothing is kept between two. */
export interface MetricsSources {
  /** Streams on air: as many as the quota on concurrent streams, which bounds the labels. */
  readonly streams: () => readonly StreamMeasurements[];
  /** Answers so far, by their status. */
  readonly httpReplies: () => ReadonlyMap<number, number>;
  /** Since the start, of all channels. */
  readonly transcodeDeaths: () => number;
  readonly recordings: () => RecordingMeasurements;
  /** Threads that take connections beside the main one. */
  readonly workerCount: () => number;
  readonly certificateExpiresAtMs: () => number;
  readonly eventTargets: () => Promise<readonly TargetMeasurements[]>;
  readonly apiCalls: Iterable<{
    readonly operation: string;
    readonly error: string;
    readonly count: number;
  }>;
}

/** Everything that `/metrics` has, asked of `sources` at each scrape. */
export function prometheusRegistry(sources: MetricsSources): Registry {
  const registry = new Registry();
  registerStreams(registry, sources);
  registerService(registry, sources);
  registerRecordingMetrics(registry, sources.recordings);
  registerEventMetrics(registry, sources.eventTargets);
  return registry;
}

const LABELS = ['account', 'region', 'channel'] as const;

/** Bit rates are in bits, as IVS counts them. */
const STREAM_GAUGES: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (stream: StreamMeasurements) => number;
}[] = [
  {
    name: 'ivory_concurrent_views',
    help: 'Viewing sessions that play the channel (IVS: ConcurrentViews).',
    value: ({ concurrentViews }) => concurrentViews,
  },
  {
    name: 'ivory_ingest_video_bits_per_second',
    help: 'Video from the encoder, over 5 s (IVS: IngestVideoBitrate).',
    value: ({ ingest }) => ingest.videoBitrateBps,
  },
  {
    name: 'ivory_ingest_audio_bits_per_second',
    help: 'Audio from the encoder, over 5 s (IVS: IngestAudioBitrate).',
    value: ({ ingest }) => ingest.audioBitrateBps,
  },
  {
    name: 'ivory_ingest_bits_per_second',
    help: 'Video and audio from the encoder, over 5 s (IVS: IngestBitrate).',
    value: ({ ingest }) => ingest.videoBitrateBps + ingest.audioBitrateBps,
  },
  {
    name: 'ivory_ingest_frames_per_second',
    help: 'Pictures from the encoder, over 5 s (IVS: IngestFramerate).',
    value: ({ ingest }) => ingest.framesPerSecond,
  },
  {
    name: 'ivory_keyframe_interval_seconds',
    help: 'Between the last two keyframes (IVS: KeyframeInterval).',
    value: ({ ingest }) => ingest.keyframeIntervalSeconds,
  },
];

function registerStreams(registry: Registry, { streams }: MetricsSources): void {
  const registers = [registry];
  const labelsOf = ({ accountId: account, region, channelId: channel }: StreamMeasurements) => ({
    account,
    region,
    channel,
  });
  for (const { name, help, value } of STREAM_GAUGES) {
    const gauge: Gauge = new Gauge({
      ...{ name, help, registers, labelNames: LABELS },
      collect: () => {
        gauge.reset();
        for (const stream of streams()) gauge.set(labelsOf(stream), value(stream));
      },
    });
  }
  const cpu: Counter = new Counter({
    name: 'ivory_transcode_cpu_seconds_total',
    help: "Processor time of the channel's ladder since its stream began.",
    registers,
    labelNames: LABELS,
    collect: () => {
      cpu.reset();
      for (const stream of streams()) {
        const seconds = stream.transcodeCpuSeconds;
        if (seconds !== undefined) cpu.inc(labelsOf(stream), seconds);
      }
    },
  });
  const concurrent: Gauge = new Gauge({
    name: 'ivory_concurrent_streams',
    help: 'Channels on air by health (IVS: ConcurrentStreams).',
    registers,
    labelNames: ['health'],
    collect: () => {
      concurrent.reset();
      for (const health of STREAM_HEALTHS) concurrent.set({ health }, 0);
      for (const { health } of streams()) concurrent.inc({ health });
    },
  });
}

function registerService(registry: Registry, sources: MetricsSources): void {
  const { httpReplies, apiCalls } = sources;
  const registers = [registry];
  const replies: Counter = new Counter({
    name: 'ivory_http_requests_total',
    help: 'HTTP requests answered, by status.',
    registers,
    labelNames: ['status'],
    collect: () => {
      replies.reset();
      for (const [status, count] of httpReplies()) replies.inc({ status }, count);
    },
  });
  const calls: Counter = new Counter({
    name: 'ivory_api_requests_total',
    help: 'API calls answered, by operation; error: by its name, nothing where the call succeeded.',
    registers,
    labelNames: ['operation', 'error'],
    collect: () => {
      calls.reset();
      for (const { operation, error, count } of apiCalls) calls.inc({ operation, error }, count);
    },
  });
  const deaths: Counter = new Counter({
    name: 'ivory_transcode_deaths_total',
    help: 'ffmpegs of ladders that ended without having been asked.',
    registers,
    collect: () => {
      deaths.reset();
      deaths.inc(sources.transcodeDeaths());
    },
  });
  const cpu: Counter = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time of Ivory itself, without its ladders.',
    registers,
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });
  registerGauge(
    registry,
    'ivory_worker_threads',
    'Threads that take connections beside the main one.',
    sources.workerCount,
  );
  registerGauge(
    registry,
    'ivory_tls_certificate_expiry_timestamp_seconds',
    'When the TLS certificate in use expires, since the Unix epoch.',
    () => sources.certificateExpiresAtMs() / 1000,
  );
  registerGauge(
    registry,
    'process_resident_memory_bytes',
    'Memory of Ivory itself, without its ladders.',
    () => process.memoryUsage.rss(),
  );
}
