import type { Ticks } from '../lib/timescale.ts';
import { type Frame, type FrameSink, type MediaTracks, VIDEO_TIMESCALE } from '../media/frame.ts';
import type { PictureDecoder } from './picture-decoder.ts';

/** Keyframes are a frame early or late. */
const SLACK_TICKS: Ticks = VIDEO_TIMESCALE / 2;

/**
 * Thumbnails of a stream that is passed through: of a keyframe at each interval, or of the next one where the encoder makes
 * fewer. Nothing else of it is decoded.
 */
export class KeyframeThumbnails implements FrameSink {
  readonly #intervalTicks: Ticks;
  readonly #decoder: PictureDecoder;
  readonly #onThumbnail: (jpeg: Uint8Array) => void;
  #tracks: MediaTracks | undefined;
  #dueTicks: Ticks | undefined;
  #isBusy = false;

  constructor(options: {
    readonly intervalSeconds: number;
    readonly decoder: PictureDecoder;
    readonly onThumbnail: (jpeg: Uint8Array) => void;
  }) {
    this.#intervalTicks = options.intervalSeconds * VIDEO_TIMESCALE;
    this.#decoder = options.decoder;
    this.#onThumbnail = options.onThumbnail;
  }

  tracks(tracks: MediaTracks): void {
    this.#tracks = tracks;
  }

  /** Another timeline may follow. */
  discontinuity(): void {
    this.#dueTicks = undefined;
  }

  frame(frame: Frame): void {
    const video = this.#tracks?.video;
    if (frame.kind !== 'video' || !frame.isKeyframe || !video) return;
    const dueTicks = this.#dueTicks ?? frame.dtsTicks;
    if (frame.dtsTicks < dueTicks - SLACK_TICKS) return;
    // The next keyframe will do.
    if (this.#isBusy || !this.#decoder.isFree) return;
    const late = Math.max(0, Math.floor((frame.dtsTicks - dueTicks) / this.#intervalTicks));
    this.#dueTicks = dueTicks + (late + 1) * this.#intervalTicks;
    this.#isBusy = true;
    void this.#decoder.decode(video, frame, video).then((jpeg) => {
      this.#isBusy = false;
      if (jpeg) this.#onThumbnail(jpeg);
    });
  }
}
