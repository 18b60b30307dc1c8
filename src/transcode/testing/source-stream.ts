import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ffmpeg } from '../../../test/support/ffmpeg.ts';
import { FrameNormalizer } from '../../ingest/frame-normalizer.ts';
import type { Frame, MediaTracks } from '../../media/frame.ts';
import { FlvReader } from '../../protocols/flv/flv-reader.ts';

export interface SourceStream {
  readonly tracks: MediaTracks;
  readonly frames: readonly Frame[];
}

export interface SourceOptions {
  readonly seconds: number;
  readonly size?: string;
  readonly framesPerSecond?: number;
  /** As for `-force_key_frames`. */
  readonly keyframesAt?: string;
  readonly hasAudio?: boolean;
  /** No keyframes behind the first one: in so many frames the picture is renewed, a column at a time. */
  readonly intraRefreshFrames?: number;
  /** B-frames, unless said otherwise. */
  readonly bFrames?: number;
}

/** Real media from x264 and ffmpeg's AAC, as ingest hands it on. */
export async function sourceStream(options: SourceOptions): Promise<SourceStream> {
  const { seconds, size = '426x240', framesPerSecond = 30, hasAudio = true, bFrames = 2 } = options;
  const folder = await mkdtemp(path.join(tmpdir(), 'ivory-source-'));
  try {
    const file = path.join(folder, 'source.flv');
    await ffmpeg([
      ...['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${framesPerSecond}:d=${seconds}`],
      ...(hasAudio ? ['-f', 'lavfi', '-i', `sine=440:r=48000:d=${seconds}`, '-ac', '2'] : []),
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', String(bFrames), '-b:v', '400k'],
      ...['-pix_fmt', 'yuv420p', '-sc_threshold', '0', ...keyframeOptions(options)],
      ...['-c:a', 'aac', '-b:a', '128k', '-f', 'flv', file],
    ]);
    return readSource(await readFile(file));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function keyframeOptions({ keyframesAt, intraRefreshFrames }: SourceOptions): readonly string[] {
  if (intraRefreshFrames !== undefined) {
    return ['-x264-params', 'intra-refresh=1', '-g', String(intraRefreshFrames)];
  }
  return ['-g', '9999', '-force_key_frames', keyframesAt ?? 'expr:gte(t,n_forced*1)'];
}

function readSource(flv: Uint8Array): SourceStream {
  const frames: Frame[] = [];
  let tracks: MediaTracks | undefined;
  const normalizer = new FrameNormalizer({
    tracks: (announced) => {
      tracks = announced;
    },
    frame: (frame) => frames.push(frame),
    discontinuity() {},
  });
  const reader = new FlvReader(8 * 1024 * 1024);
  reader.push(flv);
  for (let tag = reader.next(); tag; tag = reader.next()) {
    if (tag.kind === 'video') normalizer.videoMessage(tag.timestampMs, tag.body);
    if (tag.kind === 'audio') normalizer.audioMessage(tag.timestampMs, tag.body);
  }
  if (tracks === undefined) throw new Error('the source has no tracks');
  return { tracks, frames };
}

/** The same stream later on its timeline. */
export function later({ tracks, frames }: SourceStream, byMs: number): SourceStream {
  const moved = frames.map((frame) => {
    const timescale = frame.kind === 'video' ? 90_000 : tracks.audio!.timescale;
    return { ...frame, dtsTicks: frame.dtsTicks + (byMs * timescale) / 1000 };
  });
  return { tracks, frames: moved };
}

/** Presentation times in milliseconds, in that order. */
export function presentedMs(frames: readonly Frame[]): number[] {
  return frames
    .filter(({ kind }) => kind === 'video')
    .map((frame) => (frame.dtsTicks + frame.ctsOffsetTicks) / 90)
    .sort((a, b) => a - b);
}
