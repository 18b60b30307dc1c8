import type { ContainerFormat } from '../domain/channel.ts';
import { type NominalBitrates, nominalBps, type RenditionPlan } from '../domain/ladder.ts';
import type { Clock } from '../lib/clock.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Ticks } from '../lib/timescale.ts';
import type { FrameSink } from '../media/frame.ts';
import { Fmp4Container } from './fmp4-container.ts';
import { LiveWindow, type OnSegment } from './live-window.ts';
import type { PartContainer } from './part-container.ts';
import { RenditionFollower } from './rendition-follower.ts';
import { RenditionPackager } from './rendition-packager.ts';
import type { SegmentationListener } from './segmentation.ts';
import { SourceArrivals } from './source-arrivals.ts';
import type { TimedMetadata } from './timed-metadata.ts';
import { TsContainer } from './ts-container.ts';
import type { WindowStart } from './window-follower.ts';

export interface ChannelPackagerOptions {
  /** Best first: the first one leads. */
  readonly plan: readonly RenditionPlan[];
  readonly containerFormat: ContainerFormat;
  readonly isLowLatency: boolean;
  /** As far as the encoder says. */
  readonly sourceBitrates?: NominalBitrates;
  readonly payloads: SlabPool;
  readonly clock: Clock;
  /** The texts that go into every rendition. */
  readonly timedMetadata?: TimedMetadata | undefined;
  /** Of every rendition. */
  readonly onSegment?: OnSegment;
}

/** All renditions of a channel: frames of each in, windows whose segments and parts have the same boundaries and numbers out. */
export class ChannelPackager {
  readonly leader: RenditionPackager;
  readonly #options: ChannelPackagerOptions;
  readonly #arrivals = new SourceArrivals();
  readonly #followers = new Map<string, RenditionFollower>();
  #windows: readonly LiveWindow[] = [];
  /** Added while a segment of the leader's is open: they begin behind it, and know then how long it was. */
  #joining: readonly LiveWindow[] = [];

  constructor(options: ChannelPackagerOptions) {
    this.#options = options;
    const [first, ...others] = options.plan;
    const isSource = first?.video === 'source';
    this.leader = new RenditionPackager({
      ...this.#rendition(true),
      isSource,
      // A passthrough's name is what its picture turns out to be.
      name: isSource ? undefined : first?.name,
      nominalBps: first ? nominalBps(first, options.sourceBitrates) : 0,
      listener: this.#listener(),
      timedMetadata: options.timedMetadata,
      ...(!isSource && { arrivals: this.#arrivals }),
    });
    for (const plan of others) this.#follow(plan);
    this.#windows = [this.leader.window, ...this.#windows];
  }

  /** Best first. */
  get windows(): readonly LiveWindow[] {
    return this.#windows;
  }

  /** Where the frames of a rendition go, by its name in the plan. */
  sink(plan: RenditionPlan): FrameSink {
    return this.#followers.get(plan.name) ?? this.leader;
  }

  /** A keyframe of the source came in; its copies come later, to the sinks. `ticks`: when it is presented. */
  sourceReceived(ticks: Ticks): void {
    this.#arrivals.received(ticks, this.#options.clock.nowMs());
  }

  /** Whoever makes the transcoded frames is gone for now. */
  interrupted(): void {
    for (const follower of this.#followers.values()) follower.interrupted();
  }

  /**
   * A rendition that begins with the leader's next segment. "Matching content in Variant Streams MUST have matching
   * Discontinuity Sequence Numbers" (RFC 8216bis 6.2.4): what was before it counts, though it never had it.
   */
  add(plan: RenditionPlan): FrameSink {
    const { openSegment } = this.leader.window;
    const follower = this.#follow(plan, this.leader.window.behindListed());
    if (openSegment) {
      follower.window.beginSegment(openSegment);
      this.#joining = [...this.#joining, follower.window];
    }
    return follower;
  }

  /** No more frames: windows end with what there is, each however the others do. */
  end(): void {
    using ending = new DisposableStack();
    for (const follower of this.#followers.values()) ending.defer(() => follower.end());
    ending.defer(() => this.leader.end());
  }

  #follow(plan: RenditionPlan, start?: Partial<WindowStart>): RenditionFollower {
    const { video } = plan;
    const follower = new RenditionFollower({
      ...this.#rendition(video !== undefined, start),
      name: plan.name,
      framesPerSecond: typeof video === 'object' ? video.framesPerSecond : 0,
      nominalBps: nominalBps(plan, this.#options.sourceBitrates),
      hasPicture: video !== undefined,
    });
    this.#followers.set(plan.name, follower);
    this.#windows = [...this.#windows, follower.window];
    return follower;
  }

  #rendition(
    hasPicture: boolean,
    start?: Partial<WindowStart>,
  ): {
    readonly window: LiveWindow;
    readonly container: PartContainer;
    readonly payloads: SlabPool;
    readonly clock: Clock;
  } {
    const { containerFormat, isLowLatency, payloads, clock, onSegment } = this.#options;
    const isTs = containerFormat === 'TS';
    const window = new LiveWindow({
      isLowLatency,
      clock,
      hasPicture,
      mediaExtension: isTs ? 'ts' : 'm4s',
      siblings: () => this.#windows,
      onSegment,
      ...(start && { start }),
    });
    return { window, container: isTs ? new TsContainer() : new Fmp4Container(), payloads, clock };
  }

  #listener(): SegmentationListener {
    const all = (tell: (follower: RenditionFollower) => void) => {
      for (const follower of this.#followers.values()) tell(follower);
    };
    return {
      segmentBegan: (start) => all((follower) => follower.segmentBegan(start)),
      partEnded: (startTicks, endTicks, metadata) =>
        all((follower) => follower.partEnded(startTicks, endTicks, metadata)),
      segmentEnded: (end) => {
        for (const window of this.#joining) window.completeGap(end.durationTicks);
        this.#joining = [];
        all((follower) => follower.segmentEnded(end));
      },
    };
  }
}
