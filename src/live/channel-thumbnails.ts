import type { LadderSource, RenditionPlan } from '../domain/ladder.ts';
import type { ThumbnailConfiguration } from '../domain/recording-configuration.ts';
import { thumbnailSize } from '../domain/resolution-bucket.ts';
import type { Frame, MediaTracks } from '../media/frame.ts';
import { KeyframeThumbnails } from '../transcode/keyframe-thumbnails.ts';
import type { PictureDecoder } from '../transcode/picture-decoder.ts';

/** How often a channel that is transcoded gets a new picture for pages that list channels. */
const THUMBNAIL_INTERVAL_SECONDS = 5;

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface ChannelThumbnailsOptions {
  readonly onThumbnail: (jpeg: Uint8Array) => void;
  /** Of the recording, where there is one; asked when tracks are known. */
  readonly recordedThumbnails: () => ThumbnailConfiguration | undefined;
}

/** Pictures of one stream, for its recording and for pages that list channels: a by-product of its ladder, or decoded keyframes. */
export class ChannelThumbnails {
  readonly #options: ChannelThumbnailsOptions;
  #isLadder = false;
  #keyframes: KeyframeThumbnails | undefined;
  #recordedSize: Size | undefined;
  #newest: Uint8Array | undefined;

  constructor(options: ChannelThumbnailsOptions) {
    this.#options = options;
  }

  /** As a JPEG, where the channel is transcoded. */
  get newest(): Uint8Array | undefined {
    return this.#newest;
  }

  /** Of the thumbnails that a recording gets; `undefined` where it gets none. */
  get recordedSize(): Size | undefined {
    return this.#recordedSize;
  }

  /** From here on a ladder makes them, as often and for whom the result says. */
  makeByLadder(): { readonly intervalSeconds: number; onThumbnail(jpeg: Uint8Array): void } {
    const { onThumbnail, recordedThumbnails } = this.#options;
    this.#isLadder = true;
    return {
      intervalSeconds: thumbnailInterval(recordedThumbnails()?.targetIntervalSeconds),
      onThumbnail: (jpeg) => {
        this.#newest = jpeg;
        onThumbnail(jpeg);
      },
    };
  }

  /** From here on keyframes of what is passed through are decoded, if there is a recording that wants them. */
  makeOfKeyframes(decoder: PictureDecoder): void {
    const { onThumbnail, recordedThumbnails } = this.#options;
    const intervalSeconds = recordedThumbnails()?.targetIntervalSeconds;
    if (intervalSeconds === undefined) return;
    this.#keyframes = new KeyframeThumbnails({ intervalSeconds, decoder, onThumbnail });
  }

  /** The source sends this, and is made into the renditions of `plan`. */
  tracks(tracks: MediaTracks, source: LadderSource, plan: readonly RenditionPlan[]): void {
    this.#recordedSize = this.#sizeOf(source, plan);
    this.#keyframes?.tracks(tracks);
  }

  frame(frame: Frame): void {
    this.#keyframes?.frame(frame);
  }

  discontinuity(): void {
    this.#keyframes?.discontinuity();
  }

  #sizeOf(source: LadderSource, plan: readonly RenditionPlan[]): Size | undefined {
    const recorded = this.#options.recordedThumbnails();
    if (recorded?.recordingMode !== 'INTERVAL') return undefined;
    if (!this.#isLadder && !this.#keyframes) return undefined;
    const pictures = plan.flatMap(({ video }) => (video === 'source' ? source : (video ?? [])));
    const { width, height } = thumbnailSize(recorded.resolution, pictures, source);
    return { width, height };
  }
}

/** The longest interval up to that of the pages of which a recording's interval is a multiple. */
function thumbnailInterval(recordedSeconds: number | undefined): number {
  let seconds = THUMBNAIL_INTERVAL_SECONDS;
  if (recordedSeconds !== undefined) while (recordedSeconds % seconds !== 0) seconds--;
  return seconds;
}
