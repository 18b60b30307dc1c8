import type { AudioEncoding, VideoEncoding } from '../domain/ladder.ts';
import type { FfmpegFeatures } from './ports.ts';
import type { ThumbnailJob, TranscodeJob, VideoOutput } from './transcode-job.ts';
import { type EncoderChoice, encoderOptions } from './video-encoders.ts';

/** The child's first output pipe: 0 is its input, 1 is not used, 2 is its log. */
const FIRST_OUTPUT_FD = 3;

/** A picture for pages: no larger than this, whatever the source. */
const MAX_THUMBNAIL_HEIGHT = 720;
/** mjpeg's scale of 2 (best) to 31; 720p is about 60 KB. */
const THUMBNAIL_QUANTIZER = 5;

/** Each packet is out of the child when it is encoded. */
const UNBUFFERED = ['-flush_packets', '1'];
/** With more threads a picture is out when as many further ones are in. */
const JPEG = ['-c:v', 'mjpeg', '-q:v', String(THUMBNAIL_QUANTIZER), '-threads', '1'];
const QUIET = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'error'];
const FLV = [...UNBUFFERED, '-f', 'flv', '-flvflags', 'no_duration_filesize'];

/**
 * ffmpeg's arguments for a job: FLV on its standard input, one FLV for each video and each audio encoding and one stream of
 * JPEGs on pipes 3, 4, ..., in the order of `TranscodeJob`. Timestamps go through unchanged, and keyframes are where the
 * source has them.
 *
 * Video and audio have outputs of their own because a muxer with two streams holds either back until it has the other.
 */
export function ffmpegArguments(
  job: TranscodeJob,
  choice: EncoderChoice,
  features: FfmpegFeatures,
): readonly string[] {
  const { graph, labels, thumbnail } = filterGraph(job, choice);
  const outputs: (readonly string[])[] = [
    ...job.videos.map((video, index) => videoOutput(video, labels[index], choice, features)),
    ...job.audios.map(audioOutput),
    ...(thumbnail === undefined ? [] : [thumbnailOutput(thumbnail, features)]),
  ];
  return [
    ...QUIET,
    ...encoderOptions(choice).device,
    '-copyts',
    ...inputOptions(job),
    ...['-f', 'flv', '-i', 'pipe:0'],
    ...(graph === '' ? [] : ['-filter_complex', graph]),
    ...outputs.flatMap((output, index) => [...output, `pipe:${FIRST_OUTPUT_FD + index}`]),
  ];
}

/** Hardware encoders refuse what is smaller than about 145x49 or 128x128, each its own. */
const TRIAL_PICTURE: VideoEncoding = {
  width: 640,
  height: 360,
  keepOneFrameIn: 1,
  framesPerSecond: 30,
  bitrateBps: 630_000,
};

/** ffmpeg's arguments to encode one picture as those of ladders are: from nothing, to FLV on its standard output. */
export function trialArguments(choice: EncoderChoice, features: FfmpegFeatures): readonly string[] {
  const { width, height, framesPerSecond } = TRIAL_PICTURE;
  return [
    ...QUIET,
    ...encoderOptions(choice).device,
    ...['-f', 'lavfi', '-i', `color=size=${width}x${height}:rate=${framesPerSecond}`],
    ...['-filter_complex', `[0:v]${videoFilters(TRIAL_PICTURE, choice)}[v0]`],
    ...['-frames:v', '1'],
    ...videoOutput({ encoding: TRIAL_PICTURE }, 'v0', choice, features),
    'pipe:1',
  ];
}

/** ffmpeg's arguments for one picture: FLV on its standard input, of which the first frame is a JPEG on pipe 3. */
export function pictureArguments(size: NonNullable<ThumbnailJob['size']>): readonly string[] {
  return [
    ...QUIET,
    ...['-threads', '1', '-probesize', '32', '-analyzeduration', '0', '-f', 'flv', '-i', 'pipe:0'],
    ...['-frames:v', '1', '-vf', pictureFilters(size).join(','), ...JPEG],
    ...['-f', 'image2pipe', `pipe:${FIRST_OUTPUT_FD}`],
  ];
}

