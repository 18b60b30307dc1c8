import { excerpt, quoted, uriLine } from './attribute-list.ts';

/** A multivariant playlist, RFC 8216 4.3.4, with the attributes of IVS. */
export interface MultivariantPlaylist {
  /** Not written where absent: IVS writes none. */
  readonly version?: number;
  readonly independentSegments: boolean;
  /** EXT-X-SESSION-DATA, in this order: what the player learns of the server and the session. */
  readonly sessionData: readonly SessionData[];
  readonly variants: readonly VariantStream[];
}

export interface SessionData {
  readonly dataId: string;
  readonly value: string;
}

/** EXT-X-STREAM-INF, with the EXT-X-MEDIA that IVS writes before it. */
export interface VariantStream {
  /** Absolute: the IVS player resolves a relative one against the URL before a redirect. */
  readonly uri: string;
  /** Bits a second, the peak. */
  readonly bandwidthBps: number;
  readonly averageBandwidthBps?: number;
  /** Absent for audio alone. */
  readonly resolution?: { readonly width: number; readonly height: number };
  /** RFC 6381. */
  readonly codecs: readonly string[];
  readonly videoGroup?: VideoGroup;
  /** Frames a second. */
  readonly frameRate?: number;
  readonly stableVariantId?: string;
  /** The quality's name in the IVS player, where there is no video group. */
  readonly ivsName?: string;
  readonly ivsVariantSource?: 'source' | 'transcode';
}

/** EXT-X-MEDIA TYPE=VIDEO: what names a quality in the IVS player. */
export interface VideoGroup {
  readonly groupId: string;
  readonly name: string;
  readonly autoselect: boolean;
  readonly default: boolean;
}

/** STABLE-VARIANT-ID, draft-pantos-hls-rfc8216bis 4.4.6.2. */
const STABLE_VARIANT_ID = /^[A-Za-z0-9+/=._-]+$/;

/** Throws `RangeError` on text that would break out of its line or quotes. */
export function encodeMultivariantPlaylist(playlist: MultivariantPlaylist): string {
  let text = '#EXTM3U\n';
  if (playlist.version !== undefined) text += `#EXT-X-VERSION:${playlist.version}\n`;
  if (playlist.independentSegments) text += '#EXT-X-INDEPENDENT-SEGMENTS\n';
  for (const { dataId, value } of playlist.sessionData) {
    text += `#EXT-X-SESSION-DATA:DATA-ID=${quoted(dataId)},VALUE=${quoted(value)}\n`;
  }
  for (const variant of playlist.variants) text += encodeVariantLines(variant);
  return text;
}

function encodeVariantLines(variant: VariantStream): string {
  const { videoGroup, resolution, frameRate, stableVariantId, ivsName } = variant;
  let text = '';
  if (videoGroup !== undefined) {
    text +=
      `#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=${quoted(videoGroup.groupId)},NAME=${quoted(videoGroup.name)}` +
      `,AUTOSELECT=${yesNo(videoGroup.autoselect)},DEFAULT=${yesNo(videoGroup.default)}\n`;
  }
  text += `#EXT-X-STREAM-INF:BANDWIDTH=${variant.bandwidthBps}`;
  if (variant.averageBandwidthBps !== undefined) {
    text += `,AVERAGE-BANDWIDTH=${variant.averageBandwidthBps}`;
  }
  if (resolution !== undefined) text += `,RESOLUTION=${resolution.width}x${resolution.height}`;
  text += `,CODECS=${quoted(variant.codecs.join(','))}`;
  if (videoGroup !== undefined) text += `,VIDEO=${quoted(videoGroup.groupId)}`;
  if (frameRate !== undefined) text += `,FRAME-RATE=${frameRate.toFixed(3)}`;
  if (stableVariantId !== undefined) {
    if (!STABLE_VARIANT_ID.test(stableVariantId)) {
      throw new RangeError(`cannot write ${excerpt(stableVariantId)} as a STABLE-VARIANT-ID`);
    }
    text += `,STABLE-VARIANT-ID=${quoted(stableVariantId)}`;
  }
  if (ivsName !== undefined) text += `,IVS-NAME=${quoted(ivsName)}`;
  if (variant.ivsVariantSource !== undefined) {
    text += `,IVS-VARIANT-SOURCE=${quoted(variant.ivsVariantSource)}`;
  }
  return `${text}\n${uriLine(variant.uri)}\n`;
}

const yesNo = (value: boolean) => (value ? 'YES' : 'NO');
