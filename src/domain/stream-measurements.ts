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

/** What a stream on air has come to. */
export interface StreamReading extends Tenant, IngestReading {
  readonly channelId: string;
  readonly streamId: string;
  readonly health: StreamHealth;
  readonly concurrentViews: number;
  /** Of the views, those of which it is known. */
  readonly viewsByCountry: ReadonlyMap<string, number>;
}

/** What came from an encoder. */
export interface ReceivedMedia {
  readonly videoByteLength: number;
  readonly audioByteLength: number;
  readonly frames: number;
  /** Length of the video, breaks in its timeline left out. */
  readonly mediaMs: number;
}

/** Counts go up from 0 at the first picture. */
export interface IngestReading extends ReceivedMedia {
  /** From the last but one keyframe to the last one; 0 where there were no two. */
  readonly keyframeIntervalSeconds: number;
  readonly isRecording: boolean;
  /** Absent while there is no encoder. */
  readonly encoderAddress?: string;
}
