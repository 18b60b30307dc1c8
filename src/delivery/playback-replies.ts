import { PLAYBACK_REFUSALS, type PlaybackRefusalCode } from '../domain/playback-refusal.ts';
import type { HttpReply } from '../lib/http.ts';

/**
 * On every playback reply, refusals too, so that a page of any origin can read it. Players send no credentials, so the
 * wildcard is enough; `Date` and the two lengths are what players read besides the body.
 */
export const CORS_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Content-Length, Content-Range, Date',
} as const;

const METHODS = 'GET, HEAD, OPTIONS';

/** Answers any preflight the same way: a browser asks one before a `Range` request. */
export const PREFLIGHT_REPLY: HttpReply = {
  status: 204,
  headers: {
    ...CORS_HEADERS,
    'Access-Control-Allow-Methods': METHODS,
    'Access-Control-Allow-Headers': 'Range',
    'Access-Control-Max-Age': '86400',
  },
};

/** What is not there now may be in a moment: without `no-store` a cache may keep a 404 (RFC 9110 section 15.5.5). */
const REFUSAL_HEADERS = { ...CORS_HEADERS, 'Cache-Control': 'no-store' } as const;

const plainRefusal = (status: number): HttpReply => ({ status, headers: REFUSAL_HEADERS });

export const NOT_FOUND_REPLY = plainRefusal(404);
/** RFC 8216bis 6.2.5.2: what was waited for did not come in three target durations. */
export const TIMEOUT_REPLY = plainRefusal(503);
/**
 * A segment that was announced, and then the stream ended without it. The IVS player (1.56.1) asks for it before it reads
 * ENDLIST: a 404 or 410 stops it with an error while it still has media to play, a 503 after the last of its tries. No
 * content it takes for what it is, and ends in state Ended.
 */
export const NO_CONTENT_REPLY: HttpReply = { status: 204, headers: REFUSAL_HEADERS };
export const METHOD_NOT_ALLOWED_REPLY: HttpReply = {
  status: 405,
  headers: { ...REFUSAL_HEADERS, Allow: METHODS },
};

export const badRequestReply = (reason: string): HttpReply => ({
  status: 400,
  headers: { ...REFUSAL_HEADERS, 'Content-Type': 'text/plain; charset=utf-8' },
  body: `${reason}\n`,
});

/**
 * A refusal in the form that IVS uses and its player reads: a JSON array of one. The query of the URL is left out of it,
 * because it may carry a token.
 */
export function ivsRefusal(code: PlaybackRefusalCode, error: string, path: string): HttpReply {
  return {
    status: PLAYBACK_REFUSALS[code],
    headers: { ...REFUSAL_HEADERS, 'Content-Type': 'application/json' },
    body: JSON.stringify([{ url: path, error, error_code: code, type: 'error' }]),
  };
}

/** "transcode does not exist": the text that the same family of servers gives. */
export const offlineReply = (path: string): HttpReply =>
  ivsRefusal('transcode_does_not_exist', 'transcode does not exist', path);

/** The same, and no cache between us and the viewer keeps it: another viewer may not have it, or not any more. */
export function forOneViewer(reply: HttpReply): HttpReply {
  const cacheControl = String(reply.headers['Cache-Control'] ?? 'no-store');
  const headers = { ...reply.headers, 'Cache-Control': cacheControl.replace('public', 'private') };
  return { ...reply, headers, isShared: false };
}
