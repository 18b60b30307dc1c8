import { ProtocolViolation } from '../lib/protocol-violation.ts';
import type { Ticks } from '../lib/timescale.ts';
import { videoTrackOf } from '../media/codec-tracks.ts';
import type { AudioTrack, Frame, FrameSink, VideoTrack } from '../media/frame.ts';
import type { NalUnitLengthSize } from '../protocols/codecs/avc.ts';
import { decodeAudioTag } from '../protocols/flv/audio-tag.ts';
import { decodeVideoTag } from '../protocols/flv/video-tag.ts';
import { acceptedAudioTrack, isRandomAccessPoint } from './codec-tracks.ts';
import type { TrackExpectation } from './encoder-metadata.ts';
import { IngestRejection } from './rejection.ts';
import type { SourcePace } from './source-pace.ts';
import { Timeline, TimestampUnroller } from './timeline.ts';

/** So much video without audio, and the stream has none. */
const AUDIO_WAIT_MS = 1_000;
/** So much audio without video, and the stream has none: which is not supported. */
const VIDEO_WAIT_MS = 5_000;
/** aac_frame_length of ADTS is 13 bits and counts its 7 bytes (ISO 14496-3 1.A.2.2): AAC-LC of 7.1 has no use for more. */
const MAX_AUDIO_FRAME_BYTES = 0x1fff - 7;
/**
 * Bounds of what is held during the wait; at either, the wait is over. A second of 4K at 60 fps is well below.
 */
const MAX_HELD_FRAMES = 256;
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/**
 * RTMP audio and video messages in, frames with trusted time out (the order that `FrameSink` promises).
 * - Nothing is handed over before a video keyframe: both tracks count from it.
 * - Frames are held until it is known whether there is audio, so that tracks are announced once.
 * - A changed configuration and a jump of the encoder's clock take effect at the next keyframe.
 *
 * Every method may throw `ProtocolViolation` or `IngestRejection`; the normalizer is of no use afterwards.
 */
export class FrameNormalizer {
  readonly #sink: FrameSink;
  readonly #unroller = new TimestampUnroller();
  readonly #resumeAtMs: number;
  readonly #pace: SourcePace | undefined;
  #timeline: Timeline;
  #isClosed = false;
  #expectation: TrackExpectation = {};

  /** The newest configurations, announced or not. */
  #video: VideoTrack | undefined;
  #nalUnitLengthSize: NalUnitLengthSize = 4;
  #audio: AudioTrack | undefined;
  /** What the sink knows. */
  #announced: { readonly video: VideoTrack; readonly audio: AudioTrack | undefined } | undefined;

  #needsKeyframe = true;
  #hasJumped = false;
  /** Frames from the first keyframe on, while it is open whether there is audio. */
  #held: Frame[] = [];
  #heldBytes = 0;
  #holdsSinceMs: number | undefined;
  #audioSinceMs: number | undefined;

  /** `resumeAtMs`: the time that the first keyframe gets. `pace`: absent where the source is trusted. */
  constructor(sink: FrameSink, resumeAtMs = 0, pace?: SourcePace) {
    this.#sink = sink;
    this.#resumeAtMs = resumeAtMs;
    this.#pace = pace;
    this.#timeline = new Timeline(resumeAtMs);
  }

  /** What the encoder said of its tracks; a claim that later messages may contradict. */
  expect(expectation: TrackExpectation): void {
    this.#expectation = expectation;
  }

  /** From here on the sink hears nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#held = [];
  }

  /** A video message: `timestampMs` modulo 2^32, `body` as in an FLV video tag. */
  videoMessage(timestampMs: number, body: Uint8Array): void {
    const tag = decodeVideoTag(body);
    switch (tag.kind) {
      case 'unsupported':
        throw new IngestRejection(
          'unsupported-codec',
          `video codec ${tag.codec} is not supported: only H.264 is`,
        );
      case 'sequence-header':
        this.#configureVideo(tag.bytes);
        break;
      case 'frame':
        this.#videoFrame(this.#unroller.unroll(timestampMs), tag);
        break;
      case 'none':
        break;
    }
  }

  /** An audio message: `timestampMs` modulo 2^32, `body` as in an FLV audio tag. */
  audioMessage(timestampMs: number, body: Uint8Array): void {
    const tag = decodeAudioTag(body);
    switch (tag.kind) {
      case 'unsupported':
        throw new IngestRejection(
          'unsupported-codec',
          `audio codec ${tag.codec} is not supported: only AAC-LC is`,
        );
      case 'sequence-header':
        this.#configureAudio(tag.bytes);
        break;
      case 'frame':
        this.#audioFrame(this.#unroller.unroll(timestampMs), tag.payload);
        break;
      case 'none':
        break;
    }
  }

  /** When a data message is for; nothing before the first keyframe. Changes nothing: encoders stamp them carelessly. */
  dataTicks(timestampMs: number): Ticks | undefined {
    return this.#timeline.dataTicks(this.#unroller.near(timestampMs));
  }

