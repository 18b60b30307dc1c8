import {
  type Box,
  box,
  bytes,
  encodeBoxes,
  type Field,
  fixed8_8,
  fixed16_16,
  fourCc,
  fullBox,
  nullTerminated,
  u8,
  u16,
  u24,
  u32,
  zeros,
} from './box.ts';

/** An H.264 track of an init segment. */
export interface VideoTrackHeader {
  readonly trackId: number;
  readonly timescale: number;
  readonly width: number;
  readonly height: number;
  /** AVCDecoderConfigurationRecord, ISO 14496-15 5.3.3.1. */
  readonly decoderConfiguration: Uint8Array;
}

/** An AAC track of an init segment. */
export interface AudioTrackHeader {
  readonly trackId: number;
  readonly timescale: number;
  readonly sampleRate: number;
  readonly channelCount: number;
  /** AudioSpecificConfig, ISO 14496-3 1.6.2.1. */
  readonly decoderConfiguration: Uint8Array;
}

export interface InitSegmentTracks {
  readonly video?: VideoTrackHeader;
  readonly audio?: AudioTrackHeader;
}

/** mvhd counts milliseconds; nothing in a fragmented file uses it. */
const MOVIE_TIMESCALE = 1000;

/** ISO 14496-12 8.3.2: track_enabled and track_in_movie. */
const TRACK_ENABLED_IN_MOVIE = 0x3;

/** ISO 14496-12 8.7.2: the media is in this same file. */
const DATA_SELF_CONTAINED = 0x1;

/** ISO 639-2/T `und`, three letters of five bits, 8.4.2.3. */
const LANGUAGE_UNDETERMINED = 0x55c4;

/** 0.0000 16.16, 1.0 in the diagonal, and 2.30 in the last: no rotation, no scaling. */
const UNITY_MATRIX: readonly Field[] = [
  ...[0x1_0000, 0, 0],
  ...[0, 0x1_0000, 0],
  ...[0, 0, 0x4000_0000],
].map(u32);

/**
 * The initialisation segment of fragmented MP4 (`ftyp` and `moov`): what `EXT-X-MAP` names. At least one track.
 * Throws `RangeError` without any.
 */
export function initSegment({ video, audio }: InitSegmentTracks): Uint8Array {
  const tracks: Box[] = [];
  const trackIds: number[] = [];
  if (video !== undefined) {
    tracks.push(trak(video, videoMedia(video), video));
    trackIds.push(video.trackId);
  }
  if (audio !== undefined) {
    tracks.push(trak(audio, audioMedia(audio)));
    trackIds.push(audio.trackId);
  }
  if (tracks.length === 0) throw new RangeError('cannot write an init segment without a track');
  const mvex = box('mvex', [], trackIds.map(trex));
  return encodeBoxes([ftyp(), box('moov', [], [mvhd(Math.max(...trackIds) + 1), ...tracks, mvex])]);
}

/** `iso6` stands for tfdt, signed composition offsets and default-base-is-moof, which the media segments use. */
function ftyp(): Box {
  return box('ftyp', [
    fourCc('iso6'), // major_brand
    u32(0), // minor_version
    ...['iso6', 'avc1', 'mp41'].map(fourCc), // compatible_brands
  ]);
}

function mvhd(nextTrackId: number): Box {
  return fullBox('mvhd', 0, 0, [
    u32(0), // creation_time
    u32(0), // modification_time
    u32(MOVIE_TIMESCALE), // timescale
    u32(0), // duration
    fixed16_16(1), // rate
    fixed8_8(1), // volume
    zeros(10), // reserved
    ...UNITY_MATRIX, // matrix
    zeros(24), // pre_defined
    u32(nextTrackId), // next_track_ID
  ]);
}

interface MediaDescription {
  readonly handlerType: 'vide' | 'soun';
  readonly handlerName: string;
  readonly mediaHeader: Box;
  readonly sampleEntry: Box;
}

function trak(
  track: { readonly trackId: number; readonly timescale: number },
  media: MediaDescription,
  size: { readonly width: number; readonly height: number } = { width: 0, height: 0 },
): Box {
  const volume = media.handlerType === 'soun' ? 1 : 0;
  const tkhd = fullBox('tkhd', 0, TRACK_ENABLED_IN_MOVIE, [
    u32(0), // creation_time
    u32(0), // modification_time
    u32(track.trackId), // track_ID
    zeros(4), // reserved
    u32(0), // duration
    zeros(8), // reserved
    u16(0), // layer
    u16(0), // alternate_group
    fixed8_8(volume), // volume
    zeros(2), // reserved
    ...UNITY_MATRIX, // matrix
    fixed16_16(size.width), // width
    fixed16_16(size.height), // height
  ]);
  const mdhd = fullBox('mdhd', 0, 0, [
    u32(0), // creation_time
    u32(0), // modification_time
    u32(track.timescale), // timescale
    u32(0), // duration
    u16(LANGUAGE_UNDETERMINED), // language
    zeros(2), // pre_defined
  ]);
  const hdlr = fullBox('hdlr', 0, 0, [
    zeros(4), // pre_defined
    fourCc(media.handlerType), // handler_type
    zeros(12), // reserved
    nullTerminated(media.handlerName), // name
  ]);
  const minf = box(
    'minf',
    [],
    [media.mediaHeader, box('dinf', [], [dref()]), stbl(media.sampleEntry)],
  );
  return box('trak', [], [tkhd, box('mdia', [], [mdhd, hdlr, minf])]);
}