function inputOptions(job: TranscodeJob): readonly string[] {
  const needsKeyframesOnly = job.videos.every(({ encoding }) => encoding === 'copy');
  return [
    // One thread decodes a frame when it comes; each further one holds back one more (74 ms against 11).
    ...['-threads', '1'],
    // The sequence headers come first and say everything. `-fflags nobuffer` would lose the first frames instead.
    ...['-probesize', '32', '-analyzeduration', '0'],
    ...(needsKeyframesOnly ? ['-skip_frame:v', 'nokey'] : []),
  ];
}

/** One decode for all: labels of the videos in their order (none for a copy), and of the thumbnails. */
function filterGraph(job: TranscodeJob, choice: EncoderChoice) {
  const chains: { readonly label: string; readonly filters: string }[] = [];
  const labels = job.videos.map(({ encoding }, index) => {
    if (encoding === 'copy') return undefined;
    const label = `v${index}`;
    chains.push({ label, filters: videoFilters(encoding, choice) });
    return label;
  });
  const thumbnail = job.thumbnails && 'thumbnail';
  if (job.thumbnails) {
    chains.push({ label: 'thumbnail', filters: thumbnailFilters(job.thumbnails) });
  }
  const split = chains.map(({ label }) => `[${label}_in]`).join('');
  const graph = [
    `[0:v]split=${chains.length}${split}`,
    ...chains.map(({ label, filters }) => `[${label}_in]${filters}[${label}]`),
  ].join(';');
  return { graph: chains.length === 0 ? '' : graph, labels, thumbnail };
}

function videoFilters(encoding: VideoEncoding, choice: EncoderChoice): string {
  const { width, height, keepOneFrameIn } = encoding;
  return [
    // A keyframe of the source is one of every rendition: frames are counted from the last that was taken.
    ...(keepOneFrameIn > 1 ? [`select='key+gte(n-prev_selected_n,${keepOneFrameIn})'`] : []),
    `scale=${even(width)}:${even(height)}`,
    // Rounding to even sizes is not meant to make pixels oblong by a thousandth; those that are oblong stay so.
    `setsar='if(lt(abs(sar-1),0.02),1,sar)'`,
    ...encoderOptions(choice).filters,
  ].join(',');
}

function thumbnailFilters({ intervalSeconds, size }: ThumbnailJob): string {
  return [
    `select='isnan(prev_selected_t)+gte(t-prev_selected_t,${intervalSeconds})'`,
    ...pictureFilters(size),
  ].join(',');
}

/** Of a JPEG. */
function pictureFilters(size: ThumbnailJob['size']): readonly string[] {
  const scale =
    size === undefined
      ? `scale=-2:'trunc(min(${MAX_THUMBNAIL_HEIGHT},ih)/2)*2'`
      : `scale=${even(size.width)}:${even(size.height)}`;
  return [scale, 'setsar=1', 'format=yuvj420p'];
}

function videoOutput(
  { encoding }: VideoOutput,
  label: string | undefined,
  choice: EncoderChoice,
  features: FfmpegFeatures,
): readonly string[] {
  if (encoding === 'copy') return ['-map', '0:v', '-c:v', 'copy', ...FLV];
  const bitrate = String(encoding.bitrateBps);
  return [
    ...['-map', `[${label}]`],
    ...encoderOptions(choice).encoder(encoding),
    ...['-profile:v', 'main', '-bf', '0'],
    ...['-force_key_frames', 'source', '-g', String(encoderOptions(choice).keyframes(encoding))],
    ...passTimestamps(features),
    ...['-b:v', bitrate, '-maxrate', bitrate, '-bufsize', bitrate],
    ...FLV,
  ];
}

function audioOutput({ bitrateBps }: AudioEncoding): readonly string[] {
  // IVS takes two channels at most, and so do the bit rates of its table.
  return ['-map', '0:a', '-c:a', 'aac', '-ac', '2', '-b:a', String(bitrateBps), ...FLV];
}

function thumbnailOutput(label: string, features: FfmpegFeatures): readonly string[] {
  return [
    ...['-map', `[${label}]`, ...JPEG],
    ...passTimestamps(features),
    ...UNBUFFERED,
    ...['-f', 'image2pipe'],
  ];
}

function passTimestamps(features: FfmpegFeatures): readonly string[] {
  return ['-fps_mode', 'passthrough', '-enc_time_base', features.encoderTimeBase];
}

const even = (length: number): number => Math.max(2, Math.floor(length / 2) * 2);
