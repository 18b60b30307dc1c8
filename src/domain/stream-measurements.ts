import type { StreamHealth } from './stream-session.ts';
import type { Tenant } from './tenant.ts';

/** What is measured of a stream on air; IVS's CloudWatch metrics have these names. */
export interface StreamMeasurements extends Tenant {
  readonly channelId: string;
  readonly health: StreamHealth;
  readonly concurrentViews: number;
  readonly ingest: IngestMeasurements;
  /** Of its ladder so far; absent where it is passed through. */
  readonly transcodeCpuSeconds?: number;
}

/** As of the last seconds. 0 where nothing came. */
export interface IngestMeasurements {
  readonly videoBitrateBps: number;
  readonly audioBitrateBps: number;
  readonly framesPerSecond: number;
  /** From the last but one keyframe to the last one. */
  readonly keyframeIntervalSeconds: number;
}
