import { ProtocolViolation } from '../../../lib/protocol-violation.ts';
import { excerpt } from '../attribute-list.ts';
import type {
  MediaPlaylist,
  MediaSegment,
  OpenSegment,
  PartialSegment,
  PreloadHint,
  RenditionReport,
  ServerControl,
} from '../media-playlist.ts';
import {
  parseAttributeList,
  parseDecimalFloat,
  parseDecimalInteger,
  parseYesNo,
  required,
} from './attribute-list-parser.ts';
import { type PlaylistLine, playlistLines } from './playlist-lines.ts';

type TagLine = Extract<PlaylistLine, { kind: 'tag' }>;

/** A record under construction. */
type Draft<T> = { -readonly [K in keyof T]: T[K] };
type SegmentDraft = Draft<Omit<MediaSegment, 'uri' | 'parts'>> & { parts: PartialSegment[] };

interface PlaylistDraft {
  playlist: Draft<Omit<MediaPlaylist, 'targetDurationSeconds'>> & {
    targetDurationSeconds?: number;
  };
  otherTags: string[];
  segments: MediaSegment[];
  prefetchUris: string[];
  renditionReports: RenditionReport[];
  /** The segment whose tags are being read, until its URI comes. */
  segment: SegmentDraft | undefined;
}

/**
 * Reads a media playlist as `encodeMediaPlaylist` writes it, and as other servers do as far as the record goes. Tags that
 * the record has no place for are kept in `otherTags` when they come before the first segment, else passed over.
 * Throws `ProtocolViolation` on anything malformed.
 */
export function parseMediaPlaylist(text: string): MediaPlaylist {
  const otherTags: string[] = [];
  const segments: MediaSegment[] = [];
  const prefetchUris: string[] = [];
  const renditionReports: RenditionReport[] = [];
  const draft: PlaylistDraft = {
    playlist: {
      version: 1,
      mediaSequence: 0,
      discontinuitySequence: 0,
      otherTags,
      segments,
      prefetchUris,
      renditionReports,
      endList: false,
    },
    otherTags,
    segments,
    prefetchUris,
    renditionReports,
    segment: undefined,
  };
  for (const line of playlistLines(text)) {
    if (line.kind === 'uri') endSegment(draft, line.text);
    else readTag(draft, line);
  }

  const { playlist, segment } = draft;
  const { targetDurationSeconds } = playlist;
  if (targetDurationSeconds === undefined) {
    throw new ProtocolViolation('cannot read a media playlist: it has no EXT-X-TARGETDURATION');
  }
  const openSegment = segment === undefined ? undefined : openSegmentOf(segment);
  return {
    ...playlist,
    targetDurationSeconds,
    ...(openSegment === undefined ? {} : { openSegment }),
  };
}

function readTag(draft: PlaylistDraft, { name, value, text }: TagLine): void {
  const { playlist } = draft;
  switch (name) {
    case '#EXT-X-VERSION':
      playlist.version = parseDecimalInteger(value, name);
      return;
    case '#EXT-X-TARGETDURATION':
      playlist.targetDurationSeconds = parseDecimalInteger(value, name);
      return;
    case '#EXT-X-MEDIA-SEQUENCE':
      playlist.mediaSequence = parseDecimalInteger(value, name);
      return;
    case '#EXT-X-DISCONTINUITY-SEQUENCE':
      playlist.discontinuitySequence = parseDecimalInteger(value, name);
      return;
    case '#EXT-X-SERVER-CONTROL':
      playlist.serverControl = parseServerControl(value);
      return;
    case '#EXT-X-PART-INF':
      playlist.partTargetSeconds = requiredSeconds(value, 'PART-TARGET', name);
      return;
    case '#EXT-X-SKIP':
      playlist.skippedSegments = requiredInteger(value, 'SKIPPED-SEGMENTS', name);
      return;
    case '#EXT-X-PRELOAD-HINT':
      playlist.preloadHint = parsePreloadHint(value);
      return;
    case '#EXT-X-PREFETCH':
      if (value === '') throw new ProtocolViolation(`cannot read ${name}: it has no URI`);
      draft.prefetchUris.push(value);
      return;
    case '#EXT-X-RENDITION-REPORT':
      draft.renditionReports.push(parseRenditionReport(value));
      return;
    case '#EXT-X-ENDLIST':
      playlist.endList = true;
      return;
    default:
      if (!readSegmentTag(draft, name, value) && isBeforeSegments(draft))
        draft.otherTags.push(text);
  }
}

