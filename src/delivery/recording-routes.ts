import { isObjectKey } from '../domain/object-key.ts';
import { PlaybackRefusal } from '../domain/playback-refusal.ts';
import { isBucketName } from '../domain/recording-configuration.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../lib/http.ts';
import { askedRange, contentRange } from './byte-range.ts';
import {
  CORS_HEADERS,
  forOneViewer,
  ivsRefusal,
  METHOD_NOT_ALLOWED_REPLY,
  NOT_FOUND_REPLY,
  PREFLIGHT_REPLY,
} from './playback-replies.ts';
import type { RecordingAccess } from './recording-access.ts';

/** An object that does not change while it is read. */
export interface StoredObject {
  readonly byteLength: number;
  /** Both ends inclusive. Nothing is opened before it is read. */
  read(first: number, last: number): Uint8Array | AsyncIterable<Uint8Array>;
}

/** Buckets that are on this machine. */
export interface StoredObjects {
  /** `undefined` where there is none. `key` is one that `isObjectKey` takes. */
  find(bucketName: string, key: string): Promise<StoredObject | undefined>;
}

const ROOT = '/recordings/';

/** With a session, before the bucket, whose name can't begin so: `~<id>/`. */
const PATH = /^(?:~([^/]*)\/)?([^/]*)\/(.*)$/s;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  json: 'application/json',
  m3u8: 'application/vnd.apple.mpegurl',
  mp4: 'video/mp4',
  ts: 'video/mp2t',
};

/** Segments never change once they are there; everything else is written again while the recording grows. */
const IMMUTABLE: ReadonlySet<string> = new Set(['mp4', 'ts']);

/**
 * `/recordings/<bucket>/<key>`: what is recorded in directories, for players. There is no listing: who has a recording's prefix, with its
 * random id, was given it. That is enough for what everybody might have seen live; others need a token on their first playlist, as
 * for the channel on air, and are sent on to a path of their own.
 *
 * `access`: absent, a prefix is enough for all.
 */
export function recordingRoutes(
  objects: StoredObjects,
  access: RecordingAccess | undefined,
): HttpHandler {
  const answer = async (request: HttpRequest): Promise<HttpReply> => {
    const path = PATH.exec(request.path.slice(ROOT.length));
    const [, sessionId, bucketName = '', key = ''] = path ?? [];
    const contentType = CONTENT_TYPES[extensionOf(key)];
    if (!isBucketName(bucketName) || !isObjectKey(key) || contentType === undefined) {
      return NOT_FOUND_REPLY;
    }
    const isThere = async () => (await objects.find(bucketName, key)) !== undefined;
    const admission = await access?.admit(request, { key, sessionId, isThere });
    if (admission?.kind === 'new-session') {
      return redirect(`${ROOT}~${admission.sessionId}/${bucketName}/${key}`);
    }
    const object = await objects.find(bucketName, key);
    if (!object) return NOT_FOUND_REPLY;
    const found = reply(object, request, key, contentType);
    return admission?.kind === 'private' ? forOneViewer(found) : found;
  };
  return (request): HttpReply | Promise<HttpReply> | undefined => {
    if (!request.path.startsWith(ROOT)) return undefined;
    if (request.method === 'OPTIONS') return PREFLIGHT_REPLY;
    if (request.method !== 'GET' && request.method !== 'HEAD') return METHOD_NOT_ALLOWED_REPLY;
    return answer(request).catch((error) => {
      if (!(error instanceof PlaybackRefusal)) throw error;
      return ivsRefusal(error.code, error.message, request.path);
    });
  };
}

const redirect = (location: string): HttpReply => ({
  status: 302,
  headers: { ...CORS_HEADERS, 'Cache-Control': 'no-store', Location: location },
});

function reply(
  object: StoredObject,
  request: HttpRequest,
  key: string,
  contentType: string,
): HttpReply {
  const { byteLength } = object;
  const headers = {
    ...CORS_HEADERS,
    'Content-Type': contentType,
    'Accept-Ranges': 'bytes',
    'Cache-Control': IMMUTABLE.has(extensionOf(key)) ? 'public, max-age=86400' : 'no-cache',
    'X-Content-Type-Options': 'nosniff',
  };
  const range = askedRange(request, byteLength);
  if (range === 'unsatisfiable') {
    return {
      status: 416,
      headers: { ...headers, 'Content-Range': contentRange(range, byteLength) },
    };
  }
  const { first, last } = range ?? { first: 0, last: byteLength - 1 };
  const body = object.read(first, last);
  return {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      ...(range && { 'Content-Range': contentRange(range, byteLength) }),
    },
    body,
    byteLength: last - first + 1,
  };
}

const extensionOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1);
