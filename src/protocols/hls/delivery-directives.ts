import { excerpt } from './attribute-list.ts';

/**
 * Delivery directives: the query parameters by which a client says which media playlist it wants,
 * draft-pantos-hls-rfc8216bis 6.2.5.
 */
export interface DeliveryDirectives {
  /** `_HLS_msn`: not before the playlist has the segment of this media sequence number. */
  readonly msn?: number;
  /** `_HLS_part`: not before it has this part of that segment, counted from 0. */
  readonly part?: number;
  /** `_HLS_skip`: a delta update will do; `v2` also where date ranges are skipped. */
  readonly skip?: 'YES' | 'v2';
}

/** The client asked for what no playlist can be: answer 400 Bad Request. The message quotes what the client sent. */
export class DirectiveError extends Error {
  override name = 'DirectiveError';
}

/** How far a playlist goes at this moment. */
export interface PlaylistEdge {
  /** Of the last complete segment; -1 before the first, where media sequence numbers start at 0. */
  readonly lastMsn: number;
  /** Parts that the segment after it has so far. */
  readonly openPartCount: number;
  readonly partTargetSeconds: number;
}

const NO_DIRECTIVES: DeliveryDirectives = Object.freeze({});
const PREFIX = '_HLS_';

/** Exact as a double, and some 31 million years of segments. */
const DECIMAL_INTEGER = /^[0-9]{1,15}$/;

/** 6.2.5.2: "the Media Sequence Number of the last Media Segment in the current Playlist plus two". */
const MAX_SEGMENTS_AHEAD = 2;

/** 6.2.5.2, the numerator of the Advance Part Limit. */
const ADVANCE_LIMIT_SECONDS = 3;

/**
 * Reads the directives out of a raw query (without `?`). Other parameters, and directives that are not known, are passed
 * over. Throws `DirectiveError` when a known one comes twice, when a number is not a decimal integer, and, as 6.2.5.2
 * says, for `_HLS_part` without `_HLS_msn`.
 */
export function parseDeliveryDirectives(query: string): DeliveryDirectives {
  if (!query.includes(PREFIX)) return NO_DIRECTIVES;
  let msn: number | undefined;
  let part: number | undefined;
  let skip: string | undefined;
  for (const parameter of query.split('&')) {
    if (!parameter.startsWith(PREFIX)) continue;
    const equals = parameter.indexOf('=');
    const name = equals < 0 ? parameter : parameter.slice(0, equals);
    const value = equals < 0 ? '' : parameter.slice(equals + 1);
    switch (name) {
      case '_HLS_msn':
        refuseSecond(name, msn);
        msn = decimalInteger(name, value);
        break;
      case '_HLS_part':
        refuseSecond(name, part);
        part = decimalInteger(name, value);
        break;
      case '_HLS_skip':
        refuseSecond(name, skip);
        skip = value;
        break;
    }
  }
  if (part !== undefined && msn === undefined) {
    // 6.2.5.2: "If the Playlist URI contains an _HLS_part directive but no _HLS_msn directive, the Server MUST return
    // Bad Request, such as HTTP 400."
    throw new DirectiveError('_HLS_part needs _HLS_msn');
  }
  const directives: { -readonly [Name in keyof DeliveryDirectives]: DeliveryDirectives[Name] } = {};
  if (msn !== undefined) directives.msn = msn;
  if (part !== undefined) directives.part = part;
  // 6.2.5.1 knows YES and v2; to anything else the whole playlist is a right answer.
  if (skip === 'YES' || skip === 'v2') directives.skip = skip;
  return directives;
}

/**
 * Throws `DirectiveError` when the request is for what is too far ahead to wait for, 6.2.5.2: "If the _HLS_msn is greater
 * than the Media Sequence Number of the last Media Segment in the current Playlist plus two, or if the _HLS_part exceeds
 * the last Partial Segment in the current Playlist by the Advance Part Limit, then the server SHOULD immediately return
 * Bad Request, such as HTTP 400. The Advance Part Limit is three divided by the Part Target Duration if the Part Target
 * Duration is less than one second, or three otherwise."
 *
 * A part beyond the end of a complete segment is not an error: 6.2.5.2 has it mean part 0 of the following one. Not to be
 * called for a playlist with EXT-X-ENDLIST, where the directives MUST be ignored.
 */
export function checkBlockingRequest(directives: DeliveryDirectives, edge: PlaylistEdge): void {
  const { msn, part } = directives;
  if (msn === undefined) return;
  if (msn > edge.lastMsn + MAX_SEGMENTS_AHEAD) {
    throw new DirectiveError(`_HLS_msn ${msn} is too far ahead of ${edge.lastMsn}`);
  }
  const openMsn = edge.lastMsn + 1;
  if (part === undefined || msn < openMsn) return;
  const advancePartLimit = Math.ceil(
    edge.partTargetSeconds < 1
      ? ADVANCE_LIMIT_SECONDS / edge.partTargetSeconds
      : ADVANCE_LIMIT_SECONDS,
  );
  // Parts of a segment that has not begun are ahead by at least their own index and one.
  const lastPart = msn === openMsn ? edge.openPartCount - 1 : -1;
  if (part > lastPart + advancePartLimit) {
    throw new DirectiveError(
      `_HLS_part ${part} of ${msn} is too far ahead of part ${edge.openPartCount - 1} of ${openMsn}`,
    );
  }
}

function decimalInteger(name: string, value: string): number {
  if (!DECIMAL_INTEGER.test(value)) {
    throw new DirectiveError(`${name} has to be a decimal integer, not ${excerpt(value)}`);
  }
  return Number(value);
}

function refuseSecond(name: string, earlier: number | string | undefined): void {
  if (earlier !== undefined) throw new DirectiveError(`${name} may come once`);
}
