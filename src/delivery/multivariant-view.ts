import type { RenditionDescription } from '../packaging/rendition.ts';
import {
  encodeMultivariantPlaylist,
  type VariantStream,
} from '../protocols/hls/multivariant-playlist.ts';
import type { StreamOnAir } from './on-air.ts';
import { playlistUrl } from './playback-path.ts';
import { publicSessionId } from './session-ids.ts';

/** One viewer's multivariant playlist: IVS's names and session data, and media playlist URLs with the viewer's session in them. */
export function renderMultivariantPlaylist(options: {
  readonly stream: StreamOnAir;
  readonly baseUrl: string;
  /** Whether this viewer is told of the sound by itself, where there is a window of it. */
  readonly hasAudioOnly: boolean;
  readonly sessionId: string;
  readonly viewerAddress: string;
  readonly nowMs: number;
}): string {
  const { stream, baseUrl, sessionId } = options;
  const session = publicSessionId(sessionId);
  // A window without a complete segment has no playlist yet, and nothing that could be said of it.
  const playable = stream.windows.filter(
    (window) => window.isPlayable && (window.hasPicture || options.hasAudioOnly),
  );
  return encodeMultivariantPlaylist({
    independentSegments: playable.every((window) => window.describe().hasIndependentSegments),
    sessionData: [
      { dataId: 'NODE', value: 'ivory' },
      { dataId: 'REGION', value: stream.region },
      { dataId: 'USER-IP', value: options.viewerAddress },
      // The player's clock anchor: seconds since the epoch with a fraction. Latency is measured against it.
      { dataId: 'SERVER-TIME', value: (options.nowMs / 1000).toFixed(3) },
      { dataId: 'STREAM-TIME', value: secondsSince(stream.startTimeMs, options.nowMs) },
      { dataId: 'BROADCAST-ID', value: stream.streamId },
      { dataId: 'VIDEO-SESSION-ID', value: session },
      { dataId: 'SERVING-ID', value: session },
    ],
    variants: playable.map((window, index) =>
      variantOf(
        window.describe(),
        playlistUrl(baseUrl, stream.playbackId, window.name, sessionId),
        index === 0,
      ),
    ),
  });
}

function variantOf(
  description: RenditionDescription,
  uri: string,
  isDefault: boolean,
): VariantStream {
  // Stays in URLs and groups for the life of the window; what a menu shows follows the picture.
  const { name, picture } = description;
  const shownName = qualityName(description);
  return {
    uri,
    bandwidthBps: description.bandwidthBps,
    averageBandwidthBps: description.averageBandwidthBps,
    ...(picture && { resolution: { width: picture.width, height: picture.height } }),
    codecs: description.codecs.split(','),
    ...(picture && { frameRate: picture.framesPerSecond }),
    videoGroup: { groupId: name, name: shownName, autoselect: true, default: isDefault },
    stableVariantId: name,
    ivsName: shownName,
    ivsVariantSource: description.isSource ? 'source' : 'transcode',
  };
}

/** IVS shows 30 frames a second as `480p`, others as `720p60`. A transcoded rendition is called after its place in the ladder. */
function qualityName({ name, picture, isSource }: RenditionDescription): string {
  if (!picture || !isSource) return name.replace(/p30$/, 'p');
  const height = Math.min(picture.width, picture.height);
  const rate = Math.round(picture.framesPerSecond);
  return rate === 30 ? `${height}p` : `${height}p${rate}`;
}

function secondsSince(startMs: number, nowMs: number): string {
  return (Math.max(0, nowMs - startMs) / 1000).toFixed(3);
}
