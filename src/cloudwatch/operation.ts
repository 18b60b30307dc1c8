import type * as v from 'valibot';
import type { Tenant } from '../domain/tenant.ts';
import type { Clock } from '../lib/clock.ts';
import type { MetricHistory } from '../metrics/metric-history.ts';

/** "Up to 100,800 data points" in a page of GetMetricData. */
export const MAX_DATAPOINTS = 100_800;

export interface CloudWatchContext {
  readonly tenant: Tenant;
  readonly history: Pick<MetricHistory, 'read' | 'listSeries'>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** What the protocol of the call can write at once; where there is more, there is a token. */
  readonly maxDatapoints: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** One operation of CloudWatch. `run` takes what `input` made of a call, and throws CloudWatchError. */
export interface CloudWatchOperation<Input extends v.GenericSchema = v.GenericSchema> {
  readonly name: string;
  readonly input: Input;
  /** What is wrong with an input that `input` refuses is told by this name; absent: by the two that the model has for it. */
  readonly inputError?: 'ValidationError';
  run(input: v.InferOutput<Input>, context: CloudWatchContext): Promise<object>;
}

export function cloudWatchOperation<Input extends v.GenericSchema>(
  operation: CloudWatchOperation<Input>,
): CloudWatchOperation {
  // Sound as long as `run` is called with what `input` let through.
  return operation;
}
