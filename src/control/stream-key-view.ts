import type * as v from 'valibot';
import type { StreamKeyRecord } from '../domain/stream-key.ts';
import type { streamKey, streamKeySummary } from './shapes/stream-key.ts';

export function streamKeyView(record: StreamKeyRecord): v.InferOutput<typeof streamKey> {
  const { arn, value, channelArn, tags } = record;
  return { arn, value, channelArn, tags };
}

/** Without the key itself. */
export function streamKeySummaryView(
  record: StreamKeyRecord,
): v.InferOutput<typeof streamKeySummary> {
  const { arn, channelArn, tags } = record;
  return { arn, channelArn, tags };
}
