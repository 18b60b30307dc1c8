import type { Tenant } from '../domain/tenant.ts';
import type { Clock } from '../lib/clock.ts';
import type { LiveChannel } from './live-channel.ts';

/** An ended stream is served with ENDLIST for this long: players finish their buffers and learn that it is over. */
const ENDED_STREAM_KEPT_MS = 60_000;

/** Every stream on air, by its channel and for its viewers, who may also play what ended a moment ago. */
export class ChannelsOnAir {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #onForgotten: (live: LiveChannel) => void;
  /** In the order they came on air. */
  readonly #byArn = new Map<string, LiveChannel>();
  /** On air and recently ended ones, each by both of its ids. */
  readonly #byPlaybackId = new Map<string, LiveChannel>();

  /** `onForgotten`: nobody finds the stream any more. */
  constructor(clock: Pick<Clock, 'after'>, onForgotten: (live: LiveChannel) => void) {
    this.#clock = clock;
    this.#onForgotten = onForgotten;
  }

  get(channelArn: string): LiveChannel | undefined {
    return this.#byArn.get(channelArn);
  }

  byPlaybackId(playbackId: string): LiveChannel | undefined {
    return this.#byPlaybackId.get(playbackId);
  }

  /** On air, in the order they came. */
  all(): IteratorObject<LiveChannel> {
    return this.#byArn.values();
  }

  /** Without a list of them: whoever starts to play has them counted. */
  of({ accountId, region }: Tenant): IteratorObject<LiveChannel> {
    return this.all().filter((live) => live.accountId === accountId && live.region === region);
  }

  /** Those that ended a moment ago, too. */
  allServed(): ReadonlySet<LiveChannel> {
    return new Set(this.#byPlaybackId.values());
  }

  add(live: LiveChannel): void {
    this.#byArn.set(live.channelArn, live);
    this.#byPlaybackId.set(live.playbackId, live).set(live.boundPlaybackId, live);
  }

  /** Its channel is free; its viewers find it for a while. */
  ended(live: LiveChannel): void {
    if (this.#byArn.get(live.channelArn) === live) this.#byArn.delete(live.channelArn);
    this.#clock.after(ENDED_STREAM_KEPT_MS, () => this.forget(live));
  }

  forget(live: LiveChannel): void {
    if (this.#byArn.get(live.channelArn) === live) this.#byArn.delete(live.channelArn);
    this.#byPlaybackId.delete(live.playbackId);
    this.#byPlaybackId.delete(live.boundPlaybackId);
    this.#onForgotten(live);
  }
}
