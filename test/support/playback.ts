import type { StreamOnAir, StreamSource } from '../../src/delivery/on-air.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { HttpReply, HttpRequest } from '../../src/lib/http.ts';
import { VIDEO_TIMESCALE } from '../../src/media/frame.ts';
import { LiveWindow } from '../../src/packaging/live-window.ts';
import type { MediaExtension } from '../../src/packaging/part-container.ts';
import { Part } from '../../src/packaging/segment.ts';

export const REGION = 'us-west-2';
export const ACCOUNT_ID = '123456789012';
export const CHANNEL_ID = 'abcdABCDefgh';
export const PLAYBACK_ID = 'p1ayback_-id';
export const BOUND_PLAYBACK_ID = 'b0und_-id';

const PART_SECONDS = 0.2;
const PARTS_PER_SEGMENT = 10;

/** The bytes of a part say which one it is: `<12.3>`. */
export const partText = (msn: number, index: number): string => `<${msn}.${index}>`;

export const segmentText = (msn: number, partCount = PARTS_PER_SEGMENT): string =>
  Array.from({ length: partCount }, (_, index) => partText(msn, index)).join('');

/** A real window, filled by hand: segments of ten parts of 0.2 s. */
export class FilledWindow {
  readonly window: LiveWindow;
  readonly #name: string;
  readonly #height: number;
  readonly #framesPerSecond: number;

  constructor(options: {
    readonly clock: Clock;
    readonly name?: string;
    readonly isLowLatency?: boolean;
    readonly segments?: number;
    readonly mediaExtension?: MediaExtension;
    readonly siblings?: () => readonly LiveWindow[];
    readonly height?: number;
    readonly framesPerSecond?: number;
  }) {
    this.#height = options.height ?? 720;
    this.#name = options.name ?? '720p30';
    this.#framesPerSecond = options.framesPerSecond ?? 30;
    this.window = new LiveWindow({
      isLowLatency: options.isLowLatency ?? true,
      mediaExtension: options.mediaExtension ?? 'm4s',
      ...(options.siblings && { siblings: options.siblings }),
      clock: options.clock,
    });
    this.window.beginGeneration(Buffer.from('<init 0>'));
    for (let i = 0; i < (options.segments ?? 2); i++) this.addSegment();
  }

  /** Opens a segment where none is open. */
  addPart(): void {
    const { window } = this;
    if (!window.openSegment) {
      window.beginSegment({
        programDateTimeMs: Date.UTC(2026, 0, 1) + window.nextMsn * 2_000,
        isDiscontinuous: false,
      });
    }
    const index = window.nextPart;
    const bytes = Buffer.from(partText(window.nextMsn, index));
    window.appendPart(
      new Part({
        index,
        durationTicks: PART_SECONDS * VIDEO_TIMESCALE,
        isIndependent: index === 0,
        encodable: { byteLength: bytes.byteLength, encode: () => bytes, release() {} },
      }),
    );
  }

  completeSegment(): void {
    const durationTicks = this.window.nextPart * PART_SECONDS * VIDEO_TIMESCALE;
    this.window.completeSegment(
      durationTicks,
      { targetDurationSeconds: 2, partTargetTicks: PART_SECONDS * VIDEO_TIMESCALE },
      () => ({
        name: this.#name,
        codecs: 'avc1.64001F,mp4a.40.2',
        picture: {
          width: Math.round((this.#height * 16) / 9),
          height: this.#height,
          framesPerSecond: this.#framesPerSecond,
        },
        bandwidthBps: 3_100_000,
        averageBandwidthBps: 3_000_000,
        isSource: true,
        hasIndependentSegments: true,
      }),
    );
  }

  addSegment(): void {
    while (this.window.nextPart < PARTS_PER_SEGMENT) this.addPart();
    this.completeSegment();
  }
}

export function streamOnAir(
  windows: readonly LiveWindow[],
  overrides: Partial<StreamOnAir> = {},
): StreamOnAir {
  return {
    region: REGION,
    accountId: ACCOUNT_ID,
    channelArn: `arn:aws:ivs:${REGION}:${ACCOUNT_ID}:channel/${CHANNEL_ID}`,
    channelId: CHANNEL_ID,
    streamId: 'st-1234567890abcdefghijklm',
    playbackId: PLAYBACK_ID,
    boundPlaybackId: BOUND_PLAYBACK_ID,
    latencyMode: 'LOW',
    requiresAuthorization: false,
    playbackRestrictionPolicyArn: '',
    startTimeMs: Date.UTC(2026, 0, 1),
    isEnded: false,
    windows,
    hasAudioOnly: false,
    addAudioOnly: () => {},
    thumbnail: undefined,
    whenPlayable: () => Promise.resolve(windows.some((window) => window.isPlayable)),
    ...overrides,
  };
}

export function streamSource(...streams: readonly StreamOnAir[]): StreamSource {
  return {
    onAir: ({ region, accountId }, channelId) =>
      streams.find(
        (stream) =>
          stream.region === region &&
          stream.accountId === accountId &&
          stream.channelId === channelId,
      ),
    byPlaybackId: (id) =>
      streams.find(({ playbackId, boundPlaybackId }) => [playbackId, boundPlaybackId].includes(id)),
  };
}

/** A request without a socket; `goAway` is the client closing its end. */
export function fakeRequest(
  target: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly isEncrypted?: boolean;
    readonly remoteAddress?: string;
  } = {},
): HttpRequest & { goAway(): void } {
  const questionMark = target.indexOf('?');
  const listeners: (() => void)[] = [];
  return {
    method: options.method ?? 'GET',
    path: questionMark < 0 ? target : target.slice(0, questionMark),
    query: questionMark < 0 ? '' : target.slice(questionMark + 1),
    headers: { host: 'ivory.test:8080', ...options.headers },
    remoteAddress: options.remoteAddress ?? '192.0.2.7',
    isEncrypted: options.isEncrypted ?? false,
    body: () => Promise.resolve(new Uint8Array()),
    onClose: (listener) => void listeners.push(listener),
    goAway: () => {
      for (const listener of listeners.splice(0)) listener();
    },
  };
}

/** The whole body of a reply, as text. */
export async function replyText({ body }: HttpReply): Promise<string> {
  if (body === undefined) return '';
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
