import type { ChannelRecord, MultitrackInputConfiguration } from './channel.ts';
import type { LimitBreach } from './events.ts';
import { isFasterThan } from './ladder.ts';

/** How much an encoder may send. */
export interface IngestLimits {
  /** Picture and sound of all tracks together. */
  readonly maxBitrateBps: number;
  readonly maxTotalPixels: number;
  readonly maxPixelsPerEdge: number;
}

type PictureLimits = Omit<IngestLimits, 'maxBitrateBps'>;

/**
 * IVS states 0.4, 0.9 and 2.1 million pixels: rounded, as 1280x720 are 921,600. What is here lets the largest picture of each
 * class in: 864x480, 1280x720, and 1920x1080 with the padding to whole macroblocks, 1920x1088.
 */
const PICTURE_LIMITS: Readonly<
  Record<MultitrackInputConfiguration['maximumResolution'], PictureLimits>
> = {
  SD: { maxTotalPixels: 414_720, maxPixelsPerEdge: 864 },
  HD: { maxTotalPixels: 921_600, maxPixelsPerEdge: 1280 },
  FULL_HD: { maxTotalPixels: 2_100_000, maxPixelsPerEdge: 1920 },
};

/** https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/service-quotas.html */
const MAX_BITRATE_BPS = {
  transcoded: 8_500_000,
  multitrack: 15_000_000,
  basicUpTo480p: 1_500_000,
  basicAbove480p: 3_500_000,
};

/** What a channel lets in, once it is known how large the (largest) picture is. */
export function ingestLimits(
  channel: Pick<ChannelRecord, 'type' | 'multitrackInputConfiguration'>,
  picture: { readonly width: number; readonly height: number },
): IngestLimits {
  const { enabled, maximumResolution } = channel.multitrackInputConfiguration;
  if (enabled) {
    return { ...PICTURE_LIMITS[maximumResolution], maxBitrateBps: MAX_BITRATE_BPS.multitrack };
  }
  if (channel.type !== 'BASIC') {
    return { ...PICTURE_LIMITS.FULL_HD, maxBitrateBps: MAX_BITRATE_BPS.transcoded };
  }
  const isUpTo480p = Math.min(picture.width, picture.height) <= 480;
  return {
    ...PICTURE_LIMITS.FULL_HD,
    maxBitrateBps: isUpTo480p ? MAX_BITRATE_BPS.basicUpTo480p : MAX_BITRATE_BPS.basicAbove480p,
  };
}

/** A picture may lie down or stand: limits are by area and by edge. Of two breaches it is the area's that is told. */
export function checkResolution(
  { maxTotalPixels, maxPixelsPerEdge }: PictureLimits,
  { width, height }: { readonly width: number; readonly height: number },
): LimitBreach | undefined {
  const limitName = 'Ingest Resolution';
  const totalPixels = width * height;
  if (totalPixels > maxTotalPixels) {
    const exceededBy = totalPixels - maxTotalPixels;
    return { limitName, limitValue: maxTotalPixels, exceededBy, limitUnit: 'total pixels' };
  }
  const longerEdge = Math.max(width, height);
  if (longerEdge > maxPixelsPerEdge) {
    const exceededBy = longerEdge - maxPixelsPerEdge;
    return { limitName, limitValue: maxPixelsPerEdge, exceededBy, limitUnit: 'pixels per edge' };
  }
  return undefined;
}

const BUCKET_MS = 1000;
/** IVS documents no window. In 10 s the keyframes of any sensible encoder, and most stalls of a network, even out. */
const WINDOW_BUCKETS = 10;
export const BITRATE_WINDOW_MS = WINDOW_BUCKETS * BUCKET_MS;
/** What was not used of a limit is remembered for as long as an encoder may be silent. */
const MAX_UNUSED_MS = 30_000;
/** The window, and the second that is being filled. */
const RING_SIZE = WINDOW_BUCKETS + 1;

/**
 * The bit rate of what arrives, averaged over the last 10 whole seconds. It is the time of arrival that counts, but for what was late
 * before: see `check`.
 */
export class BitrateMeter {
  readonly #byteLengths: number[] = Array.from({ length: RING_SIZE }, () => 0);
  /** Of the whole seconds in the window. */
  #windowByteLength = 0;
  /** Time before the window in which more could have come: what came of that time within the window had room there. */
  #unusedMs = 0;
  /** The limit that was asked for last. */
  #maxBitrateBps = 0;
  #startedAtMs: number | undefined;
  /** The second that is being filled, counted from the start. */
  #second = 0;

