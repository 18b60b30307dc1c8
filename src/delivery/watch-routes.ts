import type { Tenant } from '../domain/tenant.ts';
import type { HttpHandler, HttpReply } from '../lib/http.ts';
import { AssetReplies, escapeAttribute, type PageAssets, pageHeaders } from './page-assets.ts';
import { multivariantPath } from './playback-path.ts';

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

export interface WatchRoutesOptions {
  readonly channels: ChannelLocator;
  readonly recordings: RecordingCatalog;
  /** Whether recordings in a bucket can be played from here. */
  readonly isServed: (bucketName: string) => boolean;
  /** `watch.html` and what it is made of. */
  readonly assets: PageAssets;
  /** Where playback URLs begin, when that is not the host of the page. Without a slash at its end. */
  readonly publicUrl?: string;
}

const WATCH_ROOT = '/watch/';
const RECORDINGS_PATH = /^\/watch\/([A-Za-z0-9]{1,32})\/recordings$/;
const WATCH_PATH = /^\/watch\/(?:([A-Za-z0-9]{1,32})|assets\/([a-z][a-z.-]{1,31}))$/;

/** The watch page of a channel, and the files that it is made of. */
export class WatchRoutes {
  readonly #channels: ChannelLocator;
  readonly #recordings: RecordingCatalog;
  readonly #isServed: (bucketName: string) => boolean;
  readonly #assets: AssetReplies;
  readonly #publicUrl: string;
  readonly #pageHeaders: Readonly<Record<string, string>>;

  constructor(options: WatchRoutesOptions) {
    this.#channels = options.channels;
    this.#recordings = options.recordings;
    this.#isServed = options.isServed;
    this.#assets = new AssetReplies(options.assets, 'watch.html', 'public, max-age=300');
    this.#publicUrl = options.publicUrl ?? '';
    this.#pageHeaders = pageHeaders(mediaPolicy(options.publicUrl));
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
    return this.#assets.reply(assetName ?? '', request);
  };

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
    const body = this.#assets.template
      .replaceAll('{{channelId}}', channelId)
      .replaceAll('{{playbackUrl}}', escapeAttribute(playbackUrl));
    return { status: tenant ? 200 : 404, headers: this.#pageHeaders, body };
  }
}

/**
 * hls.js demuxes in a worker made of a blob and feeds the video element from one. Its tracks of text begin with an empty one, which is a
 * `data:` URL.
 */
function mediaPolicy(publicUrl: string | undefined): readonly string[] {
  const media = publicUrl === undefined ? "'self'" : `'self' ${new URL(publicUrl).origin}`;
  return [
    "img-src 'self' data:",
    `connect-src ${media}`,
    `media-src blob: data: ${media}`,
    'worker-src blob:',
  ];
}
