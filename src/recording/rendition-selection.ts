import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';
import { isInBucket } from '../domain/resolution-bucket.ts';

interface Picture {
  readonly width: number;
  readonly height: number;
}

/**
 * Which renditions are recorded, of those that viewers get, best first. With CUSTOM the ones named, "if available; otherwise
 * the best available"; it "has no effect on BASIC" (API, RenditionConfiguration).
 */
export function selectRenditions<Rendition extends Picture>(
  renditions: readonly Rendition[],
  configuration: RecordingConfigurationRecord['renditionConfiguration'],
  isBasic: boolean,
): readonly Rendition[] {
  const { renditionSelection } = configuration;
  if (renditionSelection === 'NONE') return [];
  if (renditionSelection === 'ALL' || isBasic) return renditions;
  const named = renditions.filter((rendition) =>
    configuration.renditions.some((bucket) => isInBucket(bucket, rendition)),
  );
  return named.length > 0 ? named : renditions.slice(0, 1);
}
