import type { Frame } from '../../media/frame.ts';
import { FlvReader } from '../../protocols/flv/flv-reader.ts';
import {
  encodeAvcFrame,
  encodeAvcSequenceHeader,
  encodeFlvHeader,
} from '../../protocols/flv/flv-writer.ts';
import { decodeVideoTag } from '../../protocols/flv/video-tag.ts';
import type {
  TranscoderExit,
  TranscoderFactory,
  TranscoderListener,
  TranscoderProcess,
} from '../ports.ts';

const CLEAN: TranscoderExit = { exitCode: 0, signal: undefined, lastErrorLine: undefined };

/** Children that do what a test says. */
export class FakeTranscoders implements TranscoderFactory {
  readonly features = {
    version: '5.1',
    encoderTimeBase: '-1',
    encoders: new Set<string>(),
  } as const;
  readonly children: FakeChild[] = [];

  start(argv: readonly string[], outputCount: number, listener: TranscoderListener): FakeChild {
    const child = new FakeChild(argv, outputCount, listener);
    this.children.push(child);
    return child;
  }

  get newest(): FakeChild {
    return this.children.at(-1)!;
  }
}

/** Reads what it is given when `work` is called, and "encodes" by writing the same to its first output. */
export class FakeChild implements TranscoderProcess {
  readonly argv: readonly string[];
  readonly outputCount: number;
  readonly #listener: TranscoderListener;
  readonly #reader = new FlvReader(1_000_000);
  #input: Uint8Array[] = [];
  #hasBegun = false;
  takesInput = true;
  inputEnded = false;
  wasKilled = false;

  constructor(argv: readonly string[], outputCount: number, listener: TranscoderListener) {
    this.argv = argv;
    this.outputCount = outputCount;
    this.#listener = listener;
  }

  write(buffers: readonly Uint8Array[]): boolean {
    this.#input.push(...buffers);
    return this.takesInput;
  }

  endInput(): void {
    this.inputEnded = true;
  }

  kill(): void {
    this.wasKilled = true;
  }

  cpuSeconds(): number {
    return 1;
  }

  /** Takes all input there is; every video frame of it comes out. */
  work(): void {
    const input = Buffer.concat(this.#input);
    this.#input = [];
    this.#reader.push(input);
    for (let tag = this.#reader.next(); tag; tag = this.#reader.next()) {
      if (tag.kind !== 'video') continue;
      const { timestampMs } = tag;
      const video = decodeVideoTag(tag.body);
      if (video.kind === 'sequence-header') this.#begin(video.bytes);
      if (video.kind !== 'frame') continue;
      this.#emit(encodeAvcFrame({ ...video, timestampMs }));
    }
  }

  drain(): void {
    this.takesInput = true;
    this.#listener.drained();
  }

  emit(index: number, bytes: Uint8Array): void {
    this.#listener.output(index, bytes);
  }

  exit(exit: Partial<TranscoderExit> = {}): void {
    this.#listener.exited({ ...CLEAN, ...exit });
  }

  #begin(record: Uint8Array): void {
    if (!this.#hasBegun) this.#emit([encodeFlvHeader({ hasVideo: true, hasAudio: false })]);
    this.#hasBegun = true;
    this.#emit(encodeAvcSequenceHeader(0, record));
  }

  #emit(buffers: readonly Uint8Array[]): void {
    this.emit(0, Buffer.concat(buffers));
  }
}

/** Times of frames in milliseconds. */
export const timesMs = (frames: readonly Frame[]) => frames.map(({ dtsTicks }) => dtsTicks / 90);
