/** In the order of a recording's life. */
export const RECORDING_CONDITIONS = ['recording', 'finishing', 'failed'] as const;

/**
 * - `recording`: a stream is recorded, or its encoder may come back.
 * - `finishing`: over, and its bucket has not got all of it.
 * - `failed`: it takes no more; its bucket gets what there is.
 */
export type RecordingCondition = (typeof RECORDING_CONDITIONS)[number];

/** All recordings together, at this moment. */
export interface RecordingMeasurements {
  readonly byCondition: ReadonlyMap<RecordingCondition, number>;
  /** Since the start: one that failed may be gone a moment later. */
  readonly failureCount: number;
  readonly spooledBytes: number;
  readonly spoolLimitBytes: number;
}
