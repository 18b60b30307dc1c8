import { promisify } from 'node:util';
import { gzip as gzipWithCallback } from 'node:zlib';
import type { HttpReply, HttpRequest } from '../lib/http.ts';
import { acceptsGzip } from './content-coding.ts';

const gzip = promisify(gzipWithCallback);

export interface PageAsset {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** By file name: the HTML of a page, and what it is made of. */
export type PageAssets = ReadonlyMap<string, PageAsset>;

/** The files of one page. They come from a table that is filled at start: no path of a request reaches the file system. */
export class AssetReplies {
  readonly #assets: PageAssets;
  /** Its HTML, with places to fill: the page itself is served elsewhere. */
  readonly template: string;
  readonly #templateName: string;
  readonly #cacheControl: string;
  readonly #gzippedReplies = new Map<PageAsset, Promise<HttpReply>>();

  /** `cacheControl`: of the files; their names stay over an upgrade. */
  constructor(assets: PageAssets, templateName: string, cacheControl: string) {
    const template = assets.get(templateName);
    if (!template) throw new Error(`cannot serve a page: ${templateName} is not among its assets`);
    this.#assets = assets;
    this.#templateName = templateName;
    this.#cacheControl = cacheControl;
    this.template = new TextDecoder().decode(template.bytes);
  }

  reply(name: string, { headers }: Pick<HttpRequest, 'headers'>): HttpReply | Promise<HttpReply> {
    const asset = name === this.#templateName ? undefined : this.#assets.get(name);
    if (!asset) return { status: 404, headers: { 'Cache-Control': 'no-store' } };
    return acceptsGzip(headers['accept-encoding'])
      ? this.#gzipped(asset)
      : this.#assetReply(asset, asset.bytes);
  }

  /** Compressed when first asked for, off the media thread: hls.js is 600 KB. */
  #gzipped(asset: PageAsset): Promise<HttpReply> {
    let reply = this.#gzippedReplies.get(asset);
    if (!reply) {
      reply = gzip(asset.bytes).then((bytes) => this.#assetReply(asset, bytes, 'gzip'));
      this.#gzippedReplies.set(asset, reply);
    }
    return reply;
  }

  #assetReply({ contentType }: PageAsset, body: Uint8Array, contentEncoding?: 'gzip'): HttpReply {
    return {
      status: 200,
      headers: {
        'Content-Type': contentType,
        Vary: 'Accept-Encoding',
        ...(contentEncoding && { 'Content-Encoding': contentEncoding }),
        'Cache-Control': this.#cacheControl,
        'X-Content-Type-Options': 'nosniff',
      },
      body,
    };
  }
}

/** Headers of a page: it takes nothing but its own files, and more only where `policy` says so. */
export function pageHeaders(policy: readonly string[]): Readonly<Record<string, string>> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      ...policy,
      "base-uri 'none'",
      "form-action 'none'",
    ].join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
  };
}

/** The text of an attribute in double quotes. */
export function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