function dref(): Box {
  return fullBox(
    'dref',
    0,
    0,
    [u32(1)], // entry_count
    [fullBox('url ', 0, DATA_SELF_CONTAINED, [])],
  );
}

/** The sample tables are empty: every sample comes in a fragment. */
function stbl(sampleEntry: Box): Box {
  return box(
    'stbl',
    [],
    [
      fullBox('stsd', 0, 0, [u32(1)], [sampleEntry]), // entry_count
      fullBox('stts', 0, 0, [u32(0)]), // entry_count
      fullBox('stsc', 0, 0, [u32(0)]), // entry_count
      fullBox('stsz', 0, 0, [u32(0), u32(0)]), // sample_size, sample_count
      fullBox('stco', 0, 0, [u32(0)]), // entry_count
    ],
  );
}

function trex(trackId: number): Box {
  return fullBox('trex', 0, 0, [
    u32(trackId), // track_ID
    u32(1), // default_sample_description_index
    u32(0), // default_sample_duration
    u32(0), // default_sample_size
    u32(0), // default_sample_flags
  ]);
}

function videoMedia(video: VideoTrackHeader): MediaDescription {
  return {
    handlerType: 'vide',
    handlerName: 'VideoHandler',
    // 8.4.5.2: "version 0, flags 1"; graphicsmode copy, opcolor 0
    mediaHeader: fullBox('vmhd', 0, 1, [u16(0), zeros(6)]),
    sampleEntry: box(
      'avc1',
      [
        zeros(6), // reserved
        u16(1), // data_reference_index
        zeros(16), // pre_defined, reserved, pre_defined
        u16(video.width), // width
        u16(video.height), // height
        fixed16_16(72), // horizresolution
        fixed16_16(72), // vertresolution
        zeros(4), // reserved
        u16(1), // frame_count
        zeros(32), // compressorname
        u16(0x0018), // depth: colour without alpha
        u16(0xffff), // pre_defined: -1
      ],
      [box('avcC', [bytes(video.decoderConfiguration)])],
    ),
  };
}

/** The samplerate field has 16 bits before its point; above, 0 leaves it to the AudioSpecificConfig. */
const MAX_SAMPLERATE_FIELD = 0xffff;

function audioMedia(audio: AudioTrackHeader): MediaDescription {
  return {
    handlerType: 'soun',
    handlerName: 'SoundHandler',
    mediaHeader: fullBox('smhd', 0, 0, [fixed8_8(0), zeros(2)]), // balance, reserved
    sampleEntry: box(
      'mp4a',
      [
        zeros(6), // reserved
        u16(1), // data_reference_index
        zeros(8), // reserved
        u16(audio.channelCount), // channelcount
        u16(16), // samplesize
        zeros(4), // pre_defined, reserved
        fixed16_16(audio.sampleRate > MAX_SAMPLERATE_FIELD ? 0 : audio.sampleRate), // samplerate
      ],
      [esds(audio.decoderConfiguration)],
    ),
  };
}

/** ISO 14496-14 5.6: an ES_Descriptor of ISO 14496-1 7.2.6.5, with ES_ID 0 as 14496-14 3.1.2 wants it in a file. */
function esds(audioSpecificConfig: Uint8Array): Box {
  const decoderSpecificInfo = descriptor(
    0x05,
    [bytes(audioSpecificConfig)],
    audioSpecificConfig.byteLength,
  );
  const decoderConfig = descriptor(
    0x04,
    [
      u8(0x40), // objectTypeIndication: ISO 14496-3 audio
      u8(0x15), // streamType audio (5), upStream 0, reserved 1
      u24(0), // bufferSizeDB
      u32(0), // maxBitrate
      u32(0), // avgBitrate: 0 is variable
      ...decoderSpecificInfo.fields,
    ],
    13 + decoderSpecificInfo.byteLength,
  );
  const slConfig = descriptor(0x06, [u8(2)], 1); // predefined: for use in MP4 files
  const es = descriptor(
    0x03,
    [
      u16(0), // ES_ID
      u8(0), // streamDependenceFlag, URL_Flag, OCRstreamFlag, streamPriority
      ...decoderConfig.fields,
      ...slConfig.fields,
    ],
    3 + decoderConfig.byteLength + slConfig.byteLength,
  );
  return fullBox('esds', 0, 0, es.fields);
}

/** A tag, its size in the 7-bit groups of ISO 14496-1 8.3.3, and its body. */
function descriptor(tag: number, body: readonly Field[], bodyByteLength: number) {
  const sizeOfInstance: Field[] = [u8(bodyByteLength & 0x7f)];
  for (let rest = bodyByteLength >>> 7; rest > 0; rest >>>= 7) {
    sizeOfInstance.unshift(u8(0x80 | (rest & 0x7f)));
  }
  return {
    fields: [u8(tag), ...sizeOfInstance, ...body],
    byteLength: 1 + sizeOfInstance.length + bodyByteLength,
  };
}
