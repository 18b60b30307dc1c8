import assert from 'node:assert/strict';
import { ReplyEncoder } from '../../src/adapters/reply-encoder.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { HttpHandler, HttpReply, HttpRequest } from '../../src/lib/http.ts';

const KEEP_ALIVE_MS = 75_000;

/** A player without sockets: asks for each playlist before it is there, and for the part that it brings. */
export class InProcessViewer {
  readonly #handlers: readonly HttpHandler[];
  readonly #transfer: ReplyEncoder;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #query: string;
  /** Answers so far, and the longest of them. */
  playlists = 0;
  longestPlaylistBytes = 0;
  parts = 0;
  partBytes = 0;
  /** Why it plays no more. */
  #failure: Error | undefined;

  /** `isCompressed`: as browsers do, with delta updates; otherwise as the simplest player does. */
  constructor(
    handlers: readonly HttpHandler[],
    { isCompressed, clock }: { isCompressed: boolean; clock: Clock },
  ) {
    this.#handlers = handlers;
    // It keeps for a second what is shared: of the clock that the stream has, not of the machine's.
    this.#transfer = new ReplyEncoder(KEEP_ALIVE_MS, () => clock.nowMs());
    this.#headers = { host: 'localhost:8080', ...(isCompressed && { 'accept-encoding': 'gzip' }) };
    this.#query = isCompressed ? '&_HLS_skip=YES' : '';
  }

  /** Throws where it does not play any more. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Resolves when the first playlist is there; plays on until the stream ends. */
  async play(playbackPath: string): Promise<void> {
    const multivariant = textOf(await this.#get(playbackPath));
    const line = multivariant.split('\n').find((text) => text.startsWith('http'));
    assert.ok(line, multivariant);
    const { pathname, search } = new URL(line);
    this.#follow(pathname, search.slice(1)).catch((error: Error) => {
      this.#failure = error;
    });
  }

  async #follow(path: string, query: string): Promise<void> {
    const directory = path.slice(0, path.lastIndexOf('/') + 1);
    let directives = '';
    for (;;) {
      const playlist = textOf(await this.#get(path, `${query}${directives}`, { isPlain: true }));
      if (this.#query) await this.#get(path, `${query}${directives}${this.#query}`);
      this.playlists++;
      this.longestPlaylistBytes = Math.max(this.longestPlaylistBytes, playlist.length);
      if (playlist.includes('#EXT-X-ENDLIST')) return;
      const newest = [...playlist.matchAll(/#EXT-X-PART:.*URI="([^"]+)"/g)].at(-1)?.[1];
      if (newest !== undefined) {
        this.parts++;
        this.partBytes += byteLengthOf(await this.#get(`${directory}${newest}`));
      }
      const [, msn, part] = /PRELOAD-HINT:.*URI="(\d+)\.(\d+)\./.exec(playlist) ?? [];
      assert.ok(msn !== undefined && part !== undefined, `no preload hint:\n${playlist}`);
      directives = `&_HLS_msn=${msn}&_HLS_part=${part}`;
    }
  }

  async #get(path: string, query = '', { isPlain = false } = {}): Promise<HttpReply> {
    const request: HttpRequest = {
      ...{ method: 'GET', path, query, remoteAddress: '127.0.0.1', isEncrypted: false },
      headers: isPlain ? { host: 'localhost:8080' } : this.#headers,
      body: async () => new Uint8Array(0),
      onClose: () => {},
    };
    for (const handler of this.#handlers) {
      const answer = handler(request);
      if (answer === undefined) continue;
      const reply = await answer;
      assert.equal(reply.status, 200, `${reply.status} for ${path}?${query}`);
      this.#transfer.encode(reply, false);
      return reply;
    }
    return assert.fail(`nobody answers ${path}`);
  }
}

function textOf({ body }: HttpReply): string {
  if (typeof body === 'string') return body;
  assert.ok(body instanceof Uint8Array, 'a playlist is one buffer');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
}

function byteLengthOf({ body }: HttpReply): number {
  assert.ok(Array.isArray(body), 'a part is a list of buffers');
  return body.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
