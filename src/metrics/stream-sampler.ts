import type { ReceivedMedia, StreamReading } from '../domain/stream-measurements.ts';
import { STREAM_HEALTHS, type StreamHealth } from '../domain/stream-session.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { MetricName } from './catalog.ts';
import type { SeriesKey } from './ports.ts';
import { SECOND_MS } from './seconds.ts';

/** Takes values, as `MetricHistory` does. */
interface MetricSink {
  add(key: SeriesKey, secondMs: number, value: number): void;
}

/** ISO 3166-1 alpha-2, or nothing where nobody knows. */
type CountryOf = (address: string) => string | undefined;

/** After a longer pause of the process, or of its clock, what came in is told of the last second only. */
const MAX_LATE_SECONDS = 5;

/** A rate over less than this is noise: the wall clock was set forward, and the next second is near. */
const MIN_ELAPSED_SECONDS = 0.5;

/** Once a second, on the second: what every stream did in the second that is over, as IVS's metrics. One timer for all streams. */
export class StreamSampler {
  readonly #clock: Clock;
  readonly #readings: () => readonly StreamReading[];
  readonly #sink: MetricSink;
  readonly #countryOf: CountryOf;
  readonly #log: Logger;
  #streams = new Map<string, SampledStream>();
  #tenants = new Map<string, SampledTenant>();
  #lastSecondMs: number;
  #lastMonotonicMs: number;
  #cancel: CancelTimer | undefined;
  /** What was logged goes on until it is over: a line a second helps nobody. */
  #isFailing = false;
  #hasLookUpFailed = false;

  constructor(options: {
    readonly clock: Clock;
    readonly readings: () => readonly StreamReading[];
    readonly sink: MetricSink;
    readonly countryOf: CountryOf;
    readonly log: Logger;
  }) {
    this.#clock = options.clock;
    this.#readings = options.readings;
    this.#sink = options.sink;
    this.#countryOf = options.countryOf;
    this.#log = options.log;
    this.#lastSecondMs = secondOf(this.#clock.nowMs()) - SECOND_MS;
    this.#lastMonotonicMs = this.#clock.monotonicMs();
    this.#wait();
  }

  close(): void {
    this.#cancel?.();
  }

