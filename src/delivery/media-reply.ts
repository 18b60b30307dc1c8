import type { HttpReply } from '../lib/http.ts';
import { parseByteRange } from './byte-range.ts';
import { CORS_HEADERS } from './playback-replies.ts';

/**
 * Bytes behind a media URL never change: sequence numbers are not used twice in a stream and every stream has URLs of its
 * own. An hour is longer than any window keeps them, and short enough not to fill a viewer's disk.
 */
const MEDIA_HEADERS = {
  ...CORS_HEADERS,
  'Content-Type': 'video/mp4',
  'Cache-Control': 'public, max-age=3600, immutable',
} as const;

const WHOLE_MEDIA_HEADERS = { ...MEDIA_HEADERS, 'Accept-Ranges': 'bytes' } as const;

/** A finished resource of `byteLength` bytes, or the range of it that was asked for. */
export function mediaReply(
  buffers: readonly Uint8Array[],
  byteLength: number,
  headers: Readonly<Record<string, string | undefined>>,
): HttpReply {
  // Nothing here has a validator, so no If-Range can match: the range is to be ignored then (RFC 9110 section 13.1.5).
  const rangeHeader = headers['if-range'] === undefined ? headers['range'] : undefined;
  const range = rangeHeader === undefined ? undefined : parseByteRange(rangeHeader, byteLength);
  if (range === undefined) return { status: 200, headers: WHOLE_MEDIA_HEADERS, body: buffers };
  if (range === 'unsatisfiable') {
    return {
      status: 416,
      headers: {
        ...CORS_HEADERS,
        'Cache-Control': 'no-store',
        'Content-Range': `bytes */${byteLength}`,
      },
    };
  }
  const { first, last } = range;
  return {
    status: 206,
    headers: { ...WHOLE_MEDIA_HEADERS, 'Content-Range': `bytes ${first}-${last}/${byteLength}` },
    body: sliceBuffers(buffers, first, last + 1),
  };
}

/** An open segment, sent as it grows; its length is not known, so there are no ranges of it. */
export function growingMediaReply(body: AsyncIterable<Uint8Array>): HttpReply {
  return { status: 200, headers: MEDIA_HEADERS, body };
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
