import { ProtocolViolation } from '../../../lib/protocol-violation.ts';
import { excerpt } from '../attribute-list.ts';
import type {
  MultivariantPlaylist,
  SessionData,
  VariantStream,
  VideoGroup,
} from '../multivariant-playlist.ts';
import {
  type AttributeList,
  parseAttributeList,
  parseDecimalFloat,
  parseDecimalInteger,
  parseYesNo,
  required,
} from './attribute-list-parser.ts';
import { playlistLines } from './playlist-lines.ts';

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
