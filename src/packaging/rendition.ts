import { renditionName } from '../domain/rendition-name.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import type { RenditionTracks } from './part-container.ts';
import type { Segment } from './segment.ts';

/** What a multivariant playlist says of a rendition; rates are measured from what was packaged. */
export interface RenditionDescription {
  /** `renditionName`, or `audio_only`; fixed for the life of the window, part of its URLs. */
  readonly name: string;
  /** RFC 6381 list, e.g. `avc1.64001F,mp4a.40.2`. */
  readonly codecs: string;
  /** None where it is sound alone. */
  readonly picture?: {
    readonly width: number;
    readonly height: number;
    readonly framesPerSecond: number;
  };
  /**
   * BANDWIDTH (RFC 8216bis 4.4.6.2): "if all the Media Segments [...] have not yet been created, the BANDWIDTH value SHOULD be [...] of a
   * representative period". Of the window's segments the peak; of a still opening, what the encoder is set to.
   */
  readonly bandwidthBps: number;
  readonly averageBandwidthBps: number;
  /** The encoder's own picture, not a transcoded one. */
  readonly isSource: boolean;
  /** Each of its segments starts with a keyframe: false while one had to end without the encoder giving any. */
  readonly hasIndependentSegments: boolean;
}

/** Headers of packets, samples and parts: 3 % of 3 Mbit/s, more of less. */
const CONTAINER_OVERHEAD = 1.1;

/** Describes a rendition by its newest tracks and the segments that are listed now. `name`: by default, of its picture. */
export function measureRendition(options: {
  readonly segments: readonly Segment[];
  readonly tracks: RenditionTracks;
  readonly framesPerSecond: number;
  readonly isSource: boolean;
  readonly name: string | undefined;
  /** That its encoders are set to, sound and picture together; 0 where nobody says. */
  readonly nominalBps: number;
}): RenditionDescription {
  const { tracks, framesPerSecond, isSource } = options;
  const { video, audio } = tracks;
  const segments = options.segments.filter((segment) => !segment.isGap);
  let peakBps = Math.round(options.nominalBps * CONTAINER_OVERHEAD);
  let byteLength = 0;
  let durationTicks = 0;
  for (const segment of segments) {
    byteLength += segment.byteLength;
    durationTicks += segment.durationTicks;
    peakBps = Math.max(peakBps, bitsPerSecond(segment.byteLength, segment.durationTicks));
  }
  return {
    name: options.name ?? renditionName(video ?? { width: 0, height: 0 }, framesPerSecond),
    codecs: [video, audio].flatMap((track) => (track ? [track.codecString] : [])).join(','),
    ...(video && { picture: { width: video.width, height: video.height, framesPerSecond } }),
    bandwidthBps: Math.ceil(peakBps),
    averageBandwidthBps: Math.ceil(bitsPerSecond(byteLength, durationTicks)),
    isSource,
    hasIndependentSegments: segments.every((segment) => segment.parts[0]?.isIndependent),
  };
}

function bitsPerSecond(byteLength: number, durationTicks: number): number {
  return durationTicks > 0 ? (byteLength * 8 * VIDEO_TIMESCALE) / durationTicks : 0;
}
