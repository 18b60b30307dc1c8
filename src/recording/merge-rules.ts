import type { RecordingSource } from './recording-facts.ts';

/** "Merged streams per recording: 20"; "total ≤ 48 hours" (IVS, Merge Fragmented Streams). */
const MAX_STREAMS = 20;
const MAX_DURATION_MS = 48 * 3600 * 1000;

/** "The average bitrate … differs by no more than 50 %". */
const MAX_BITRATE_CHANGE = 0.5;

/** Whether a stream that came back in time goes on with the recording of the one before it. */
export function mayMerge(
  before: {
    readonly source: RecordingSource;
    readonly streamCount: number;
    readonly durationMs: number;
    readonly renditionNames: readonly string[];
    readonly extension: 'ts' | 'mp4';
    readonly configurationArn: string;
  },
  next: {
    readonly source: RecordingSource;
    readonly renditionNames: readonly string[];
    readonly extension: 'ts' | 'mp4';
    readonly configurationArn: string;
  },
): boolean {
  return (
    before.streamCount < MAX_STREAMS &&
    before.durationMs < MAX_DURATION_MS &&
    before.configurationArn === next.configurationArn &&
    before.extension === next.extension &&
    isAlike(before.source, next.source) &&
    before.renditionNames.join() === next.renditionNames.join()
  );
}

function isAlike(a: RecordingSource, b: RecordingSource): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    Math.round(a.framesPerSecond) === Math.round(b.framesPerSecond) &&
    family(a.videoCodec) === family(b.videoCodec) &&
    family(a.audioCodec) === family(b.audioCodec) &&
    hasLikeBitrate(a.bitrateBps, b.bitrateBps)
  );
}

/** `avc1` of `avc1.64001F`: another profile is the same codec. */
const family = (codec: string | undefined): string => codec?.split('.')[0] ?? '';

function hasLikeBitrate(beforeBps: number, nextBps: number): boolean {
  if (beforeBps === 0 || nextBps === 0) return true;
  return Math.abs(nextBps - beforeBps) <= beforeBps * MAX_BITRATE_CHANGE;
}
