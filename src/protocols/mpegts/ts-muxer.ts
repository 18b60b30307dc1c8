import type { Ticks } from '../../lib/timescale.ts';
import { AdtsFormat } from './adts.ts';
import { AnnexBFormat } from './annex-b.ts';
import { PacketSequence, type SequencePes, type TsPosition } from './packet-sequence.ts';
import { MAX_BOUNDED_PAYLOAD_BYTES, pesHeaderByteLength, StreamId, writePesHeader } from './pes.ts';
import { programTables, type StreamName } from './program-tables.ts';
import { CLOCK_LEAD_TICKS, MAX_CLOCK_INTERVAL_TICKS } from './timestamp.ts';

/** What a stream consists of: pictures, sound, or both. There is always a stream for timed ID3. */
export interface TsTracks {
  /** An AVCDecoderConfigurationRecord, ISO 14496-15 5.3.3.1. */
  readonly video?: { readonly decoderConfiguration: Uint8Array } | undefined;
  /** An AudioSpecificConfig, ISO 14496-3 1.6.2.1. */
  readonly audio?: { readonly decoderConfiguration: Uint8Array } | undefined;
}

/** A picture. Ticks of 90 kHz, of any size: they are taken modulo 2^33. Presented no earlier than decoded. */
export interface TsVideoSample {
  readonly dtsTicks: Ticks;
  readonly ptsTicks: Ticks;
  /** An IDR picture. */
  readonly isRandomAccess: boolean;
  /** Length-prefixed NAL units. */
  readonly payload: Uint8Array;
}

/** An AAC frame without ADTS header. */
export interface TsAudioSample {
  readonly ptsTicks: Ticks;
  readonly payload: Uint8Array;
}

export interface TsMetadata {
  readonly ptsTicks: Ticks;
  /** An ID3v2 tag of at most 65,527 bytes. */
  readonly id3: Uint8Array;
}

/** What a part carries, each list in the order of decoding. Samples of a track that the stream has not are left out. */
export interface TsPart {
  readonly video: readonly TsVideoSample[];
  readonly audio: readonly TsAudioSample[];
  readonly metadata: readonly TsMetadata[];
  /** The timeline breaks before it. */
  readonly isDiscontinuous: boolean;
}

export interface TsMeasure {
  readonly byteLength: number;
  /** Where the part after it begins. */
  readonly next: TsPosition;
}

/** A step of the sound off the count of its samples that is still the rounding of a timestamp to milliseconds. */
const AUDIO_ROUNDING_TICKS = 90;

/**
 * Writes parts as MPEG-2 transport streams, ISO 13818-1. A segment is its parts one after the other; each begins with PAT, PMT
 * and a program clock reference, so that a player can begin at any part that begins with a keyframe, or that has only sound.
 *
 * It keeps nothing from part to part: a part's place in the stream is a value that `measure` of the part before gives. So a
 * part's length is known, and the next one's place, long before its bytes are written, and they need not ever be.
 */
export class TsMuxer {
  readonly #tables: Uint8Array;
  /** The clock is on the PID of the pictures; where there are none, on that of the sound. */
  readonly #clockStream: StreamName;
  readonly #annexB: AnnexBFormat | undefined;
  readonly #adts: AdtsFormat | undefined;

  /**
   * `tableVersion`: another one than that of the tracks before, modulo 32. Throws `ProtocolViolation` at configurations
   * that can't be read, and at AAC that no ADTS header can describe.
   */
  constructor(tracks: TsTracks, tableVersion = 0) {
    const { video, audio } = tracks;
    this.#annexB = video && new AnnexBFormat(video.decoderConfiguration);
    this.#adts = audio && new AdtsFormat(audio.decoderConfiguration);
    this.#clockStream = video ? 'video' : 'audio';
    const streams: StreamName[] = ['metadata'];
    if (audio) streams.unshift('audio');
    if (video) streams.unshift('video');
    this.#tables = programTables({
      streams,
      clockStream: this.#clockStream,
      version: tableVersion,
    });
  }

  /**
   * How long the part is at `position`, and where the next one begins. Reads lengths of NAL units, copies nothing. Throws
   * `ProtocolViolation` at NAL unit lengths that reach past their payload and at AAC frames of more than 8,184 bytes,
   * `RangeError` at an ID3 tag of more than 65,527.
   */
  measure(part: TsPart, position: TsPosition): TsMeasure {
    return this.#walk(part, position, undefined);
  }

  /** The part's bytes, as many as `measure` says; throws what `measure` throws. */
  encode(part: TsPart, position: TsPosition): Uint8Array {
    const { byteLength } = this.measure(part, position);
    // Every byte of it is written: packets have no gaps. A small part cut from Node's pool would keep 64 KiB of it.
    const bytes = Buffer.allocUnsafeSlow(byteLength);
    this.#walk(part, position, bytes);
    return bytes;
  }

  /**
   * Tables and what has the clock, the first picture or, in a stream of sound, the first sounds; then metadata and sound, ahead
   * of the other pictures so that who reads the part as it arrives has them first.
   */
  #walk(part: TsPart, position: TsPosition, bytes: Uint8Array | undefined): TsMeasure {
    const { video, audio, metadata, isDiscontinuous } = part;
    const annexB = this.#annexB;
    const adts = this.#adts;
    const clockStream = this.#clockStream;
    const sequence = new PacketSequence({ position, isDiscontinuous, clockStream, bytes });
    sequence.tables(this.#tables);
    const hasClock = clockStream === 'audio';
    const [firstPicture] = video;
    const firstOther = audio[0] ?? metadata[0];
    let audioAt = 0;
    if (annexB && firstPicture) writeVideo(sequence, annexB, firstPicture);
    else if (adts && hasClock && audio.length > 0) {
      audioAt = writeAudio(sequence, adts, { samples: audio, start: 0, hasClock });
    } else if (firstOther) sequence.clock(firstOther.ptsTicks - CLOCK_LEAD_TICKS);
    for (const each of metadata) writeMetadata(sequence, each);
    if (adts) {
      while (audioAt < audio.length) {
        audioAt = writeAudio(sequence, adts, { samples: audio, start: audioAt, hasClock });
      }
    }
    if (annexB) {
      for (let i = 1; i < video.length; i++) {
        writeVideo(sequence, annexB, video[i] as TsVideoSample);
      }
    }
    return { byteLength: sequence.byteLength, next: sequence.position };
  }
}

