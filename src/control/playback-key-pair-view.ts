import type * as v from 'valibot';
import type { PlaybackKeyPairRecord } from '../domain/playback-key-pair.ts';
import type { playbackKeyPair, playbackKeyPairSummary } from './shapes/playback-key-pair.ts';

/** Without the key itself, which the API never gives back. */
export function playbackKeyPairView(
  record: PlaybackKeyPairRecord,
): v.InferOutput<typeof playbackKeyPair> {
  return { ...playbackKeyPairSummaryView(record), fingerprint: record.fingerprint };
}

export function playbackKeyPairSummaryView({
  arn,
  name,
  tags,
}: PlaybackKeyPairRecord): v.InferOutput<typeof playbackKeyPairSummary> {
  return { arn, name, tags };
}
