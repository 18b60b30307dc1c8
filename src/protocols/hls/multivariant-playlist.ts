import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import {
  type AttributeList,
  excerpt,
  parseAttributeList,
  parseDecimalFloat,
  parseDecimalInteger,
  parseYesNo,
  quoted,
  required,
  uriLine,
} from './attribute-list.ts';
import { playlistLines } from './playlist-lines.ts';

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

/**
 * Reads a multivariant playlist as `encodeMultivariantPlaylist` writes it, and others as far as the record goes; tags that
 * it has no place for are passed over. Throws `ProtocolViolation` on anything malformed.
 */
export function parseMultivariantPlaylist(text: string): MultivariantPlaylist {
  let version: number | undefined;
  let independentSegments = false;
  const sessionData: SessionData[] = [];
  const variants: VariantStream[] = [];
  const videoGroups = new Map<string, VideoGroup>();
  let streamInf: AttributeList | undefined;

  for (const line of playlistLines(text)) {
    if (line.kind === 'uri') {
      if (streamInf === undefined) {
        throw new ProtocolViolation(
          `cannot read a variant: ${excerpt(line.text)} has no EXT-X-STREAM-INF`,
        );
      }
      variants.push(variantOf(streamInf, line.text, videoGroups));
      streamInf = undefined;
      continue;
    }
    switch (line.name) {
      case '#EXT-X-VERSION':
        version = parseDecimalInteger(line.value, line.name);
        break;
      case '#EXT-X-INDEPENDENT-SEGMENTS':
        independentSegments = true;
        break;
      case '#EXT-X-SESSION-DATA': {
        const attributes = parseAttributeList(line.value);
        sessionData.push({
          dataId: required(attributes, 'DATA-ID', line.name),
          value: required(attributes, 'VALUE', line.name),
        });
        break;
      }
      case '#EXT-X-MEDIA': {
        const group = videoGroupOf(parseAttributeList(line.value));
        if (group !== undefined) videoGroups.set(group.groupId, group);
        break;
      }
      case '#EXT-X-STREAM-INF':
        streamInf = parseAttributeList(line.value);
        break;
    }
  }
  if (streamInf !== undefined) {
    throw new ProtocolViolation('cannot read a variant: its EXT-X-STREAM-INF has no URI');
  }
  return {
    ...(version === undefined ? {} : { version }),
    independentSegments,
    sessionData,
    variants,
  };
}

function videoGroupOf(attributes: AttributeList): VideoGroup | undefined {
  if (required(attributes, 'TYPE', '#EXT-X-MEDIA') !== 'VIDEO') return undefined;
  return {
    groupId: required(attributes, 'GROUP-ID', '#EXT-X-MEDIA'),
    name: required(attributes, 'NAME', '#EXT-X-MEDIA'),
    autoselect: parseYesNo(attributes, 'AUTOSELECT'),
    default: parseYesNo(attributes, 'DEFAULT'),
  };
}

function variantOf(
  attributes: AttributeList,
  uri: string,
  videoGroups: ReadonlyMap<string, VideoGroup>,
): VariantStream {
  const averageBandwidth = attributes.get('AVERAGE-BANDWIDTH');
  const resolution = attributes.get('RESOLUTION');
  const frameRate = attributes.get('FRAME-RATE');
  const video = attributes.get('VIDEO');
  const stableVariantId = attributes.get('STABLE-VARIANT-ID');
  const ivsName = attributes.get('IVS-NAME');
  const ivsVariantSource = attributes.get('IVS-VARIANT-SOURCE');
  const videoGroup = video === undefined ? undefined : videoGroups.get(video);
  if (video !== undefined && videoGroup === undefined) {
    throw new ProtocolViolation(
      `cannot read a variant: no EXT-X-MEDIA has group ${excerpt(video)}`,
    );
  }
  if (
    ivsVariantSource !== undefined &&
    ivsVariantSource !== 'source' &&
    ivsVariantSource !== 'transcode'
  ) {
    throw new ProtocolViolation(
      `cannot read a variant: IVS-VARIANT-SOURCE is ${excerpt(ivsVariantSource)}`,
    );
  }
  return {
    uri,
    bandwidthBps: parseDecimalInteger(
      required(attributes, 'BANDWIDTH', '#EXT-X-STREAM-INF'),
      'BANDWIDTH',
    ),
    ...(averageBandwidth === undefined
      ? {}
      : { averageBandwidthBps: parseDecimalInteger(averageBandwidth, 'AVERAGE-BANDWIDTH') }),
    ...(resolution === undefined ? {} : { resolution: parseResolution(resolution) }),
    codecs: (attributes.get('CODECS') ?? '').split(',').filter((codec) => codec !== ''),
    ...(videoGroup === undefined ? {} : { videoGroup }),
    ...(frameRate === undefined ? {} : { frameRate: parseDecimalFloat(frameRate, 'FRAME-RATE') }),
    ...(stableVariantId === undefined ? {} : { stableVariantId }),
    ...(ivsName === undefined ? {} : { ivsName }),
    ...(ivsVariantSource === undefined ? {} : { ivsVariantSource }),
  };
}

function parseResolution(value: string): { width: number; height: number } {
  const [width = '', height = '', ...rest] = value.split('x');
  if (rest.length > 0) {
    throw new ProtocolViolation(`cannot read RESOLUTION: ${excerpt(value)}`);
  }
  return {
    width: parseDecimalInteger(width, 'RESOLUTION'),
    height: parseDecimalInteger(height, 'RESOLUTION'),
  };
}

const yesNo = (value: boolean) => (value ? 'YES' : 'NO');
