import type { Amf0Members } from '../protocols/amf0.ts';
import type { EncoderMetadata } from './publishing.ts';

/** Longer than any encoder's name (`obs-output module (libobs version 32.0.0-rc1)`); it is stored and shown. */
const MAX_ENCODER_NAME_LENGTH = 128;
/** A claim above this is nonsense, whatever it is of: no bitrate, size or frame rate comes near. */
const MAX_BELIEVABLE = 1e9;

/** What `onMetaData` says about which tracks there will be; absent where it does not say. */
export interface TrackExpectation {
  readonly hasVideo?: boolean;
  readonly hasAudio?: boolean;
}

/**
 * The members of `onMetaData` (FLV 10.1, E.5) that Ivory reads. `videodatarate` and `audiodatarate` are in
 * kbit/s; ffmpeg divides by 1024 there, and IVS reports the number x 1000 all the same.
 */
export function readEncoderMetadata(members: Amf0Members): EncoderMetadata {
  const encoder = members.get('encoder');
  return withoutUndefined({
    encoder:
      typeof encoder === 'string' && encoder !== ''
        ? encoder.slice(0, MAX_ENCODER_NAME_LENGTH)
        : undefined,
    videoBitrateBps: bitrateBps(members, 'videodatarate'),
    audioBitrateBps: bitrateBps(members, 'audiodatarate'),
    frameRate: positiveNumber(members, 'framerate'),
    width: positiveNumber(members, 'width'),
    height: positiveNumber(members, 'height'),
  });
}

/** A codec id is there for each track that there will be: ffmpeg, OBS and GStreamer all write them so. */
export function readTrackExpectation(members: Amf0Members): TrackExpectation {
  const hasVideo = members.has('videocodecid') || positiveNumber(members, 'width') !== undefined;
  const hasAudio = members.has('audiocodecid') || members.has('audiosamplerate');
  // An object with neither describes something else.
  return hasVideo || hasAudio ? { hasVideo, hasAudio } : {};
}

function bitrateBps(members: Amf0Members, name: string): number | undefined {
  const kilobitsPerSecond = positiveNumber(members, name);
  return kilobitsPerSecond === undefined ? undefined : Math.floor(kilobitsPerSecond * 1000);
}

function positiveNumber(members: Amf0Members, name: string): number | undefined {
  const value = members.get(name);
  return typeof value === 'number' && value > 0 && value < MAX_BELIEVABLE ? value : undefined;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(members: T): Partial<Defined<T>> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as Partial<Defined<T>>;
}