/** Whether the tag belongs to a segment. */
function readSegmentTag(draft: PlaylistDraft, name: string, value: string): boolean {
  switch (name) {
    case '#EXTINF': {
      const segment = startedSegment(draft);
      const comma = value.indexOf(',');
      const duration = comma < 0 ? value : value.slice(0, comma);
      segment.durationSeconds = parseDecimalFloat(duration, name);
      if (comma >= 0 && comma + 1 < value.length) segment.title = value.slice(comma + 1);
      return true;
    }
    case '#EXT-X-DISCONTINUITY':
      startedSegment(draft).discontinuity = true;
      return true;
    case '#EXT-X-GAP':
      startedSegment(draft).gap = true;
      return true;
    case '#EXT-X-MAP':
      startedSegment(draft).mapUri = required(parseAttributeList(value), 'URI', name);
      return true;
    case '#EXT-X-PROGRAM-DATE-TIME':
      startedSegment(draft).programDateTimeMs = parseDateTime(value);
      return true;
    case '#EXT-X-PART':
      startedSegment(draft).parts.push(parsePart(value));
      return true;
    default:
      return false;
  }
}

const isBeforeSegments = (draft: PlaylistDraft) =>
  draft.segments.length === 0 && draft.segment === undefined;

function startedSegment(draft: PlaylistDraft): SegmentDraft {
  draft.segment ??= { discontinuity: false, gap: false, durationSeconds: Number.NaN, parts: [] };
  return draft.segment;
}

function endSegment(draft: PlaylistDraft, uri: string): void {
  const { segment } = draft;
  if (segment === undefined || Number.isNaN(segment.durationSeconds)) {
    throw new ProtocolViolation(`cannot read a segment: ${excerpt(uri)} has no EXTINF`);
  }
  draft.segments.push({ ...segment, uri });
  draft.segment = undefined;
}

function openSegmentOf(segment: SegmentDraft): OpenSegment {
  if (!Number.isNaN(segment.durationSeconds)) {
    throw new ProtocolViolation('cannot read a segment: its EXTINF has no URI');
  }
  const { durationSeconds: _, gap: __, title: ___, ...open } = segment;
  return open;
}

function parseServerControl(value: string): ServerControl {
  const attributes = parseAttributeList(value);
  const secondsOf = (name: string) => {
    const text = attributes.get(name);
    return text === undefined ? undefined : parseDecimalFloat(text, name);
  };
  const canSkipUntilSeconds = secondsOf('CAN-SKIP-UNTIL');
  const holdBackSeconds = secondsOf('HOLD-BACK');
  const partHoldBackSeconds = secondsOf('PART-HOLD-BACK');
  return {
    canBlockReload: parseYesNo(attributes, 'CAN-BLOCK-RELOAD'),
    ...(canSkipUntilSeconds === undefined ? {} : { canSkipUntilSeconds }),
    ...(holdBackSeconds === undefined ? {} : { holdBackSeconds }),
    ...(partHoldBackSeconds === undefined ? {} : { partHoldBackSeconds }),
  };
}

function parsePart(value: string): PartialSegment {
  const attributes = parseAttributeList(value);
  return {
    uri: required(attributes, 'URI', '#EXT-X-PART'),
    durationSeconds: parseDecimalFloat(required(attributes, 'DURATION', '#EXT-X-PART'), 'DURATION'),
    independent: parseYesNo(attributes, 'INDEPENDENT'),
    gap: parseYesNo(attributes, 'GAP'),
  };
}

function parsePreloadHint(value: string): PreloadHint {
  const attributes = parseAttributeList(value);
  const type = required(attributes, 'TYPE', '#EXT-X-PRELOAD-HINT');
  if (type !== 'PART' && type !== 'MAP') {
    throw new ProtocolViolation(`cannot read #EXT-X-PRELOAD-HINT: TYPE is ${excerpt(type)}`);
  }
  return { type, uri: required(attributes, 'URI', '#EXT-X-PRELOAD-HINT') };
}

function parseRenditionReport(value: string): RenditionReport {
  const attributes = parseAttributeList(value);
  const lastPart = attributes.get('LAST-PART');
  return {
    uri: required(attributes, 'URI', '#EXT-X-RENDITION-REPORT'),
    lastMsn: requiredInteger(value, 'LAST-MSN', '#EXT-X-RENDITION-REPORT'),
    ...(lastPart === undefined ? {} : { lastPart: parseDecimalInteger(lastPart, 'LAST-PART') }),
  };
}

function requiredSeconds(value: string, name: string, tag: string): number {
  return parseDecimalFloat(required(parseAttributeList(value), name, tag), name);
}

function requiredInteger(value: string, name: string, tag: string): number {
  return parseDecimalInteger(required(parseAttributeList(value), name, tag), name);
}

/** ISO 8601 with a time zone, as 4.4.4.6 wants it. */
function parseDateTime(value: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:?\d{2})$/.test(value)
    ? Date.parse(value)
    : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new ProtocolViolation(`cannot read a date and time: ${excerpt(value)}`);
  }
  return ms;
}
