import type { SlabPool } from '../lib/slab-pool.ts';
import { audioTrackOf, videoTrackOf } from '../media/codec-tracks.ts';
import { type AudioTrack, type Frame, VIDEO_TICKS_PER_MS } from '../media/frame.ts';
import { decodeAudioTag } from '../protocols/flv/audio-tag.ts';
import { FlvReader } from '../protocols/flv/flv-reader.ts';
import type { FlvTag } from '../protocols/flv/flv-tag.ts';
import { decodeVideoTag } from '../protocols/flv/video-tag.ts';
import { EncodedAudioClock } from './encoded-audio-clock.ts';
import { JpegSplitter, MAX_THUMBNAIL_BYTES } from './jpeg-splitter.ts';
import type { RenditionOutput } from './rendition-output.ts';
import type { RenditionRoute, TranscodeJob } from './transcode-job.ts';

/** A keyframe of 1080p at the highest bit rate is a tenth of it. */
const MAX_TAG_BYTES = 8 * 1024 * 1024;

export interface RoutedOutput {
  readonly route: RenditionRoute;
  readonly output: RenditionOutput;
}

/**
 * The pipes of one child, in the order of its job: bytes in, frames to the renditions that they belong to, pictures to
 * `onThumbnail`. `baseMs`: what was taken off the timestamps that the child got.
 *
 * Throws `ProtocolViolation` for what can't be read.
 */
export class ChildOutputs {
  readonly #pipes: ((bytes: Uint8Array) => void)[];
  readonly #baseMs: number;
  /** Indexes of the videos of which no picture has come. */
  readonly #awaitedVideos: Set<number>;

  constructor(options: {
    readonly job: TranscodeJob;
    readonly renditions: readonly RoutedOutput[];
    readonly payloads: SlabPool;
    readonly baseMs: number;
    readonly onThumbnail: (jpeg: Uint8Array) => void;
  }) {
    const { job, renditions, payloads, onThumbnail } = options;
    this.#baseMs = options.baseMs;
    this.#pipes = [];
    this.#awaitedVideos = new Set(job.videos.keys());
    for (const index of job.videos.keys()) {
      const rendition = renditions.find(({ route }) => route.video === index)?.output;
      const reader = new FlvReader(MAX_TAG_BYTES, payloads.allocator());
      this.#pipes.push(pull(reader, (tag) => this.#video(tag, index, rendition)));
    }
    for (const index of job.audios.keys()) {
      const listeners = renditions.filter(({ route }) => route.audio === index);
      const audio = new EncodedAudio(listeners.map(({ output }) => output));
      this.#pipes.push(pull(new FlvReader(MAX_TAG_BYTES), (tag) => audio.tag(tag, this.#baseMs)));
    }
    if (job.thumbnails) {
      const splitter = new JpegSplitter(MAX_THUMBNAIL_BYTES);
      this.#pipes.push((bytes) => splitter.push(bytes).forEach(onThumbnail));
    }
  }

  /** Each video has given one at least. */
  get hasPictures(): boolean {
    return this.#awaitedVideos.size === 0;
  }

  push(index: number, bytes: Uint8Array): void {
    this.#pipes[index]?.(bytes);
  }

  #video(
    { kind, timestampMs, body }: FlvTag,
    index: number,
    rendition: RenditionOutput | undefined,
  ): void {
    if (kind !== 'video' || rendition === undefined) return;
    const tag = decodeVideoTag(body);
    if (tag.kind === 'sequence-header') rendition.videoTrack(videoTrackOf(tag.bytes).track);
    if (tag.kind !== 'frame') return;
    this.#awaitedVideos.delete(index);
    rendition.video({
      kind: 'video',
      dtsTicks: (timestampMs + this.#baseMs) * VIDEO_TICKS_PER_MS,
      ctsOffsetTicks: tag.compositionTimeMs * VIDEO_TICKS_PER_MS,
      isKeyframe: tag.isKeyframe,
      payload: tag.payload,
    });
  }
}

/** One audio encoding, for all renditions that have it. */
class EncodedAudio {
  readonly #clock = new EncodedAudioClock();
  readonly #listeners: readonly RenditionOutput[];
  #track: AudioTrack | undefined;

  constructor(listeners: readonly RenditionOutput[]) {
    this.#listeners = listeners;
  }

  tag({ kind, timestampMs, body }: FlvTag, baseMs: number): void {
    if (kind !== 'audio') return;
    const tag = decodeAudioTag(body);
    if (tag.kind === 'sequence-header') {
      const { track } = audioTrackOf(tag.bytes);
      this.#track = track;
      for (const listener of this.#listeners) listener.audioTrack(track);
    }
    const track = this.#track;
    if (tag.kind !== 'frame' || track === undefined) return;
    const dtsTicks = this.#clock.ticks(timestampMs + baseMs, track);
    if (dtsTicks === undefined) return;
    const frame: Frame = {
      kind: 'audio',
      dtsTicks,
      ctsOffsetTicks: 0,
      isKeyframe: true,
      payload: tag.payload,
    };
    for (const listener of this.#listeners) listener.audio(frame, track);
  }
}

function pull(reader: FlvReader, take: (tag: FlvTag) => void): (bytes: Uint8Array) => void {
  return (bytes) => {
    reader.push(bytes);
    for (let tag = reader.next(); tag; tag = reader.next()) take(tag);
  };
}
