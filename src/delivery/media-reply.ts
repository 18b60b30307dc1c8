import type { HttpReply, HttpRequest } from '../lib/http.ts';
import type { MediaExtension } from '../packaging/part-container.ts';
import { askedRange, contentRange } from './byte-range.ts';
import { CORS_HEADERS } from './playback-replies.ts';

/**
 * Bytes behind a media URL never change: sequence numbers are not used twice in a stream and every stream has URLs of its
 * own. An hour is longer than any window keeps them, and short enough not to fill a viewer's disk.
 */
const MEDIA_HEADERS = {
  ...CORS_HEADERS,
  'Cache-Control': 'public, max-age=3600, immutable',
} as const;

/** By the end of a URI. */
const CONTENT_TYPES = { m4s: 'video/mp4', ts: 'video/mp2t' } as const;
const GROWING_HEADERS = {
  m4s: { ...MEDIA_HEADERS, 'Content-Type': CONTENT_TYPES.m4s },
  ts: { ...MEDIA_HEADERS, 'Content-Type': CONTENT_TYPES.ts },
} as const;
const WHOLE_HEADERS = {
  m4s: { ...GROWING_HEADERS.m4s, 'Accept-Ranges': 'bytes' },
  ts: { ...GROWING_HEADERS.ts, 'Accept-Ranges': 'bytes' },
} as const;

/** A finished resource of `byteLength` bytes, or the range of it that was asked for. */
export function mediaReply(
  buffers: readonly Uint8Array[],
  byteLength: number,
  request: Pick<HttpRequest, 'headers'>,
  extension: MediaExtension,
): HttpReply {
  const range = askedRange(request, byteLength);
  const wholeHeaders = WHOLE_HEADERS[extension];
  if (range === undefined) return { status: 200, headers: wholeHeaders, body: buffers };
  if (range === 'unsatisfiable') {
    return {
      status: 416,
      headers: {
        ...CORS_HEADERS,
        'Cache-Control': 'no-store',
        'Content-Range': contentRange(range, byteLength),
      },
    };
  }
  const { first, last } = range;
  return {
    status: 206,
    headers: { ...wholeHeaders, 'Content-Range': contentRange(range, byteLength) },
    body: sliceBuffers(buffers, first, last + 1),
  };
}

/** An open segment, sent as it grows; its length is not known, so there are no ranges of it. */
export function growingMediaReply(
  body: AsyncIterable<Uint8Array>,
  extension: MediaExtension,
): HttpReply {
  return { status: 200, headers: GROWING_HEADERS[extension], body };
}

function sliceBuffers(buffers: readonly Uint8Array[], start: number, end: number): Uint8Array[] {
  const slices: Uint8Array[] = [];
  let offset = 0;
  for (const buffer of buffers) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, buffer.byteLength);
    if (from < to) slices.push(buffer.subarray(from, to));
    offset += buffer.byteLength;
  }
  return slices;
}
