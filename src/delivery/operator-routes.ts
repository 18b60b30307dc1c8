import type { HttpHandler, HttpReply, HttpRequest } from '../lib/http.ts';
import { AssetReplies, escapeAttribute, type PageAssets, pageHeaders } from './page-assets.ts';

export interface OperatorRoutesOptions {
  /** `operator.html` and what it is made of. */
  readonly assets: PageAssets;
  /** What its form begins with. */
  readonly region: string;
}

const PAGE_PATH = '/console';
const ASSET_PATH = /^\/console\/assets\/([a-z][a-z0-9.-]{1,31})$/;

/** The operator's page, which is a client of the API as any other: nothing here knows a key or a stream. */
export class OperatorRoutes {
  readonly #assets: AssetReplies;
  readonly #pageReply: HttpReply;

  constructor({ assets, region }: OperatorRoutesOptions) {
    // Its modules fit each other only as they are of one version: none comes out of a cache.
    this.#assets = new AssetReplies(assets, 'operator.html', 'no-cache');
    this.#pageReply = {
      status: 200,
      headers: pageHeaders([
        "img-src 'self'",
        "connect-src 'self'",
        // Whoever is to type a key here sees that it is here.
        "frame-ancestors 'none'",
      ]),
      body: this.#assets.template.replaceAll('{{region}}', escapeAttribute(region)),
    };
  }

  readonly handle: HttpHandler = (request) => {
    if (isBrowserAtRoot(request)) return REDIRECT;
    const { path, method } = request;
    if (path !== PAGE_PATH && !path.startsWith(`${PAGE_PATH}/`)) return undefined;
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, headers: { Allow: 'GET, HEAD' } };
    }
    if (path === PAGE_PATH || path === `${PAGE_PATH}/`) return this.#pageReply;
    const [, assetName = ''] = ASSET_PATH.exec(path) ?? [];
    return this.#assets.reply(assetName, request);
  };
}

const REDIRECT: HttpReply = {
  status: 302,
  headers: { Location: PAGE_PATH, 'Cache-Control': 'no-store', Vary: 'Accept' },
};

/** The root is CloudWatch's, and of whoever asks for JSON: the query protocol has its operation in the query. */
function isBrowserAtRoot({ method, path, query, headers }: HttpRequest): boolean {
  return (
    path === '/' &&
    query === '' &&
    (method === 'GET' || method === 'HEAD') &&
    headers['accept']?.includes('text/html') === true
  );
}
