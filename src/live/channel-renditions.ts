import type { ChannelRecord, ContainerFormat } from '../domain/channel.ts';
import {
  adaptLadder,
  type LadderSource,
  type NominalBitrates,
  planAudioOnly,
  planLadder,
  type RenditionPlan,
} from '../domain/ladder.ts';
import { guessLadderCores } from '../domain/transcode-capacity.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { SlabPool } from '../lib/slab-pool.ts';
import type { Ticks } from '../lib/timescale.ts';
import {
  type Frame,
  type FrameSink,
  type MediaTracks,
  VIDEO_TICKS_PER_MS,
  VIDEO_TIMESCALE,
} from '../media/frame.ts';
import { ChannelPackager } from '../packaging/channel-packager.ts';
import type { LiveWindow, OnSegment } from '../packaging/live-window.ts';
import { TimedMetadata, type TimedText } from '../packaging/timed-metadata.ts';
import { fitsTransportStream } from '../packaging/ts-container.ts';
import { LadderTranscoder } from '../transcode/ladder-transcoder.ts';
import type { PictureDecoder } from '../transcode/picture-decoder.ts';
import type { TranscoderFactory } from '../transcode/ports.ts';
import type { EncoderChoice } from '../transcode/video-encoders.ts';
import { ChannelThumbnails, type ChannelThumbnailsOptions } from './channel-thumbnails.ts';
import type { TranscodeAdmission, TranscodeShare } from './transcode-admission.ts';

/** What turns sources into ladders. Absent where it is switched off: every channel is then passed through. */
export interface Transcoding {
  readonly factory: TranscoderFactory;
  readonly encoder: EncoderChoice;
  readonly admission: TranscodeAdmission;
  /** For thumbnails of what is passed through. */
  readonly pictures: PictureDecoder;
  /** A ladder's ffmpeg is gone without having been asked. */
  readonly onDeath: () => void;
}

/** The machine has no room for the channel's ladder beside those on air. */
export class TranscodeCapacityExceeded extends Error {
  override name = 'TranscodeCapacityExceeded';
}

export interface ChannelRenditionsOptions extends ChannelThumbnailsOptions {
  readonly channel: ChannelRecord;
  readonly payloads: SlabPool;
  readonly transcoding: Transcoding | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of every rendition. */
  readonly onSegment: OnSegment;
  /** No rendition has a picture, nor will have: nothing is passed through, and ffmpeg makes none. */
  readonly onNoPictures: () => void;
}

export interface DeclaredRates extends NominalBitrates {
  readonly framesPerSecond: number;
}

/** `aheadMs`: by so much the picture that has just come in is ahead of the newest that was handed over. */
type UntimedText = Omit<TimedText, 'ticks'> & { readonly aheadMs: number };

/** One stream's way from the source's frames to the windows of its renditions: passed through, transcoded, or both. */
export class ChannelRenditions {
  readonly thumbnails: ChannelThumbnails;
  readonly #options: ChannelRenditionsOptions;
  #plan: readonly RenditionPlan[] = [];
  #packager: ChannelPackager | undefined;
  #transcoder: LadderTranscoder | undefined;
  #share: TranscodeShare | undefined;
  #passThrough: FrameSink | undefined;
  /** The sound by itself, once a viewer asked for it. */
  #audioOnly: FrameSink | undefined;
  #tracks: MediaTracks | undefined;
  /** Of what ffmpeg was given. */
  #sourceEndTicks: Ticks = 0;
  readonly #timedMetadata = new TimedMetadata();
  /** Of the source's newest picture. */
  #newestTicks: Ticks = 0;
  readonly #playable = Promise.withResolvers<boolean>();
  #isPlayable = false;

  constructor(options: ChannelRenditionsOptions) {
    this.#options = options;
    this.thumbnails = new ChannelThumbnails(options);
  }

  /** Best first; none before the tracks are known. */
  get windows(): readonly LiveWindow[] {
    return this.#packager?.windows ?? [];
  }