  /** To the next whole second of the wall clock, anew each time: a timer of its own pace would miss one now and then. */
  #wait(): void {
    const nowMs = this.#clock.nowMs();
    this.#cancel = this.#clock.after(secondOf(nowMs) + SECOND_MS - nowMs, () => {
      this.#wait();
      this.#trySample();
    });
  }

  /** Nothing that is measured is worth the process. */
  #trySample(): void {
    try {
      this.#sample();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.error({ err: error }, 'cannot measure the streams');
      this.#isFailing = true;
    }
  }

  /** Of an address that nobody can look up nobody knows the country. */
  #locate(address: string): string | undefined {
    try {
      return this.#countryOf(address);
    } catch (error) {
      if (!this.#hasLookUpFailed) this.#log.error({ err: error }, 'cannot look up countries');
      this.#hasLookUpFailed = true;
      return undefined;
    }
  }

  #sample(): void {
    const secondMs = secondOf(this.#clock.nowMs()) - SECOND_MS;
    // A timer that fired early, or a clock that was set back by a little: the second is told of already.
    if (secondMs <= this.#lastSecondMs && secondMs > this.#lastSecondMs - MAX_LATE_SECONDS * 1000) {
      return;
    }
    const monotonicMs = this.#clock.monotonicMs();
    const elapsedSeconds = (monotonicMs - this.#lastMonotonicMs) / 1000;
    if (elapsedSeconds < MIN_ELAPSED_SECONDS) return;
    const late = (secondMs - this.#lastSecondMs) / SECOND_MS;
    const seconds = late >= 1 && late <= MAX_LATE_SECONDS ? late : 1;
    const rates = this.#measure(elapsedSeconds);
    for (let i = seconds - 1; i >= 0; i--) {
      for (const { key, value } of rates) this.#sink.add(key, secondMs - i * SECOND_MS, value);
    }
    this.#lastSecondMs = secondMs;
    this.#lastMonotonicMs = monotonicMs;
  }

  /** Per second, over the time since the last call. */
  #measure(elapsedSeconds: number): readonly Sample[] {
    const samples: Sample[] = [];
    const streams = new Map<string, SampledStream>();
    const tenants = new Map<string, SampledTenant>();
    for (const reading of this.#readings()) {
      const tenantName = `${reading.accountId} ${reading.region}`;
      let tenant = tenants.get(tenantName);
      if (!tenant) {
        tenant = this.#tenants.get(tenantName) ?? new SampledTenant(reading);
        tenant.begin();
        tenants.set(tenantName, tenant);
      }
      const known = this.#streams.get(reading.streamId);
      const stream = known ?? new SampledStream(reading);
      streams.set(reading.streamId, stream);
      stream.locate(reading.encoderAddress, (address) => this.#locate(address));
      const rates = stream.measure(reading, elapsedSeconds, samples);
      tenant.count(reading, rates, stream.country);
    }
    for (const tenant of tenants.values()) tenant.end(samples);
    this.#streams = streams;
    this.#tenants = tenants;
    return samples;
  }
}

interface Sample {
  readonly key: SeriesKey;
  readonly value: number;
}

interface Rates {
  readonly bitrateBps: number;
  readonly framesPerSecond: number;
  /** Seconds of media in a second. */
  readonly inputRate: number;
}

/** What was read of a stream the last time, and where what is measured of it goes. */
class SampledStream {
  readonly #keys: Readonly<Record<MetricName, SeriesKey>>;
  readonly #byViewerCountry = new Map<string, SeriesKey>();
  #previous: ReceivedMedia = {
    videoByteLength: 0,
    audioByteLength: 0,
    frames: 0,
    mediaMs: 0,
  };
  #address: string | undefined;
  country: string | undefined;

  constructor(reading: StreamReading) {
    this.#keys = keysOf(reading, `Channel=${reading.channelId}`);
  }

  /** One look-up for each connection of the encoder. */
  locate(address: string | undefined, countryOf: CountryOf): void {
    if (address === undefined || address === this.#address) return;
    this.#address = address;
    this.country = countryOf(address);
  }

  measure(reading: StreamReading, elapsedSeconds: number, samples: Sample[]): Rates {
    const keys = this.#keys;
    const previous = this.#previous;
    this.#previous = reading;
    const rate = (name: keyof typeof previous) => (reading[name] - previous[name]) / elapsedSeconds;
    const videoBps = rate('videoByteLength') * 8;
    const audioBps = rate('audioByteLength') * 8;
    const framesPerSecond = rate('frames');
    const inputRate = rate('mediaMs') / 1000;
    samples.push(
      { key: keys.IngestVideoBitrate, value: videoBps },
      { key: keys.IngestAudioBitrate, value: audioBps },
      { key: keys.IngestBitrate, value: videoBps + audioBps },
      { key: keys.IngestFramerate, value: framesPerSecond },
      { key: keys.ConcurrentViews, value: reading.concurrentViews },
      { key: keys.LiveDeliveredTime, value: reading.concurrentViews },
      { key: keys.LiveInputTime, value: inputRate },
    );
    if (reading.keyframeIntervalSeconds > 0 && framesPerSecond > 0) {
      samples.push({ key: keys.KeyframeInterval, value: reading.keyframeIntervalSeconds });
    }
    for (const [country, views] of reading.viewsByCountry) {
      samples.push({ key: this.#deliveredTo(country), value: views });
    }
    if (reading.isRecording) samples.push({ key: keys.RecordedTime, value: inputRate });
    return { bitrateBps: videoBps + audioBps, framesPerSecond, inputRate };
  }

  #deliveredTo(country: string): SeriesKey {
    let key = this.#byViewerCountry.get(country);
    if (!key) {
      const all = this.#keys.LiveDeliveredTime;
      key = { ...all, dimensions: `${all.dimensions},ViewerCountryCode=${country}` };
      this.#byViewerCountry.set(country, key);
    }
    return key;
  }
}

/** All streams of a tenant together. */
class SampledTenant {
  readonly #tenant: Tenant;
  readonly #keys: Readonly<Record<MetricName, SeriesKey>>;
  readonly #byHealth: Readonly<Record<StreamHealth, SeriesKey>>;
  /** Every country that a stream came from since there have been streams: its count may go back to 0. */
  readonly #byCountry = new Map<string, { readonly key: SeriesKey; count: number }>();
  #streams: (Rates & Pick<StreamReading, 'health'>)[] = [];
  #views = 0;
  #inputRate = 0;
  #recordedRate = 0;

  constructor(reading: StreamReading) {
    const { accountId, region } = reading;
    this.#tenant = { accountId, region };
    this.#keys = keysOf(this.#tenant, '');
    const keyOf = (health: StreamHealth) => this.#concurrentStreams(`Health=${health}`);
    this.#byHealth = {
      HEALTHY: keyOf('HEALTHY'),
      STARVING: keyOf('STARVING'),
      UNKNOWN: keyOf('UNKNOWN'),
    };
  }

  begin(): void {
    this.#streams = [];
    this.#views = 0;
    this.#inputRate = 0;
    this.#recordedRate = 0;
    for (const country of this.#byCountry.values()) country.count = 0;
  }

  count(reading: StreamReading, rates: Rates, country: string | undefined): void {
    this.#streams.push({ ...rates, health: reading.health });
    this.#views += reading.concurrentViews;
    this.#inputRate += rates.inputRate;
    if (reading.isRecording) this.#recordedRate += rates.inputRate;
    if (country === undefined) return;
    const known = this.#byCountry.get(country);
    if (known) known.count++;
    else {
      const key = this.#concurrentStreams(`StreamerCountryCode=${country}`);
      this.#byCountry.set(country, { key, count: 1 });
    }
  }

  end(samples: Sample[]): void {
    const keys = this.#keys;
    samples.push(
      { key: keys.ConcurrentStreams, value: this.#streams.length },
      { key: keys.ConcurrentViews, value: this.#views },
      { key: keys.LiveDeliveredTime, value: this.#views },
      { key: keys.LiveInputTime, value: this.#inputRate },
    );
    if (this.#recordedRate > 0) {
      samples.push({ key: keys.RecordedTime, value: this.#recordedRate });
    }
    for (const name of STREAM_HEALTHS) {
      const value = this.#streams.filter(({ health }) => health === name).length;
      samples.push({ key: this.#byHealth[name], value });
    }
    for (const { key, count } of this.#byCountry.values()) samples.push({ key, value: count });
    // A value a stream: the average is that of a stream, as CloudWatch has it of what was put without a dimension.
    for (const { bitrateBps, framesPerSecond } of this.#streams) {
      samples.push(
        { key: keys.IngestBitrate, value: bitrateBps },
        { key: keys.IngestFramerate, value: framesPerSecond },
      );
    }
  }

  #concurrentStreams(dimensions: string): SeriesKey {
    return { ...this.#tenant, metric: 'ConcurrentStreams', dimensions };
  }
}

function keysOf(
  { accountId, region }: Tenant,
  dimensions: string,
): Readonly<Record<MetricName, SeriesKey>> {
  const keyOf = (metric: MetricName): SeriesKey => ({ accountId, region, metric, dimensions });
  return {
    ConcurrentViews: keyOf('ConcurrentViews'),
    ConcurrentStreams: keyOf('ConcurrentStreams'),
    IngestVideoBitrate: keyOf('IngestVideoBitrate'),
    IngestAudioBitrate: keyOf('IngestAudioBitrate'),
    IngestBitrate: keyOf('IngestBitrate'),
    IngestFramerate: keyOf('IngestFramerate'),
    KeyframeInterval: keyOf('KeyframeInterval'),
    LiveDeliveredTime: keyOf('LiveDeliveredTime'),
    LiveInputTime: keyOf('LiveInputTime'),
    RecordedTime: keyOf('RecordedTime'),
  };
}

const secondOf = (timeMs: number): number => timeMs - (timeMs % SECOND_MS);
