import type { CancelTimer, Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Frame, VideoTrack } from '../media/frame.ts';
import { pictureArguments } from './ffmpeg-arguments.ts';
import { FlvInput, frameTimeMs } from './flv-input.ts';
import { JpegSplitter, MAX_THUMBNAIL_BYTES } from './jpeg-splitter.ts';
import type { TranscoderFactory } from './ports.ts';

/** Of all channels together: a machine full of them has no rush hour of thumbnails. */
const MAX_CHILDREN = 2;

/** A child needs a tenth of a second. */
const TIMEOUT_MS = 10_000;

/** Makes JPEGs of keyframes, each by an ffmpeg that lives as long as that takes: most of the time there is none. */
export class PictureDecoder {
  readonly #factory: TranscoderFactory;
  readonly #clock: Clock;
  readonly #log: Logger;
  #childCount = 0;

  constructor(options: {
    readonly factory: TranscoderFactory;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#factory = options.factory;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Whether it takes another picture now. */
  get isFree(): boolean {
    return this.#childCount < MAX_CHILDREN;
  }

  /** Never rejects: `undefined` where there is no picture to be had. The keyframe is the caller's again when this returns. */
  decode(
    video: VideoTrack,
    keyframe: Frame,
    size: { readonly width: number; readonly height: number },
  ): Promise<Uint8Array | undefined> {
    if (!this.isFree) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
    this.#childCount++;
    const done = (jpeg?: Uint8Array) => {
      this.#childCount--;
      resolve(jpeg);
    };
    try {
      this.#start(video, keyframe, size, done);
    } catch (error) {
      // The keyframe is one of a stream on air, which can do without a picture of it.
      this.#log.warn({ err: error }, 'no thumbnail of a keyframe');
      done();
    }
    return promise;
  }

  /** Throws, or calls `done` once. */
  #start(
    video: VideoTrack,
    keyframe: Frame,
    size: { readonly width: number; readonly height: number },
    done: (jpeg: Uint8Array | undefined) => void,
  ): void {
    const timeMs = frameTimeMs(keyframe, { video });
    const input = new FlvInput(timeMs);
    const frame = { ...keyframe, payload: Uint8Array.from(keyframe.payload) };
    const tags = [...input.opening({ video }, 0), ...input.tag({ frame, timeMs })];
    const splitter = new JpegSplitter(MAX_THUMBNAIL_BYTES);
    let jpeg: Uint8Array | undefined;
    let cancelKill: CancelTimer = () => {};
    const child = this.#factory.start(pictureArguments(size), 1, {
      output: (_, bytes) => {
        try {
          jpeg ??= splitter.push(bytes)[0];
        } catch {
          child.kill();
        }
      },
      drained: () => {},
      exited: (exit) => {
        cancelKill();
        if (!jpeg) this.#log.warn({ exit }, 'no thumbnail of a keyframe');
        done(jpeg);
      },
    });
    cancelKill = this.#clock.after(TIMEOUT_MS, () => child.kill());
    child.write(tags);
    child.endInput();
  }
}