  /** Resolves true once a window is, false when all have ended and none was. */
  whenPlayable(): Promise<boolean> {
    return this.#playable.promise;
  }

  /** Where the stream has come to: nothing that follows may be before it. */
  get endTicks(): Ticks {
    return Math.max(this.#packager?.leader.endTicks ?? 0, this.#sourceEndTicks);
  }

  /**
   * As `Publication.awaitedTicks` has it. ffmpeg can do something with each frame, and the sound by itself waits for what comes behind
   * the picture that ends a part.
   */
  get awaitedTicks(): Ticks | undefined {
    if (this.#transcoder || this.#audioOnly) return undefined;
    return this.#passThrough && this.#packager?.leader.nextPartEndTicks;
  }

  /** Of its ladder so far; nothing where it is passed through. */
  get transcodeCpuSeconds(): number | undefined {
    return this.#transcoder?.cpuSeconds();
  }

  /** `declared`: as far as the encoder says; 0 where it does not. Throws `TranscodeCapacityExceeded`. */
  tracks(tracks: MediaTracks, declared: DeclaredRates): void {
    const source: LadderSource = {
      width: tracks.video.width,
      height: tracks.video.height,
      framesPerSecond: declared.framesPerSecond,
      hasAudio: tracks.audio !== undefined,
    };
    this.#tracks = tracks;
    if (this.#packager === undefined) this.#begin(tracks, source, declared);
    else this.#plan = adaptLadder(this.#plan, this.#options.channel, source);
    this.thumbnails.tracks(tracks, source, this.#plan);
    this.#passThrough?.tracks(tracks);
    this.#audioOnly?.tracks(tracks);
    this.#transcoder?.plan(this.#plan, this.thumbnails.recordedSize);
    this.#transcoder?.tracks(tracks);
  }

  /** Puts a text into every rendition: at the source's newest picture, where no time is given. */
  putMetadata(text: TimedText | UntimedText): void {
    if ('ticks' in text) this.#timedMetadata.put(text);
    else {
      const { aheadMs, ...put } = text;
      const ticks = this.#newestTicks + aheadMs * VIDEO_TICKS_PER_MS;
      this.#timedMetadata.put({ ...put, ticks });
    }
  }

  frame(frame: Frame): void {
    if (frame.kind === 'video') this.#newestTicks = frame.dtsTicks;
    if (this.#transcoder) {
      if (frame.kind === 'video') this.#toBeTranscoded(frame);
      // ffmpeg reads it when it can; by then the window may have given the memory back.
      this.#transcoder.frame({ ...frame, payload: copyOf(frame.payload) });
    }
    if (this.#audioOnly && frame.kind === 'audio') {
      this.#audioOnly.frame({ ...frame, payload: copyOf(frame.payload) });
    }
    // Before the packager, whose the frame's memory is then.
    this.thumbnails.frame(frame);
    if (this.#passThrough) this.#passThrough.frame(frame);
    else this.#options.payloads.giveBack(frame.payload);
    if (!this.#isPlayable && this.#hasPlayable()) {
      this.#isPlayable = true;
      this.#playable.resolve(true);
    }
  }

  discontinuity(): void {
    this.#passThrough?.discontinuity();
    this.thumbnails.discontinuity();
    this.#audioOnly?.discontinuity();
    this.#transcoder?.discontinuity();
  }

  /** Once a second. */
  tick(): void {
    this.#share?.measured(this.transcodeCpuSeconds ?? 0, this.#options.clock.monotonicMs());
  }

  /** Adds the sound by itself, if there is any and it is not there yet; it can be played from the next segment on. */
  addAudioOnly(): void {
    const { channel } = this.#options;
    const tracks = this.#tracks;
    if (this.#audioOnly || !this.#packager || !tracks) return;
    const plan = planAudioOnly(channel, { hasAudio: tracks.audio !== undefined });
    if (plan === undefined) return;
    this.#audioOnly = this.#packager.add(plan);
    this.#audioOnly.tracks(tracks);
  }

  /** After the end, when no viewer is served any more. */
  release(): void {
    for (const window of this.windows) window.release();
  }

  /** No more frames. Resolves when what was being transcoded has come out, and the windows have ended. */
  async end(): Promise<void> {
    // The last one first, and each however those before it went: viewers and the machine are let go in any case.
    await using ending = new AsyncDisposableStack();
    ending.defer(() => this.#playable.resolve(this.#hasPlayable()));
    ending.defer(() => this.#packager?.end());
    ending.defer(() => this.#share?.release());
    ending.defer(() => this.#transcoder?.close());
    if (this.#passThrough) this.#packager?.leader.end();
  }

  #hasPlayable(): boolean {
    return this.windows.some((window) => window.isPlayable);
  }

  #toBeTranscoded(frame: Frame): void {
    this.#sourceEndTicks = endOf(frame);
    if (frame.isKeyframe) this.#packager?.sourceReceived(frame.dtsTicks + frame.ctsOffsetTicks);
  }

  #begin(tracks: MediaTracks, source: LadderSource, declared: NominalBitrates): void {
    const { channel, transcoding, clock } = this.#options;
    const ladder = planLadder(channel, source);
    const isTranscoded = ladder.some((plan) => plan.video !== 'source');
    this.#plan =
      isTranscoded && !transcoding ? planLadder({ type: 'BASIC', preset: '' }, source) : ladder;
    if (isTranscoded && transcoding) {
      const cores = guessLadderCores(channel, source);
      this.#share = transcoding.admission.admit(cores, clock.monotonicMs());
      if (!this.#share) throw new TranscodeCapacityExceeded();
    }
    this.#packager = this.#makePackager(tracks, declared);
    const [first] = this.#plan;
    if (first?.video === 'source') this.#passThrough = this.#packager.leader;
    if (this.#share && transcoding) this.#transcoder = this.#transcode(this.#packager, transcoding);
    else if (transcoding) this.thumbnails.makeOfKeyframes(transcoding.pictures);
  }

  #makePackager(tracks: MediaTracks, sourceBitrates: NominalBitrates): ChannelPackager {
    const { channel, payloads, clock, log } = this.#options;
    let containerFormat: ContainerFormat = channel.containerFormat;
    if (containerFormat === 'TS' && !fitsTransportStream(tracks)) {
      log.warn({}, 'the sound does not fit into a transport stream: packaged as fragmented MP4');
      containerFormat = 'FRAGMENTED_MP4';
    }
    const isLowLatency = channel.latencyMode === 'LOW';
    return new ChannelPackager({
      plan: this.#plan,
      containerFormat,
      isLowLatency,
      sourceBitrates,
      payloads,
      clock,
      timedMetadata: this.#timedMetadata,
      onSegment: this.#options.onSegment,
    });
  }

  #transcode(packager: ChannelPackager, transcoding: Transcoding): LadderTranscoder {
    const { payloads, clock, log } = this.#options;
    const { factory, encoder } = transcoding;
    const transcoded = this.#plan.filter((plan) => plan.video !== 'source');
    return new LadderTranscoder({
      sinks: new Map(transcoded.map((plan) => [plan.name, packager.sink(plan)])),
      thumbnails: this.thumbnails.makeByLadder(),
      encoder,
      factory,
      payloads,
      clock,
      log,
      onTrouble: (trouble) => {
        if (trouble.kind === 'died') {
          transcoding.onDeath();
          packager.interrupted();
        }
        if (trouble.kind === 'no-pictures' && !this.#passThrough) this.#options.onNoPictures();
      },
    });
  }
}

/** What is transcoded is packaged later: the segmenter's end of it is not known yet. A frame lasts no longer than this. */
const LONGEST_FRAME_TICKS = VIDEO_TIMESCALE / 10;

const endOf = (frame: Frame): Ticks =>
  frame.dtsTicks + Math.max(0, frame.ctsOffsetTicks) + LONGEST_FRAME_TICKS;

const copyOf = (payload: Uint8Array): Uint8Array => Uint8Array.from(payload);
