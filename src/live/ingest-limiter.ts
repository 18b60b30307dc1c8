import type { ChannelRecord } from '../domain/channel.ts';
import type { LimitBreach } from '../domain/events.ts';
import {
  BITRATE_WINDOW_MS,
  BitrateMeter,
  checkResolution,
  type IngestLimits,
  type IngestWarning,
  ingestLimits,
  ingestWarnings,
} from '../domain/ingest-limits.ts';
import { MediaLag } from '../domain/media-lag.ts';

/** What an encoder may send to one channel, held against what it does send. */
export class IngestLimiter {
  readonly #channel: ChannelRecord;
  readonly #meter = new BitrateMeter();
  readonly #lag = new MediaLag(BITRATE_WINDOW_MS);
  readonly #warned = new Set<IngestWarning['name']>();
  #limits: IngestLimits | undefined;

  constructor(channel: ChannelRecord) {
    this.#channel = channel;
  }

  /** The breach of a limit by the picture's size. */
  picture(size: { readonly width: number; readonly height: number }): LimitBreach | undefined {
    this.#limits = ingestLimits(this.#channel, size);
    return checkResolution(this.#limits, size);
  }

  received(byteLength: number, nowMs: number): void {
    this.#meter.received(byteLength, nowMs);
  }

  /** The process did not get to take what was sent: see `BitrateMeter.beginAnew`. */
  stalled(nowMs: number): void {
    this.#meter.beginAnew(nowMs);
  }

  /** Once a second: the breach of a limit by the bit rate. `mediaMs`: length of the pictures that came in. */
  check(nowMs: number, mediaMs: number): LimitBreach | undefined {
    this.#lag.observe(nowMs, mediaMs);
    return this.#limits && this.#meter.check(nowMs, this.#limits.maxBitrateBps, this.#lag.madeUpMs);
  }

  /** What should be told of the encoder and has not been yet. */
  warnings(measured: {
    readonly framesPerSecond: number;
    readonly keyframeIntervalSeconds: number;
  }): readonly IngestWarning[] {
    return ingestWarnings(measured).filter(({ name }) => {
      const isNew = !this.#warned.has(name);
      this.#warned.add(name);
      return isNew;
    });
  }
}
