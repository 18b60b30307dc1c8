import type { HttpReply, HttpRequest } from '../lib/http.ts';
import type { MediaExtension } from '../packaging/part-container.ts';
import { askedRange, type ByteRange, contentRange } from './byte-range.ts';
import { CORS_HEADERS } from './playback-replies.ts';

/**
 * Bytes behind a media URL never change: sequence numbers are not used twice in a stream and every stream has URLs of its
 * own. An hour is longer than any window keeps them, and short enough not to fill a viewer's disk.
 */
const MEDIA_HEADERS = {
  ...CORS_HEADERS,
  'Cache-Control': 'public, max-age=3600, immutable',
} as const;

interface FinishedMedia {
  readonly byteLength: number;
}

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

/** Finished segments, parts and init segments as replies: one of each for all its viewers. */
export class MediaReplies {
  readonly #whole = new WeakMap<FinishedMedia, HttpReply>();

  /** `buffers` are those of `media`, all of it; or the range of it that was asked for. */
  reply(
    media: FinishedMedia,
    buffers: () => readonly Uint8Array[],
    request: Pick<HttpRequest, 'headers'>,
    extension: MediaExtension,
  ): HttpReply {
    const range = askedRange(request, media.byteLength);
    if (range !== undefined) return rangeReply(buffers(), media.byteLength, range, extension);
    let reply = this.#whole.get(media);
    if (!reply) {
      reply = { status: 200, headers: WHOLE_HEADERS[extension], body: buffers(), isShared: true };
      this.#whole.set(media, reply);
    }
    return reply;
  }
}

function rangeReply(
  buffers: readonly Uint8Array[],
  byteLength: number,
  range: ByteRange | 'unsatisfiable',
  extension: MediaExtension,
): HttpReply {
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
    headers: { ...WHOLE_HEADERS[extension], 'Content-Range': contentRange(range, byteLength) },
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