function writeVideo(sequence: PacketSequence, annexB: AnnexBFormat, sample: TsVideoSample): void {
  const { payload, isRandomAccess } = sample;
  const payloadByteLength = annexB.byteLength(payload, isRandomAccess);
  const byteLength = pesHeaderByteLength(sample) + payloadByteLength;
  const clockTicks = sample.dtsTicks - CLOCK_LEAD_TICKS;
  sequence.pes({ stream: 'video', byteLength, isRandomAccess, clockTicks }, (bytes, at) => {
    const payloadAt = writePesHeader(bytes, at, StreamId.video, sample, payloadByteLength);
    annexB.write(bytes, payloadAt, payload, isRandomAccess);
  });
}

/** The sounds of a part from `start` on. `hasClock`: the program clock is on their PID. */
interface AudioRun {
  readonly samples: readonly TsAudioSample[];
  readonly start: number;
  readonly hasClock: boolean;
}

/** Writes one PES packet, and returns where the next one's frames start. */
function writeAudio(sequence: PacketSequence, adts: AdtsFormat, run: AudioRun): number {
  const { samples, start, hasClock } = run;
  const { end, payloadByteLength } = measureAudio(adts, run);
  const { ptsTicks } = samples[start] as TsAudioSample;
  const times = { ptsTicks, dtsTicks: ptsTicks };
  const pes: SequencePes = {
    stream: 'audio',
    byteLength: pesHeaderByteLength(times) + payloadByteLength,
    // Without pictures a viewer joins where a part begins. With the clock, as ISO 13818-1 2.4.3.5 wants it on the clock's PID.
    isRandomAccess: hasClock && start === 0,
    clockTicks: hasClock ? ptsTicks - CLOCK_LEAD_TICKS : undefined,
  };
  sequence.pes(pes, (bytes, pesAt) => {
    let at = writePesHeader(bytes, pesAt, StreamId.audio, times, payloadByteLength);
    for (let i = start; i < end; i++) {
      const { payload } = samples[i] as TsAudioSample;
      adts.write(bytes, at, payload);
      at += adts.byteLength(payload);
    }
  });
  return end;
}

/**
 * As many frames as one PES packet can have: only its first has a timestamp, the others follow it without a gap. Where it
 * has the clock, it ends in time for the next one to have the next clock: one of its own would cost a whole packet.
 */
function measureAudio(
  adts: AdtsFormat,
  { samples, start, hasClock }: AudioRun,
): { readonly end: number; readonly payloadByteLength: number } {
  const first = samples[start] as TsAudioSample;
  const maxTicks = hasClock
    ? MAX_CLOCK_INTERVAL_TICKS - AUDIO_ROUNDING_TICKS
    : Number.POSITIVE_INFINITY;
  let payloadByteLength = adts.byteLength(first.payload);
  let end = start + 1;
  for (; end < samples.length; end++) {
    const sample = samples[end] as TsAudioSample;
    const elapsedTicks = (end - start) * adts.frameTicks;
    if (elapsedTicks + adts.frameTicks > maxTicks) break;
    const offTicks = sample.ptsTicks - first.ptsTicks - elapsedTicks;
    if (Math.abs(offTicks) > AUDIO_ROUNDING_TICKS) break;
    const grown = payloadByteLength + adts.byteLength(sample.payload);
    if (grown > MAX_BOUNDED_PAYLOAD_BYTES) break;
    payloadByteLength = grown;
  }
  return { end, payloadByteLength };
}

/** Apple's "Timed Metadata for HTTP Live Streaming" 2.2: a private stream, each tag in a PES packet with the time it is for. */
function writeMetadata(sequence: PacketSequence, { ptsTicks, id3 }: TsMetadata): void {
  if (id3.byteLength > MAX_BOUNDED_PAYLOAD_BYTES) {
    throw new RangeError(
      `cannot write an ID3 tag of ${id3.byteLength} bytes: at most ${MAX_BOUNDED_PAYLOAD_BYTES}`,
    );
  }
  const times = { ptsTicks, dtsTicks: ptsTicks };
  const byteLength = pesHeaderByteLength(times) + id3.byteLength;
  sequence.pes({ stream: 'metadata', byteLength, isRandomAccess: false }, (bytes, at) => {
    bytes.set(id3, writePesHeader(bytes, at, StreamId.privateStream1, times, id3.byteLength));
  });
}
