import type * as v from 'valibot';
import type { Tenant } from '../domain/tenant.ts';
import type { Clock } from '../lib/clock.ts';
import type { MetricHistory } from '../metrics/metric-history.ts';

export interface CloudWatchContext {
  readonly tenant: Tenant;
  readonly history: Pick<MetricHistory, 'read' | 'listSeries'>;
  readonly clock: Pick<Clock, 'nowMs'>;
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
