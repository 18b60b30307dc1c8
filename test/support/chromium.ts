import { type Browser, chromium, type Page } from 'playwright-core';
import { PageServer } from './page-server.ts';
import type { PictureClockReader } from './picture-clock.ts';
import { until } from './until.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Nothing leaves this machine: the IVS player and the browser itself would ask for things.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** What `video-log.js` says of any player. */
export interface VideoReport {
  readonly atMs: number;
  readonly mediaSeconds: number;
  readonly frames: number;
  readonly droppedFrames: number;
  readonly readyState: number;
  readonly width: number;
  readonly height: number;
  readonly isEnded: boolean;
  readonly events: readonly string[];
  /** NaN-free: absent where the picture has no clock. */
  readonly pictureDelaySeconds?: number;
}

export interface HlsReport extends VideoReport {
  readonly errors: readonly {
    readonly isFatal: boolean;
    readonly details: string;
    readonly reason: string;
    /** Of the HTTP response, where there was one. */
    readonly status?: number;
  }[];
  /** Every ID3 tag that came, by its bytes as Latin-1, with the program date time that it is for. */
  readonly tags: readonly { readonly text: string; readonly dateMs: number }[];
  /** The playlist has ended, and all but a moment of it was played. */
  readonly isPlayedOut: boolean;
  readonly isLowLatency: boolean;
  /** hls.js's own: how far from the end of the playlist, and how far it wants to be. */
  readonly latencySeconds: number;
  readonly targetLatencySeconds: number;
  /** IVS's name of the quality in the picture, by its NAME or its size. */
  readonly level: string | undefined;
  /** By EXT-X-PROGRAM-DATE-TIME. */
  readonly programDelaySeconds: number;
}

export interface IvsReport extends VideoReport {
  readonly state: string;
  /** Every state since the load, in order. */
  readonly states: readonly string[];
  readonly errors: readonly {
    readonly type: string;
    readonly code: number;
    readonly source: string;
    readonly message: string;
  }[];
  readonly cues: readonly {
    readonly startTime: number;
    readonly owner: string;
    readonly text: string;
  }[];
  readonly isLowLatency: boolean;
  readonly latencySeconds: number;
  readonly quality: string;
}

/** A page with a player on it that reports. */
export class PlayerPage<Report extends VideoReport> implements AsyncDisposable {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  report(): Promise<Report> {
    return this.page.evaluate<Report>('player.report()');
  }

  async until(
    what: string,
    holds: (report: Report) => boolean,
    timeoutMs = 20_000,
  ): Promise<Report> {
    let last: Report | undefined;
    try {
      return await until(
        what,
        async () => {
          last = await this.report();
          return holds(last) && last;
        },
        { timeoutMs },
      );
    } catch (error) {
      const seen = `last seen: ${JSON.stringify(last)}`;
      throw new Error(`${(error as Error).message}; ${seen}`, { cause: error });
    }
  }

  /** Pictures move: a first frame is not enough, players show it before they know whether they can go on. */
  untilPlaying(timeoutMs?: number): Promise<Report> {
    return this.until(
      'the picture to move',
      ({ events, frames, mediaSeconds }) =>
        events.includes('playing') && mediaSeconds > 0 && frames > 10,
      timeoutMs,
    );
  }

  /**
   * Playing for good: a page whose scripts are late may play a moment of a stream that begins, before hls.js seeks to where it
   * means to start.
   */
  async untilSteady(timeoutMs?: number): Promise<Report> {
    const { mediaSeconds } = await this.untilPlaying(timeoutMs);
    return this.until('a second of it', (report) => report.mediaSeconds > mediaSeconds + 1);
  }

  /** Reports a second apart, while so many seconds of the clock go by. */
  async watch(seconds: number): Promise<Report[]> {
    const reports = [await this.report()];
    while (reports.at(-1)!.atMs - reports[0]!.atMs < seconds * 1000) {
      await this.page.waitForTimeout(1000);
      reports.push(await this.report());
    }
    return reports;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.page.context().close();
  }
}

/** Debian's Chromium, which has H.264 and AAC, without a way out of this machine. */
export class Chromium implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #pages: PageServer;

  private constructor(browser: Browser, pages: PageServer) {
    this.#browser = browser;
    this.#pages = pages;
  }

  static async launch(flags: readonly string[] = []): Promise<Chromium> {
    const [browser, pages] = await Promise.all([
      chromium.launch({ executablePath: '/usr/bin/chromium', args: [...FLAGS, ...flags] }),
      PageServer.start(),
    ]);
    return new Chromium(browser, pages);
  }

  /** What the players' pages send as `Origin`. */
  get pageOrigin(): string {
    return new URL(this.#pages.url('ivs.html')).origin;
  }

  /** A page of a viewer of its own: no cache, no cookies of another. */
  async open(url: string): Promise<Page> {
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  /** `settings`: of hls.js, where it is not to be as it comes. */
  async playHls(
    playbackUrl: string,
    clock?: PictureClockReader,
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<PlayerPage<HlsReport>> {
    return this.#play<HlsReport>('hls.html', playbackUrl, clock, settings);
  }

  async playIvs(playbackUrl: string, clock?: PictureClockReader): Promise<PlayerPage<IvsReport>> {
    return this.#play<IvsReport>('ivs.html', playbackUrl, clock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#pages[Symbol.asyncDispose]();
  }

  async #play<Report extends VideoReport>(
    name: 'hls.html' | 'ivs.html',
    playbackUrl: string,
    clock: PictureClockReader | undefined,
    settings?: Readonly<Record<string, unknown>>,
  ): Promise<PlayerPage<Report>> {
    const page = await this.open(this.#pages.url(name));
    const args = JSON.stringify([playbackUrl, clock ?? null, settings ?? null]);
    await page.evaluate(`player.play(...${args})`);
    return new PlayerPage<Report>(page);
  }
}

/** Sets Chromium's network for a page; no limit where none is given. */
export async function networkOf(
  page: Page,
): Promise<(limits: { readonly bps?: number; readonly latencyMs?: number }) => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  return async ({ bps, latencyMs }) => {
    await session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: latencyMs ?? 0,
      downloadThroughput: bps === undefined ? -1 : bps / 8,
      uploadThroughput: -1,
    });
  };
}
