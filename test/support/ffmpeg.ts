import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs the system's ffmpeg to its end; rejects with its stderr when it fails. */
export async function ffmpeg(args: readonly string[]): Promise<void> {
  await run('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args]);
}

/** What ffprobe says of a file; `sections` are its options, e.g. `-show_streams`. */
export async function ffprobe(path: string, sections: readonly string[]): Promise<ProbeReport> {
  const { stdout } = await run(
    'ffprobe',
    ['-hide_banner', '-loglevel', 'error', '-of', 'json', ...sections, path],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(stdout) as ProbeReport;
}

/** What ffprobe says of each picture, decoded. */
export async function ffprobeFrames(path: string): Promise<readonly ProbedFrame[]> {
  const { stdout } = await run(
    'ffprobe',
    ['-v', 'error', '-of', 'json', '-select_streams', 'v', '-show_frames', path],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  return (JSON.parse(stdout) as { frames: readonly ProbedFrame[] }).frames;
}

export interface ProbedFrame {
  readonly side_data_list?: readonly { readonly side_data_type: string }[];
}

export interface ProbeReport {
  readonly streams: readonly ProbedStream[];
  readonly packets: readonly ProbedPacket[];
}

/** Members that ffprobe leaves out, or that belong to the other kind of track, are undefined. */
export interface ProbedStream {
  readonly profile: string;
  readonly level: number;
  readonly width: number;
  readonly height: number;
  readonly bits_per_raw_sample: string;
  readonly sample_rate: string;
  readonly channels: number;
}

export interface ProbedPacket {
  readonly stream_index: number;
  readonly dts: number;
  readonly pts: number;
  readonly duration: number;
  readonly flags: string;
  readonly data_hash: string;
}
