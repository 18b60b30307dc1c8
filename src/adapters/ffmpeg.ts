import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Logger } from '../lib/logger.ts';
import type {
  FfmpegFeatures,
  TranscoderExit,
  TranscoderFactory,
  TranscoderListener,
  TranscoderProcess,
} from '../transcode/ports.ts';

const FIRST_OUTPUT_FD = 3;

const MAX_LOG_LINE_LENGTH = 1_000;
/** A stream with errors has one a frame: these are enough to see what kind. */
const MAX_LOG_LINES = 50;

const PROBE_TIMEOUT_MS = 10_000;
/** The list of encoders has 30 KB. */
const MAX_PROBE_BYTES = 1024 * 1024;

/** libavcodec of FFmpeg 5.1, which brought `-fps_mode`. */
const OLDEST = { major: 59, minor: 37 };
/** libavcodec of FFmpeg 6.1, which brought `-enc_time_base demux` and deprecated -1. */
const NAMED_TIME_BASE = { major: 60, minor: 31 };

/** USER_HZ, the unit of /proc/<pid>/stat: 100 on every architecture that Node.js runs on. */
const CLOCK_TICKS_PER_SECOND = 100;

const run = promisify(execFile);

/** Rejects with one clear line where there is no ffmpeg, or only one that is too old. `command`: a name on PATH, or a path. */
export async function findFfmpeg(log: Logger, command = 'ffmpeg'): Promise<Ffmpeg> {
  const options = { timeout: PROBE_TIMEOUT_MS, maxBuffer: MAX_PROBE_BYTES };
  const ask = async (...args: string[]) => {
    try {
      return (await run(command, ['-hide_banner', ...args], options)).stdout;
    } catch (error) {
      throw new Error(`cannot run ffmpeg ("${command}"): ${firstLine(String(error))}`, {
        cause: error,
      });
    }
  };
  const [version, encoders] = await Promise.all([ask('-version'), ask('-encoders')]);
  const features = ffmpegFeatures(version, encoders);
  return new Ffmpeg(command, features, log);
}

/** From what `ffmpeg -version` and `ffmpeg -encoders` print. Throws where it is too old, or is no ffmpeg. */
export function ffmpegFeatures(version: string, encoders: string): FfmpegFeatures {
  const name = /^ffmpeg version (\S+)/.exec(version)?.[1];
  // Builds from source control have versions of their own, but all of them have libraries.
  const library = /^libavcodec\s+(\d+)\.\s*(\d+)/m.exec(version);
  if (name === undefined || library === null) {
    throw new Error(`cannot use ffmpeg: it calls itself "${firstLine(version)}"`);
  }
  const found = { major: Number(library[1]), minor: Number(library[2]) };
  if (!isAtLeast(found, OLDEST)) {
    throw new Error(`cannot use ffmpeg ${name}: 5.1 is the oldest that will do`);
  }
  // " V....D libx264   description", behind a legend whose names are signs.
  const names = encoders.matchAll(/^ [VAS][A-Z.]{5} (\w\S*)/gm);
  return {
    version: name,
    encoderTimeBase: isAtLeast(found, NAMED_TIME_BASE) ? 'demux' : '-1',
    encoders: new Set([...names].map((match) => match[1] ?? '')),
  };
}

/** Starts ffmpeg, without a shell, and with pipes alone between it and us. */
export class Ffmpeg implements TranscoderFactory {
  readonly features: FfmpegFeatures;
  /** A name on PATH, or a path. */
  readonly command: string;
  readonly #log: Logger;

  constructor(command: string, features: FfmpegFeatures, log: Logger) {
    this.command = command;
    this.features = features;
    this.#log = log;
  }

