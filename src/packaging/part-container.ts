import type { Ticks } from '../lib/timescale.ts';
import type { AudioTrack, VideoTrack } from '../media/frame.ts';
import type { FragmentSample } from '../protocols/mp4/media-segment.ts';

/** By which the URIs of segments and parts end. */
export type MediaExtension = 'm4s' | 'ts';

/** What a rendition consists of: pictures, sound, or both. */
export interface RenditionTracks {
  readonly video?: VideoTrack | undefined;
  readonly audio?: AudioTrack | undefined;
}

/** A frame at its place in a part. */
export interface Sample extends FragmentSample {
  durationTicks: Ticks;
  /** Decoding time. In ticks of its track, as all times of a sample. */
  readonly startTicks: Ticks;
  readonly payload: Uint8Array;
}

/** An ID3 tag in a part. */
export interface PartMetadata {
  /** The same tag in two renditions has the same id, two tags never. */
  readonly id: number;
  /** When it is for, 90 kHz; not before its part. */
  readonly ptsTicks: Ticks;
  readonly id3: Uint8Array;
}

export interface PartContent {
  /** 90 kHz. */
  readonly startTicks: Ticks;
  readonly video: readonly Sample[];
  readonly audio: readonly Sample[];
  readonly metadata: readonly PartMetadata[];
  /** The timeline or the encoding breaks before it. */
  readonly isDiscontinuous: boolean;
}

/** A part before it is bytes: most are never asked for. */
export interface EncodablePart {
  readonly byteLength: number;
  /** Exactly `byteLength` bytes, of their own memory. */
  encode(): Uint8Array;
  /** Gives the memory of its frames back. It can't be encoded any more. */
  release(): void;
}

/** A part that has its place in the stream. What it is made of is for the caller to keep. */
export interface MeasuredPart {
  readonly byteLength: number;
  /** `content`: as it was measured. Exactly `byteLength` bytes, of their own memory. */
  encode(content: PartContent): Uint8Array;
}

/** What the bytes of one rendition's parts look like. Parts are made in their order, and each once. */
export interface PartContainer {
  /** Whether a sample lasts as long as it says. Else one of sound lasts as long as what it decodes to. */
  readonly hasSampleDurations: boolean;
  /** Of the parts from now on. Returns their init segment, where the format has one. */
  begin(tracks: RenditionTracks): Uint8Array | undefined;
  part(content: PartContent): MeasuredPart;
}