  /** `nowMs` on a monotonic clock, here and below. */
  received(byteLength: number, nowMs: number): void {
    this.#startedAtMs ??= nowMs;
    if (nowMs < this.#startedAtMs) return;
    this.#advance(nowMs);
    const slot = this.#second % RING_SIZE;
    this.#byteLengths[slot] = (this.#byteLengths[slot] ?? 0) + byteLength;
  }

  /**
   * The breach of a limit, if there is one. There is none before the window is full, 10 s after the first byte: an encoder
   * starts with a keyframe and whatever it had queued. `madeUpMs`: so much of what came was of the time before the window
   * (`MediaLag`); an encoder may say anything of its times, so no more of it counts than was not used of the limit then.
   */
  check(nowMs: number, maxBitrateBps: number, madeUpMs = 0): LimitBreach | undefined {
    this.#maxBitrateBps = maxBitrateBps;
    this.#advance(nowMs);
    if (this.#second < WINDOW_BUCKETS) return undefined;
    const windowMs = BITRATE_WINDOW_MS + Math.min(madeUpMs, this.#unusedMs);
    const exceededBy = Math.round((this.#windowByteLength * 8000) / windowMs) - maxBitrateBps;
    if (exceededBy <= 0) return undefined;
    const limitValue = maxBitrateBps;
    return { limitName: 'Ingest Bitrate', limitValue, exceededBy, limitUnit: 'bits per second' };
  }

  /**
   * Nobody took what arrived for a while, and what has come together meanwhile comes at once: that is not the encoder's doing.
   * What comes within a second is not counted, and the window begins behind it.
   */
  beginAnew(nowMs: number): void {
    this.#byteLengths.fill(0);
    this.#windowByteLength = 0;
    this.#second = 0;
    this.#unusedMs = MAX_UNUSED_MS;
    this.#startedAtMs = nowMs + BUCKET_MS;
  }

  #advance(nowMs: number): void {
    if (this.#startedAtMs === undefined) return;
    const second = Math.floor((nowMs - this.#startedAtMs) / BUCKET_MS);
    if (second - this.#second >= RING_SIZE) {
      // A silence longer than the window leaves nothing in it.
      this.#byteLengths.fill(0);
      this.#windowByteLength = 0;
      this.#leaveUnused((second - this.#second) * BUCKET_MS);
      this.#second = second;
    }
    while (this.#second < second) {
      this.#windowByteLength += this.#byteLengths[this.#second % RING_SIZE] ?? 0;
      this.#second += 1;
      // The slot of the second that begins held the oldest of the window until now.
      const slot = this.#second % RING_SIZE;
      this.#leaveWindow(this.#byteLengths[slot] ?? 0);
      this.#byteLengths[slot] = 0;
    }
  }

  #leaveWindow(byteLength: number): void {
    this.#windowByteLength -= byteLength;
    if (this.#second < RING_SIZE || this.#maxBitrateBps === 0) return;
    this.#leaveUnused(BUCKET_MS - (byteLength * 8000) / this.#maxBitrateBps);
  }

  /** Less than 0: more was used. */
  #leaveUnused(ms: number): void {
    this.#unusedMs = Math.min(MAX_UNUSED_MS, Math.max(0, this.#unusedMs + ms));
  }
}

/** What an encoder should not do and is not stopped from. */
export interface IngestWarning {
  readonly name: 'frame-rate' | 'keyframe-interval';
  /** A sentence for whoever set the encoder up. */
  readonly text: string;
}

const MAX_FRAME_RATE = 60;
const MAX_KEYFRAME_INTERVAL_SECONDS = 10;

/** What is measured of a stream; 0 for what is not known. */
export function ingestWarnings(measured: {
  readonly framesPerSecond: number;
  readonly keyframeIntervalSeconds: number;
}): readonly IngestWarning[] {
  const warnings: IngestWarning[] = [];
  if (isFasterThan(measured.framesPerSecond, MAX_FRAME_RATE)) {
    const text = `The encoder sends ${roundToTenth(measured.framesPerSecond)} frames per second: more than ${MAX_FRAME_RATE} are not supported.`;
    warnings.push({ name: 'frame-rate', text });
  }
  const intervalSeconds = roundToTenth(measured.keyframeIntervalSeconds);
  if (intervalSeconds > MAX_KEYFRAME_INTERVAL_SECONDS) {
    const text = `The encoder sends a keyframe every ${intervalSeconds} s: viewers wait for one to begin. Set its keyframe interval to 2 s.`;
    warnings.push({ name: 'keyframe-interval', text });
  }
  return warnings;
}

const roundToTenth = (value: number): number => Math.round(value * 10) / 10;
