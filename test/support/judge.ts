import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';

const run = promisify(execFile);

/** One packet as ffprobe shows it, in seconds. */
export interface JudgedPacket {
  readonly codec_type: 'video' | 'audio';
  readonly ptsSeconds: number;
  readonly dtsSeconds: number;
  readonly isKeyframe: boolean;
  readonly hash: string;
  readonly byteLength: number;
  /** Where it begins in a file. */
  readonly byteOffset: number;
}

export interface JudgedStream {
  readonly codec_type: 'video' | 'audio';
  readonly codec_name: string;
  readonly profile: string;
  readonly level: number;
  readonly width: number;
  readonly height: number;
  readonly sample_rate: string;
  readonly channels: number;
  readonly avg_frame_rate: string;
}

export interface JudgedMedia {
  readonly video: readonly JudgedPacket[];
  readonly audio: readonly JudgedPacket[];
  readonly streams: readonly JudgedStream[];
}

/** Every packet of a file or a playlist, as ffprobe reads it. Hashes are of the payload: no container changes them. */
export async function probe(input: string): Promise<JudgedMedia> {
  const { stdout, stderr } = await run(
    'ffprobe',
    [
      ...['-hide_banner', '-loglevel', 'error', '-of', 'json', '-show_data_hash', 'md5'],
      ...['-show_streams', '-show_packets', input],
    ],
    { maxBuffer: 256 * 1024 * 1024 },
  );
  assert.equal(stderr, '', `ffprobe complains of ${input}`);
  const report = JSON.parse(stdout) as {
    streams: JudgedStream[];
    packets: {
      codec_type: string;
      pts_time: string;
      dts_time: string;
      flags: string;
      data_hash: string;
      size: string;
      pos: string;
    }[];
  };
  const packets = report.packets.map((packet) => ({
    codec_type: packet.codec_type as 'video' | 'audio',
    ptsSeconds: Number(packet.pts_time),
    dtsSeconds: Number(packet.dts_time),
    isKeyframe: packet.flags.startsWith('K'),
    hash: packet.data_hash,
    byteLength: Number(packet.size),
    byteOffset: Number(packet.pos),
  }));
  return {
    video: packets.filter(({ codec_type }) => codec_type === 'video'),
    audio: packets.filter(({ codec_type }) => codec_type === 'audio'),
    streams: report.streams,
  };
}

/** Decodes everything; any complaint of the decoders or demuxers fails. */
export async function assertDecodes(input: string): Promise<void> {
  const { stderr } = await run('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-loglevel', 'warning', '-i', input, '-f', 'null', '-'],
  ]);
  assert.equal(stderr.trim(), '', `ffmpeg complains of ${input}`);
}

/** Another reader's opinion of an init segment and the segments after it: what tracks, how many packets. */
export async function countWithMediabunny(bytes: Uint8Array) {
  using input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
  const counts: { type: string; codec: string | null; packets: number }[] = [];
  for (const track of await input.getTracks()) {
    let packets = 0;
    for await (const _ of new EncodedPacketSink(track).packets()) packets++;
    counts.push({ type: track.type, codec: await track.getCodecParameterString(), packets });
  }
  return counts;
}

/** What may be missing: audio before the first picture, and audio that was ahead of the last one. */
const MAX_AUDIO_LOST_AT_START = 2;
const MAX_AUDIO_LOST_AT_END_SECONDS = 0.2;
/** RTMP's milliseconds round by half of one; sound is counted in samples from the first of them. */
const MAX_SHIFT_SECONDS = 0.002;
/** The first sound after a break begins where the last one before it ended, so that decoding goes on without a step. */
const MAX_STRETCH_AFTER_BREAK_SECONDS = 0.1;

/**
 * What viewers get is what the encoder sent: each picture and each frame of sound, byte for byte, in order, at its time; nothing twice, no
 * time going back, and sound and picture together.
 */
export function assertSameMedia(
  source: JudgedMedia,
  output: JudgedMedia,
  { followsBreak = false }: { readonly followsBreak?: boolean } = {},
): void {
  assert.deepEqual(hashes(output.video), hashes(source.video), 'the pictures are others');
  assert.deepEqual(
    output.video.map(({ isKeyframe }) => isKeyframe),
    source.video.map(({ isKeyframe }) => isKeyframe),
  );
  const [firstOut] = output.audio;
  const startOfAudio = source.audio.findIndex(({ hash }) => hash === firstOut?.hash);
  const expectedAudio = source.audio.slice(startOfAudio, startOfAudio + output.audio.length);
  if (source.audio.length > 0) {
    assert.ok(startOfAudio >= 0 && startOfAudio <= MAX_AUDIO_LOST_AT_START, `${startOfAudio}`);
    assert.deepEqual(hashes(output.audio), hashes(expectedAudio), 'the sound is another');
    const lost = source.audio.at(-1)!.ptsSeconds - expectedAudio.at(-1)!.ptsSeconds;
    assert.ok(lost <= MAX_AUDIO_LOST_AT_END_SECONDS, `${lost} s of sound lost at the end`);
  }
  const shift = output.video[0]!.ptsSeconds - source.video[0]!.ptsSeconds;
  assertShifted(source.video, output.video, shift);
  if (followsBreak) {
    const early = expectedAudio[0]!.ptsSeconds + shift - firstOut!.ptsSeconds;
    assert.ok(early >= 0 && early <= MAX_STRETCH_AFTER_BREAK_SECONDS, `${early} s early`);
    assertShifted(expectedAudio.slice(1), output.audio.slice(1), shift);
  } else assertShifted(expectedAudio, output.audio, shift);
  for (const packets of [output.video, output.audio]) assertForward(packets);
}

const hashes = (packets: readonly JudgedPacket[]) => packets.map(({ hash }) => hash);

function assertShifted(
  source: readonly JudgedPacket[],
  output: readonly JudgedPacket[],
  shift: number,
): void {
  for (const [index, { ptsSeconds, codec_type }] of output.entries()) {
    const error = ptsSeconds - source[index]!.ptsSeconds - shift;
    const what = `${codec_type} ${index} is shown ${error * 1000} ms late`;
    assert.ok(Math.abs(error) <= MAX_SHIFT_SECONDS, what);
  }
}

function assertForward(packets: readonly JudgedPacket[]): void {
  for (let index = 1; index < packets.length; index++) {
    const [before, packet] = [packets[index - 1]!, packets[index]!];
    assert.ok(packet.dtsSeconds > before.dtsSeconds, `decoding time goes back at ${index}`);
  }
}