  #configureVideo(sequenceHeader: Uint8Array): void {
    // Encoders repeat the header, some at each keyframe.
    if (isSame(this.#video, sequenceHeader)) return;
    const { track, nalUnitLengthSize } = videoTrackOf(sequenceHeader);
    this.#video = track;
    this.#nalUnitLengthSize = nalUnitLengthSize;
    this.#needsKeyframe = true;
    if (this.#announced === undefined) this.#stopHolding();
  }

  #configureAudio(sequenceHeader: Uint8Array): void {
    if (isSame(this.#audio, sequenceHeader)) return;
    this.#audio = acceptedAudioTrack(sequenceHeader);
    if (this.#holdsSinceMs !== undefined) this.#release();
  }

  #videoFrame(
    encoderMs: number,
    tag: { isKeyframe: boolean; compositionTimeMs: number; payload: Uint8Array },
  ): void {
    if (this.#video === undefined || tag.payload.byteLength === 0) return;
    const isKeyframe = tag.isKeyframe && isRandomAccessPoint(tag.payload, this.#nalUnitLengthSize);
    if (!this.#hasJumped && this.#timeline.isJump(encoderMs)) {
      this.#hasJumped = true;
      this.#needsKeyframe = true;
    }
    if (this.#needsKeyframe && !isKeyframe) return;
    if (isKeyframe) this.#beforeKeyframe(encoderMs);
    const dtsTicks = this.#timeline.videoTicks(encoderMs);
    this.#pace?.reached(this.#timeline.newestMs);
    this.#handOver({
      kind: 'video',
      dtsTicks,
      ctsOffsetTicks: tag.compositionTimeMs * 90,
      isKeyframe,
      payload: tag.payload,
    });
    if (this.#holdsSinceMs !== undefined && this.#hasWaitedEnough(encoderMs)) this.#release();
  }

  /** The one place where the sink hears of new tracks and jumps: each takes effect at a keyframe. */
  #beforeKeyframe(encoderMs: number): void {
    if (this.#announced === undefined) {
      // First keyframe, or one after a change during the wait: what is held would not fit it.
      if (this.#needsKeyframe) this.#startHolding(encoderMs);
    } else {
      if (this.#hasJumped) {
        this.#pace?.broke();
        this.#timeline.start(encoderMs);
        this.#emit((sink) => sink.discontinuity());
      }
      this.#announceChanges();
    }
    this.#needsKeyframe = false;
    this.#hasJumped = false;
  }

  #stopHolding(): Frame[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    this.#holdsSinceMs = undefined;
    return held;
  }

  #startHolding(encoderMs: number): void {
    this.#stopHolding();
    this.#timeline = new Timeline(this.#resumeAtMs);
    this.#timeline.start(encoderMs);
    this.#holdsSinceMs = encoderMs;
    if (this.#audio !== undefined || this.#expectation.hasAudio === false) this.#release();
  }

  #hasWaitedEnough(encoderMs: number): boolean {
    return (
      encoderMs - (this.#holdsSinceMs ?? encoderMs) >= AUDIO_WAIT_MS ||
      this.#held.length >= MAX_HELD_FRAMES ||
      this.#heldBytes >= MAX_HELD_BYTES
    );
  }

  #release(): void {
    const held = this.#stopHolding();
    this.#announceChanges();
    for (const frame of held) this.#emit((sink) => sink.frame(frame));
  }

  #announceChanges(): void {
    const [video, audio] = [this.#video, this.#audio];
    if (video === undefined) return;
    if (video === this.#announced?.video && audio === this.#announced.audio) return;
    if (this.#announced !== undefined) this.#pace?.broke();
    if (audio !== this.#announced?.audio) this.#timeline.restartAudio(this.#announced?.audio);
    this.#announced = { video, audio };
    this.#emit((sink) => sink.tracks(audio === undefined ? { video } : { video, audio }));
  }

  #audioFrame(encoderMs: number, payload: Uint8Array): void {
    if (this.#video === undefined) this.#checkAudioOnly(encoderMs);
    const audio = this.#audio;
    // A configuration that was not announced yet waits for the next keyframe, and its frames are of no use
    // before.
    if (audio === undefined || audio !== this.#announced?.audio) return;
    if (this.#hasJumped || payload.byteLength === 0) return;
    if (payload.byteLength > MAX_AUDIO_FRAME_BYTES) {
      throw new ProtocolViolation(
        `cannot take an AAC frame of ${payload.byteLength} bytes: at most ${MAX_AUDIO_FRAME_BYTES}`,
      );
    }
    const dtsTicks = this.#timeline.audioTicks(encoderMs, audio);
    if (dtsTicks === undefined) return;
    this.#pace?.reached(this.#timeline.newestMs);
    this.#handOver({ kind: 'audio', dtsTicks, ctsOffsetTicks: 0, isKeyframe: true, payload });
  }

  #checkAudioOnly(encoderMs: number): void {
    this.#audioSinceMs ??= encoderMs;
    if (this.#expectation.hasVideo === false || encoderMs - this.#audioSinceMs >= VIDEO_WAIT_MS) {
      throw new IngestRejection(
        'audio-only',
        'the stream has audio only: a stream must have video',
      );
    }
  }

  #handOver(frame: Frame): void {
    if (this.#holdsSinceMs === undefined) {
      if (!this.#isClosed) this.#sink.frame(frame);
      return;
    }
    this.#held.push(frame);
    this.#heldBytes += frame.payload.byteLength;
  }

  #emit(call: (sink: FrameSink) => void): void {
    // The sink may end the publication from within a call.
    if (!this.#isClosed) call(this.#sink);
  }
}

function isSame(track: VideoTrack | AudioTrack | undefined, configuration: Uint8Array): boolean {
  return track !== undefined && Buffer.compare(track.decoderConfiguration, configuration) === 0;
}
