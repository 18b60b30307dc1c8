/** Why a recording failed, in IVS's words. */
export type RecordingReason = 'ValidationException' | 'InternalServerException';

/** What has to be alike in streams that share a recording. */
export interface RecordingSource {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly videoCodec: string;
  /** Absent where the stream has no sound. */
  readonly audioCodec?: string;
  /** Picture and sound together; 0 where it is not known. */
  readonly bitrateBps: number;
}