  start(
    ffmpegArguments: readonly string[],
    outputCount: number,
    listener: TranscoderListener,
  ): FfmpegChild {
    const outputs = Array.from({ length: outputCount }, () => 'pipe' as const);
    try {
      const child = spawn(this.command, ffmpegArguments, {
        stdio: ['pipe', 'ignore', 'pipe', ...outputs],
        env: environmentOfFfmpeg(),
        // Ctrl-C in a terminal is for Ivory, which ends its children in order.
        detached: process.platform !== 'win32',
        windowsHide: true,
      });
      this.#log.debug({ pid: child.pid, ffmpegArguments }, 'ffmpeg started');
      return new FfmpegProcess(child, this.#log.child({ pid: child.pid }), listener);
    } catch (error) {
      return notStarted(error, listener);
    }
  }
}

/** It decodes what strangers send: keys are none of its business. What libraries and drivers of GPUs read is. */
export function environmentOfFfmpeg(): NodeJS.ProcessEnv {
  const names = Object.keys(process.env).filter((name) => !/^(?:IVORY|AWS)_/i.test(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/** `pid`: none where it could not be started. */
export interface FfmpegChild extends TranscoderProcess {
  readonly pid: number | undefined;
}

/** Some errors of `spawn` come as an event, as that of a missing file; others, as that of a lack of memory, are thrown. */
function notStarted(error: unknown, listener: TranscoderListener): FfmpegChild {
  const reason = error instanceof Error ? error.message : String(error);
  const lastErrorLine = `cannot start ffmpeg: ${reason}`;
  process.nextTick(() => {
    listener.exited({ exitCode: undefined, signal: undefined, lastErrorLine });
  });
  return {
    pid: undefined,
    write: () => true,
    endInput() {},
    kill() {},
    cpuSeconds: () => undefined,
  };
}

/** One ffmpeg. It outlives nobody: when Ivory is gone its input ends and its outputs break, and with them ffmpeg. */
class FfmpegProcess implements FfmpegChild {
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #log: Logger;
  #isGone = false;
  #isCorked = false;
  #lastErrorLine: string | undefined;
  #unfinishedLine = '';
  #lineCount = 0;

  constructor(child: ChildProcess, log: Logger, listener: TranscoderListener) {
    this.pid = child.pid;
    this.#child = child;
    this.#log = log;
    child.once('error', (error) => {
      this.#lastErrorLine = `cannot start ffmpeg: ${error.message}`;
      // Without a process there is no 'close'.
      if (child.pid === undefined) this.#ended(listener);
    });
    child.once('close', () => this.#ended(listener));
    child.stdin?.on('drain', () => {
      if (!this.#isGone) listener.drained();
    });
    // EPIPE, when it died before us: 'close' says so.
    child.stdin?.on('error', () => {});
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => this.#logLines(text));
    // Absent, whatever the types say, where there are no more file descriptors.
    const stdio: ChildProcess['stdio'] | undefined = child.stdio;
    for (const [index, pipe] of stdio?.slice(FIRST_OUTPUT_FD).entries() ?? []) {
      if (!(pipe instanceof Socket)) continue;
      pipe.on('data', (bytes) => listener.output(index, bytes));
      pipe.on('error', () => {});
    }
  }

  write(buffers: readonly Uint8Array[]): boolean {
    const { stdin } = this.#child;
    if (this.#isGone || !stdin?.writable) return true;
    if (!this.#isCorked) {
      // Everything of this turn goes out in one gathered write.
      this.#isCorked = true;
      stdin.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        stdin.uncork();
      });
    }
    for (const buffer of buffers) stdin.write(buffer);
    return !stdin.writableNeedDrain;
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  /** SIGKILL, which also ends one that is stopped; what it wrote before is still read. */
  kill(): void {
    if (!this.#isGone) this.#child.kill('SIGKILL');
  }

  cpuSeconds(): number | undefined {
    if (process.platform !== 'linux' || this.#isGone || this.pid === undefined) return undefined;
    try {
      return cpuSecondsOf(readFileSync(`/proc/${this.pid}/stat`, 'latin1'));
    } catch {
      return undefined;
    }
  }

  #ended(listener: TranscoderListener): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.#unfinishedLine !== '') this.#logLine(this.#unfinishedLine);
    if (this.#lineCount > MAX_LOG_LINES) {
      this.#log.warn({ lines: this.#lineCount - MAX_LOG_LINES }, 'ffmpeg: more lines not shown');
    }
    const exit: TranscoderExit = {
      exitCode: this.#child.exitCode ?? undefined,
      signal: this.#child.signalCode ?? undefined,
      lastErrorLine: this.#lastErrorLine,
    };
    this.#log.debug({ exit }, 'ffmpeg ended');
    listener.exited(exit);
  }

  #logLines(text: string): void {
    const lines = (this.#unfinishedLine + text).split(/[\r\n]+/);
    this.#unfinishedLine = (lines.pop() ?? '').slice(0, MAX_LOG_LINE_LENGTH);
    for (const line of lines) if (line !== '') this.#logLine(line);
  }

  #logLine(line: string): void {
    this.#lastErrorLine = line.slice(0, MAX_LOG_LINE_LENGTH);
    if (++this.#lineCount <= MAX_LOG_LINES) this.#log.warn({ line: this.#lastErrorLine }, 'ffmpeg');
  }
}

/** utime and stime of /proc/<pid>/stat (proc(5)): fields 14 and 15. The name, field 2, may hold anything, ")" too. */
export function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

interface LibraryVersion {
  readonly major: number;
  readonly minor: number;
}

function isAtLeast(found: LibraryVersion, wanted: LibraryVersion): boolean {
  return (
    found.major > wanted.major || (found.major === wanted.major && found.minor >= wanted.minor)
  );
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';
