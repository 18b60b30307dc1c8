import { fitsResolution } from '../domain/viewer-restrictions.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { RenditionDescription } from '../packaging/rendition.ts';
import {
  encodeMultivariantPlaylist,
  type VariantStream,
} from '../protocols/hls/multivariant-playlist.ts';
import type { StreamOnAir } from './on-air.ts';
import { playlistUrl } from './playback-path.ts';
import { qualityName } from './quality-name.ts';
import { isBound, type SessionGrant } from './session-grant.ts';
import { publicSessionId } from './session-ids.ts';
import { unavailableMedia } from './unavailable-media.ts';

/** Frame rates are measured in each rendition by itself, of times in whole milliseconds. */
const FRAME_RATE_TOLERANCE = 0.02;

/** One viewer's multivariant playlist: IVS's names and session data, and media playlist URLs with the viewer's session in them. */
export function renderMultivariantPlaylist(options: {
  readonly stream: StreamOnAir;
  readonly baseUrl: string;
  /** Whether this viewer is told of the sound by itself, where there is a window of it. */
  readonly hasAudioOnly: boolean;
  readonly sessionId: string;
  readonly grant: SessionGrant;
  readonly viewerAddress: string;
  readonly nowMs: number;
}): string {
  const { stream, baseUrl, sessionId, grant } = options;
  const session = publicSessionId(sessionId);
  // A window without a complete segment has no playlist yet, and nothing that could be said of it.
  const playable = stream.windows.filter(
    (window) => window.isPlayable && (window.hasPicture || options.hasAudioOnly),
  );
  const isGranted = (window: LiveWindow) =>
    fitsResolution(window.describe().picture, grant.maximumResolution);
  const withheld = playable.filter((window) => !isGranted(window));
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
      ...(withheld.length > 0 ? [unavailableMedia(withheld.map((w) => w.describe()))] : []),
    ],
    variants: playable.filter(isGranted).map((window, index) => ({
      ...variantOf(
        window.describe(),
        playlistUrl(baseUrl, stream, window.name, { id: sessionId, isBound: isBound(grant) }),
        index === 0,
      ),
      ...frameRateOf(window, playable),
    })),
  });
}

/** hls.js never goes up to a level of fewer frames a second, be it a thousandth: a rate next to a better rendition's is that. */
function frameRateOf(
  window: LiveWindow,
  bestFirst: readonly LiveWindow[],
): { readonly frameRate?: number } {
  const measured = window.describe().picture?.framesPerSecond;
  if (measured === undefined) return {};
  const rates = bestFirst.map((each) => each.describe().picture?.framesPerSecond ?? 0);
  const isNear = (rate: number) => Math.abs(rate - measured) <= measured * FRAME_RATE_TOLERANCE;
  return { frameRate: rates.find(isNear) ?? measured };
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
    videoGroup: { groupId: name, name: shownName, autoselect: true, default: isDefault },
    stableVariantId: name,
    ivsName: shownName,
    ivsVariantSource: description.isSource ? 'source' : 'transcode',
  };
}

function secondsSince(startMs: number, nowMs: number): string {
  return (Math.max(0, nowMs - startMs) / 1000).toFixed(3);
}
