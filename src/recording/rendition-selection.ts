import type { RecordingConfigurationRecord } from '../domain/recording-configuration.ts';

type Bucket = RecordingConfigurationRecord['renditionConfiguration']['renditions'][number];

/** Shorter edges of the renditions that a configuration's names stand for. */
const BUCKETS: Readonly<Record<Bucket, readonly [least: number, most: number]>> = {
  LOWEST_RESOLUTION: [160, 360],
  SD: [361, 480],
  HD: [481, 720],
  FULL_HD: [721, 1080],
};

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
    configuration.renditions.some((bucket) => isIn(bucket, rendition)),
  );
  return named.length > 0 ? named : renditions.slice(0, 1);
}

export function isIn(bucket: Bucket, { width, height }: Picture): boolean {
  const [least, most] = BUCKETS[bucket];
  const edge = Math.min(width, height);
  return edge >= least && edge <= most;
}
