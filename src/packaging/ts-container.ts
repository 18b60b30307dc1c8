import { assert } from '../lib/assert.ts';
import { ProtocolViolation } from '../lib/protocol-violation.ts';
import { rescale } from '../lib/timescale.ts';
import { VIDEO_TIMESCALE } from '../media/frame.ts';
import { START_OF_STREAM, type TsPosition } from '../protocols/mpegts/packet-sequence.ts';
import { TsMuxer, type TsPart, type TsVideoSample } from '../protocols/mpegts/ts-muxer.ts';
import type {
  MeasuredPart,
  PartContainer,
  PartContent,
  RenditionTracks,
  Sample,
} from './part-container.ts';

/** PMT and PAT count their versions in five bits (ISO 13818-1 2.4.4.5). */
const TABLE_VERSIONS = 32;

/** Whether ADTS has words for the sound: not for frames of 960 samples, nor for every channel layout and sampling rate. */
export function fitsTransportStream(tracks: RenditionTracks): boolean {
  try {
    new TsContainer().begin(tracks);
    return true;
  } catch (error) {
    if (error instanceof ProtocolViolation) return false;
    throw error;
  }
}

/** MPEG-2 transport stream: every part begins with its tables, so there is no init segment. */
export class TsContainer implements PartContainer {
  readonly hasSampleDurations = false;
  #muxer: TsMuxer | undefined;
  #tableVersion = 0;
  #audioTimescale = VIDEO_TIMESCALE;
  #position: TsPosition = START_OF_STREAM;

  begin(tracks: RenditionTracks): undefined {
    if (this.#muxer) this.#tableVersion = (this.#tableVersion + 1) % TABLE_VERSIONS;
    this.#muxer = new TsMuxer(tracks, this.#tableVersion);
    this.#audioTimescale = tracks.audio?.timescale ?? VIDEO_TIMESCALE;
  }

  part(content: PartContent): MeasuredPart {
    const muxer = this.#muxer;
    assert(muxer !== undefined, 'the tracks are known');
    const position = this.#position;
    const audioTimescale = this.#audioTimescale;
    const { byteLength, next } = muxer.measure(tsPart(content, audioTimescale), position);
    this.#position = next;
    return new MeasuredTsPart(byteLength, muxer, audioTimescale, position);
  }
}

/** As long as its part: a closure would be three objects. */
class MeasuredTsPart implements MeasuredPart {
  readonly byteLength: number;
  readonly #muxer: TsMuxer;
  readonly #audioTimescale: number;
  readonly #position: TsPosition;

  constructor(byteLength: number, muxer: TsMuxer, audioTimescale: number, position: TsPosition) {
    this.byteLength = byteLength;
    this.#muxer = muxer;
    this.#audioTimescale = audioTimescale;
    this.#position = position;
  }

  encode(content: PartContent): Uint8Array {
    return this.#muxer.encode(tsPart(content, this.#audioTimescale), this.#position);
  }
}

function tsPart(content: PartContent, audioTimescale: number): TsPart {
  const { video, audio, metadata, isDiscontinuous } = content;
  return {
    video: video.map(tsVideoSample),
    audio: audio.map((sample) => ({
      ptsTicks: rescale(sample.startTicks, audioTimescale, VIDEO_TIMESCALE),
      payload: sample.payload,
    })),
    metadata,
    isDiscontinuous,
  };
}

/** Decoded no later than presented, which the segmenter's contiguous times do not promise (ISO 13818-1 2.7.4). */
function tsVideoSample(sample: Sample): TsVideoSample {
  const ptsTicks = sample.startTicks + sample.compositionOffsetTicks;
  return {
    ptsTicks,
    dtsTicks: Math.min(sample.startTicks, ptsTicks),
    isRandomAccess: sample.isSync,
    payload: sample.payload,
  };
}
