import type { StreamMeasurements, StreamReading } from '../domain/stream-measurements.ts';
import type { ChannelsOnAir } from './channels-on-air.ts';
import type { LiveChannel } from './live-channel.ts';
import type { StreamViewers } from './ports.ts';

/** What every stream on air has come to, for metrics. */
export class StreamFigures {
  readonly #channels: ChannelsOnAir;
  readonly #viewers: Pick<StreamViewers, 'count' | 'countByCountry'>;

  constructor(channels: ChannelsOnAir, viewers: Pick<StreamViewers, 'count' | 'countByCountry'>) {
    this.#channels = channels;
    this.#viewers = viewers;
  }

  /** As of the last seconds. */
  measurements(): readonly StreamMeasurements[] {
    return this.#live((live) => ({
      accountId: live.accountId,
      region: live.region,
      channelId: live.channelId,
      health: live.health,
      ingest: live.ingest,
      concurrentViews: this.#viewers.count(live.playbackId),
      ...(live.transcodeCpuSeconds !== undefined && {
        transcodeCpuSeconds: live.transcodeCpuSeconds,
      }),
    }));
  }

  /** Counts from the first picture on, for who measures second by second. */
  readings(): readonly StreamReading[] {
    return this.#live((live) => ({
      accountId: live.accountId,
      region: live.region,
      channelId: live.channelId,
      streamId: live.streamId,
      health: live.health,
      concurrentViews: this.#viewers.count(live.playbackId),
      viewsByCountry: this.#viewers.countByCountry(live.playbackId),
      ...live.reading,
    }));
  }

  #live<T>(of: (live: LiveChannel) => T): readonly T[] {
    return this.#channels
      .all()
      .filter((live) => live.isLive)
      .map(of)
      .toArray();
  }
}
