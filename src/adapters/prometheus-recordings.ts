import { Counter, Gauge, type Registry } from 'prom-client';
import {
  RECORDING_CONDITIONS,
  type RecordingMeasurements,
} from '../domain/recording-measurements.ts';
import { registerGauge } from './prometheus-gauge.ts';

/** How recordings are doing, and how much of the disk they have until their buckets have taken them. */
export function registerRecordingMetrics(
  registry: Registry,
  measure: () => RecordingMeasurements,
): void {
  const recordings: Gauge = new Gauge({
    name: 'ivory_recordings',
    help: 'Recordings by condition: recording; finishing: their buckets have not got all; failed: these get what there is.',
    registers: [registry],
    labelNames: ['condition'],
    collect: () => {
      const { byCondition } = measure();
      for (const condition of RECORDING_CONDITIONS) {
        recordings.set({ condition }, byCondition.get(condition) ?? 0);
      }
    },
  });
  const failures: Counter = new Counter({
    name: 'ivory_recording_failures_total',
    help: 'Recordings that failed, be they still there or not.',
    registers: [registry],
    collect: () => {
      failures.reset();
      failures.inc(measure().failureCount);
    },
  });
  registerGauge(
    registry,
    'ivory_recording_spool_bytes',
    'What recordings have on disk that their buckets have not.',
    () => measure().spooledBytes,
  );
  registerGauge(
    registry,
    'ivory_recording_spool_limit_bytes',
    'What they may have (IVORY_SPOOL_LIMIT_GB).',
    () => measure().spoolLimitBytes,
  );
}
