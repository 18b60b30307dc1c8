import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';

const PAGES = new URL('./pages/', import.meta.url);
const HLS = new URL(import.meta.resolve('hls.js/dist/hls.min.js'));
const IVS_ASSETS = new URL('./assets/', import.meta.resolve('amazon-ivs-player'));

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  wasm: 'application/wasm',
};

/** The pages of `pages/` and what they load, on a port and so an origin of their own, as a customer's page is. */
export class PageServer implements AsyncDisposable {
  readonly #server: Server;
  #ivsPage: Promise<Uint8Array> | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      const name = new URL(request.url ?? '/', 'http://page').pathname.slice(1);
      this.#file(name).then(
        (bytes) => {
          const contentType = CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)];
          response.writeHead(200, contentType ? { 'Content-Type': contentType } : {}).end(bytes);
        },
        () => response.writeHead(404).end(),
      );
    });
  }

  static async start(): Promise<PageServer> {
    const pages = new PageServer();
    pages.#server.listen(0, '127.0.0.1');
    await once(pages.#server, 'listening');
    return pages;
  }

  url(page: 'hls.html' | 'ivs.html'): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${page}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #file(name: string): Promise<Uint8Array> {
    if (name === 'hls.min.js') return readFile(HLS);
    if (name === 'ivs-page.js') return (this.#ivsPage ??= bundleIvsPage());
    return readFile(new URL(name, name.startsWith('amazon-ivs-') ? IVS_ASSETS : PAGES));
  }
}

/** The player comes as CommonJS, with Node's `events` to be brought by whoever bundles it. */
async function bundleIvsPage(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [new URL('ivs-page.js', PAGES).pathname],
    alias: { events: new URL('events.js', PAGES).pathname },
    bundle: true,
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]!.contents;
}
