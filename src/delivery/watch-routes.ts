import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import type { Tenant } from '../domain/tenant.ts';
import type { HttpHandler, HttpReply } from '../lib/http.ts';
import { acceptsGzip } from './content-coding.ts';
import { multivariantPath } from './playback-path.ts';

const gzip = promisify(gzipWithCallback);

/** Whose channel it is. A watch URL has only the id; with two regions or accounts on one server the first match answers. */
export interface ChannelLocator {
  find(channelId: string): Promise<Tenant | undefined>;
}

/** A recording of a channel, in a bucket. */
export interface RecordedVideo {
  readonly bucketName: string;
  readonly keyPrefix: string;
  readonly startedAtMs: number;
  /** Absent while it grows. */
  readonly durationMs?: number;
}

export interface RecordingCatalog {
  /** Newest first; none of a channel that is private. */
  recordings(channelId: string): Promise<readonly RecordedVideo[]>;
}

export interface WatchAsset {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** By file name: `watch.html`, `watch.css`, `watch.js`, `hls.min.js`. */
export type WatchAssets = ReadonlyMap<string, WatchAsset>;

export interface WatchRoutesOptions {
  readonly channels: ChannelLocator;
  readonly recordings: RecordingCatalog;
  /** Whether recordings in a bucket can be played from here. */
  readonly isServed: (bucketName: string) => boolean;
  readonly assets: WatchAssets;
  /** Where playback URLs begin, when that is not the host of the page. Without a slash at its end. */
  readonly publicUrl?: string;
}

const WATCH_ROOT = '/watch/';
const RECORDINGS_PATH = /^\/watch\/([A-Za-z0-9]{1,32})\/recordings$/;
const WATCH_PATH = /^\/watch\/(?:([A-Za-z0-9]{1,32})|assets\/([a-z][a-z.-]{1,31}))$/;
const PAGE = 'watch.html';
const HTML = 'text/html; charset=utf-8';

/** The watch page of a channel, and the files that it is made of. */
export class WatchRoutes {
  readonly #channels: ChannelLocator;
  readonly #recordings: RecordingCatalog;
  readonly #isServed: (bucketName: string) => boolean;
  readonly #assets: WatchAssets;
  readonly #publicUrl: string;
  readonly #pageHeaders: Readonly<Record<string, string>>;
  readonly #page: string;
  readonly #gzippedReplies = new Map<WatchAsset, Promise<HttpReply>>();

  constructor(options: WatchRoutesOptions) {
    this.#channels = options.channels;
    this.#recordings = options.recordings;
    this.#isServed = options.isServed;
    this.#assets = options.assets;
    this.#publicUrl = options.publicUrl ?? '';
    const page = options.assets.get(PAGE);
    if (!page) throw new Error(`cannot serve the watch page: ${PAGE} is not among the assets`);
    this.#page = new TextDecoder().decode(page.bytes);
    this.#pageHeaders = {
      'Content-Type': HTML,
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': contentSecurityPolicy(options.publicUrl),
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    };
  }

  readonly handle: HttpHandler = (request) => {
    if (!request.path.startsWith(WATCH_ROOT)) return undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { status: 405, headers: { Allow: 'GET, HEAD' } };
    }
    const [, recordedId] = RECORDINGS_PATH.exec(request.path) ?? [];
    if (recordedId !== undefined) return this.#recordingList(recordedId);
    const [, channelId, assetName] = WATCH_PATH.exec(request.path) ?? [];
    if (channelId !== undefined) return this.#channelPage(channelId);
    const asset = assetName === PAGE ? undefined : this.#assets.get(assetName ?? '');
    if (!asset) return { status: 404, headers: { 'Cache-Control': 'no-store' } };
    return acceptsGzip(request.headers['accept-encoding'])
      ? this.#gzipped(asset)
      : assetReply(asset, asset.bytes);
  };

  /** Compressed when first asked for, off the media thread: hls.js is 600 KB. */
  #gzipped(asset: WatchAsset): Promise<HttpReply> {
    let reply = this.#gzippedReplies.get(asset);
    if (!reply) {
      reply = gzip(asset.bytes).then((bytes) => assetReply(asset, bytes, 'gzip'));
      this.#gzippedReplies.set(asset, reply);
    }
    return reply;
  }

  async #recordingList(channelId: string): Promise<HttpReply> {
    const recordings = await this.#recordings.recordings(channelId);
    const list = recordings
      .filter(({ bucketName }) => this.#isServed(bucketName))
      .map(({ bucketName, keyPrefix, startedAtMs, durationMs }) => ({
        path: `${bucketName}/${keyPrefix}`,
        startedAtMs,
        durationMs,
      }));
    return {
      status: 200,
      headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
      body: JSON.stringify(list),
    };
  }

  async #channelPage(channelId: string): Promise<HttpReply> {
    const tenant = await this.#channels.find(channelId);
    const playbackUrl = tenant ? this.#publicUrl + multivariantPath({ ...tenant, channelId }) : '';
    // The id needs no escaping: the pattern of the route lets letters and digits through.
    const body = this.#page
      .replaceAll('{{channelId}}', channelId)
      .replaceAll('{{playbackUrl}}', escapeAttribute(playbackUrl));
    return { status: tenant ? 200 : 404, headers: this.#pageHeaders, body };
  }
}

function assetReply(
  { contentType }: WatchAsset,
  body: Uint8Array,
  contentEncoding?: 'gzip',
): HttpReply {
  return {
    status: 200,
    headers: {
      'Content-Type': contentType,
      Vary: 'Accept-Encoding',
      ...(contentEncoding && { 'Content-Encoding': contentEncoding }),
      // The names stay over an upgrade: a cache may keep them for a while, not for good.
      'Cache-Control': 'public, max-age=300',
      'X-Content-Type-Options': 'nosniff',
    },
    body,
  };
}

/**
 * hls.js demuxes in a worker made of a blob and feeds the video element from one. Its tracks of text begin with an empty one, which is a
 * `data:` URL.
 */
function contentSecurityPolicy(publicUrl: string | undefined): string {
  const media = publicUrl === undefined ? "'self'" : `'self' ${new URL(publicUrl).origin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src ${media}`,
    `media-src blob: data: ${media}`,
    'worker-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
