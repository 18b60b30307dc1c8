import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What ffmpeg's test sources and encoders make. */
export interface SourceOptions {
  readonly size?: string;
  readonly framesPerSecond?: number;
  readonly gopFrames?: number;
  readonly bFrames?: number;
  /** A filter over the picture, e.g. one that drops frames. */
  readonly videoFilter?: string;
  readonly audio?: { readonly sampleRate: number; readonly channels: number } | 'none';
  readonly durationSeconds?: number;
  readonly profile?: 'baseline' | 'main' | 'high';
  /** A picture that can't be compressed: several Mbit/s. */
  readonly noise?: boolean;
  /** x264's; the fastest has no High profile. */
  readonly preset?: 'ultrafast' | 'veryfast';
}

/** Arguments that make the source, inputs and codecs; the output follows. `isRealTime`: no faster than it is played. */
export function sourceArguments(options: SourceOptions, isRealTime: boolean): string[] {
  const {
    size = '640x360',
    framesPerSecond = 30,
    gopFrames = framesPerSecond * 2,
    bFrames = 0,
    audio = { sampleRate: 48_000, channels: 2 },
  } = options;
  const pace = isRealTime ? ['-re'] : [];
  const picture = `testsrc2=size=${size}:rate=${framesPerSecond}`;
  const video = options.noise ? `${picture},noise=alls=90:allf=t` : picture;
  const inputs = [...pace, '-f', 'lavfi', '-i', video];
  if (audio !== 'none') {
    const sine = `sine=frequency=440:sample_rate=${audio.sampleRate}`;
    inputs.push(...pace, '-f', 'lavfi', '-i', sine);
  }
  return [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-y'],
    ...inputs,
    ...(options.durationSeconds === undefined ? [] : ['-t', String(options.durationSeconds)]),
    // `-fps_mode vfr` keeps the gaps that the filter makes.
    ...(options.videoFilter === undefined ? [] : ['-vf', options.videoFilter, '-fps_mode', 'vfr']),
    ...['-c:v', 'libx264', '-preset', options.preset ?? 'ultrafast', '-pix_fmt', 'yuv420p'],
    ...(bFrames === 0 ? ['-tune', 'zerolatency'] : ['-bf', String(bFrames)]),
    ...(options.profile === undefined ? [] : ['-profile:v', options.profile]),
    ...['-g', String(gopFrames), '-keyint_min', String(gopFrames), '-sc_threshold', '0'],
    ...['-b:v', options.noise ? '8M' : '800k', '-threads', '1'],
    ...(audio === 'none' ? [] : ['-c:a', 'aac', '-b:a', '96k', '-ac', String(audio.channels)]),
  ];
}

/** A real ffmpeg that publishes until it is done or disposed of. */
export class Publisher implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves with the exit code once ffmpeg is gone; null after a signal. */
  readonly ended: Promise<number | null>;
  stderr = '';

  constructor(args: readonly string[]) {
    this.child = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr?.on('data', (chunk) => (this.stderr += chunk));
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** A goodbye: ffmpeg sends FCUnpublish and deleteStream. */
  async stop(): Promise<void> {
    if (!this.hasEnded) this.child.kill('SIGINT');
    await this.ended;
  }

  /** The machine under the encoder is gone: no goodbye. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Stands still with the connection open, until `resume`. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.hasEnded) this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** Encodes ffmpeg's test picture and tone as they are published, in real time. */
export function publish(url: string, source: SourceOptions = {}): Publisher {
  return new Publisher([...sourceArguments(source, true), '-f', 'flv', url]);
}

/** Publishes a file as it is, in real time: every frame of it is known before. */
export function publishFile(
  url: string,
  file: string,
  options: { loop?: boolean } = {},
): Publisher {
  return new Publisher([
    ...['-hide_banner', '-nostdin', '-loglevel', 'error'],
    ...(options.loop ? ['-stream_loop', '-1'] : []),
    ...['-re', '-i', file, '-c', 'copy', '-f', 'flv', url],
  ]);
}
