/** What an ffmpeg can do, found out once. */
export interface FfmpegFeatures {
  /** As it calls itself, for the log. */
  readonly version: string;
  /** "Take the demuxer's time base", which newer ones spell in another way. */
  readonly encoderTimeBase: '-1' | 'demux';
  /** Names of encoders that it was built with; a hardware encoder may still find no hardware. */
  readonly encoders: ReadonlySet<string>;
}

/** How a child ended. `lastErrorLine`: of its log, or why it could not be started. */
export interface TranscoderExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly lastErrorLine: string | undefined;
}

/** What a child has to say. Nothing is called before `start` has returned, and nothing after `exited`. */
export interface TranscoderListener {
  /** `index` counts its outputs from 0. The bytes are the listener's during the call. */
  output(index: number, bytes: Uint8Array): void;
  /** After `write` gave false: the pipe takes more. */
  drained(): void;
  /** Exactly once, when the child is gone and everything it wrote was handed over. */
  exited(exit: TranscoderExit): void;
}

/** A running ffmpeg. Every method is harmless once it is gone. */
export interface TranscoderProcess {
  /** Whether it takes more; if not, write again after `drained`. The buffers are not copied: they must not change. */
  write(buffers: readonly Uint8Array[]): boolean;
  /** No more input: it writes out what it has, and exits. */
  endInput(): void;
  /** At once, without asking it. */
  kill(): void;
  /** Processor time that it has used so far; `undefined` where the system does not tell. */
  cpuSeconds(): number | undefined;
}

/** Starts ffmpeg. Implemented by `adapters/ffmpeg.ts`. */
export interface TranscoderFactory {
  readonly features: FfmpegFeatures;
  /** Does not throw: a child that can't be started has `exited`. */
  start(
    ffmpegArguments: readonly string[],
    outputCount: number,
    listener: TranscoderListener,
  ): TranscoderProcess;
}
