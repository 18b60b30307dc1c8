import { Gauge, type Registry } from 'prom-client';
import {
  RECORDING_CONDITIONS,
  type RecordingMeasurements,
} from '../domain/recording-measurements.ts';

/** How recordings are doing, and how much of the disk they have until their buckets have taken them. */
export function registerRecordingMetrics(
  registry: Registry,
  measure: () => RecordingMeasurements,
): void {
  const registers = [registry];
  const recordings: Gauge = new Gauge({
    name: 'ivory_recordings',
    help: 'Recordings by condition: recording; finishing: their buckets have not got all; failed: these get what there is.',
    registers,
    labelNames: ['condition'],
    collect: () => {
      const { byCondition } = measure();
      for (const condition of RECORDING_CONDITIONS) {
        recordings.set({ condition }, byCondition.get(condition) ?? 0);
      }
    },
  });
  const spooled: Gauge = new Gauge({
    name: 'ivory_recording_spool_bytes',
    help: 'What recordings have on disk that their buckets have not.',
    registers,
    collect: () => spooled.set(measure().spooledBytes),
  });
  const limit: Gauge = new Gauge({
    name: 'ivory_recording_spool_limit_bytes',
    help: 'What they may have (IVORY_SPOOL_LIMIT_GB).',
    registers,
    collect: () => limit.set(measure().spoolLimitBytes),
  });
}
