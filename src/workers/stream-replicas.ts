import type { Clock } from '../lib/clock.ts';
import { LiveWindow } from '../packaging/live-window.ts';
import type { Conversation } from './link.ts';
import type { FromFeed, ToFeed, WindowOptions } from './window-messages.ts';
import { tellReplica } from './window-replica.ts';

/** How often it is looked whether streams are still asked for, and what the main thread refused may be asked of it again. */
const SWEEP_MS = 5_000;

/** A stream that nobody asked for in a minute is given up. */
const MAX_IDLE_SWEEPS = 12;

/**
 * Anybody may ask for any id. So many are remembered that the main thread refused, or has not answered; what is asked for beyond
 * that is not taken up.
 */
const MAX_UNKNOWN = 1_000;

/** A stream of the main thread as far as its windows were told, best first. */
export interface StreamReplica {
  readonly playbackId: string;
  /** None before the main thread has told what they keep. */
  readonly windows: readonly LiveWindow[];
  /** By window: the bytes of older segments than this one are not here. */
  readonly firstMsnsWithBytes: ReadonlyMap<LiveWindow, number>;
}

/** With how it stands with viewers and with the main thread. */
interface ReplicatedStream extends StreamReplica {
  readonly number: number;
  /** By the main thread's number. */
  readonly byNumber: Map<number, LiveWindow>;
  readonly firstMsnsWithBytes: Map<LiveWindow, number>;
  windows: readonly LiveWindow[];
  isAnswered: boolean;
  isAskedFor: boolean;
  idleSweeps: number;
}

/** The streams that a worker serves: taken up as viewers ask for them, given up when none does. */
export class StreamReplicas {
  readonly #conversation: Conversation;
  readonly #clock: Clock;
  readonly #byPlaybackId = new Map<string, ReplicatedStream>();
  /** By our number. */
  readonly #streams = new Map<number, ReplicatedStream>();
  /** Of all streams, by the main thread's number. */
  readonly #windows = new Map<number, LiveWindow>();
  readonly #refused = new Set<string>();
  #unansweredCount = 0;
  #count = 0;

  constructor(options: { readonly conversation: Conversation; readonly clock: Clock }) {
    this.#conversation = options.conversation;
    this.#clock = options.clock;
    this.#conversation.listen({
      message: (subject, detail, payload) => this.#message(subject, detail as FromFeed, payload),
    });
    this.#clock.every(SWEEP_MS, () => this.#sweep());
  }

  /** What a viewer asks for. Where it is not here, it is taken up for those who ask later. */
  find(playbackId: string): StreamReplica | undefined {
    const stream = this.#byPlaybackId.get(playbackId);
    if (stream === undefined) this.#takeUp(playbackId);
    else stream.isAskedFor = true;
    return stream;
  }

  #takeUp(playbackId: string): void {
    const unknownCount = this.#refused.size + this.#unansweredCount;
    if (unknownCount >= MAX_UNKNOWN || this.#refused.has(playbackId)) return;
    const stream: ReplicatedStream = {
      playbackId,
      number: ++this.#count,
      byNumber: new Map(),
      firstMsnsWithBytes: new Map(),
      windows: [],
      isAnswered: false,
      isAskedFor: true,
      idleSweeps: 0,
    };
    this.#byPlaybackId.set(playbackId, stream);
    this.#streams.set(stream.number, stream);
    this.#unansweredCount++;
    this.#send(stream, { kind: 'want', playbackId });
  }

  #message(subject: number, message: FromFeed, payload: Uint8Array): void {
    switch (message.kind) {
      case 'not-yours':
      case 'gone':
      case 'window':
      case 'windows': {
        // What was under way when it was given up is of no use.
        const stream = this.#streams.get(subject);
        if (stream) this.#streamTold(stream, message);
        return;
      }
      default: {
        const window = this.#windows.get(subject);
        if (window) tellReplica(window, message, payload);
      }
    }
  }

  #streamTold(
    stream: ReplicatedStream,
    message: Extract<FromFeed, { kind: 'not-yours' | 'gone' | 'window' | 'windows' }>,
  ): void {
    switch (message.kind) {
      case 'not-yours':
        this.#drop(stream);
        this.#refused.add(stream.playbackId);
        return;
      case 'gone':
        this.#drop(stream);
        return;
      case 'window':
        this.#add(stream, message.window, message.options);
        return;
      case 'windows':
        this.#answered(stream);
        stream.windows = message.windows.flatMap((number) => stream.byNumber.get(number) ?? []);
    }
  }

  #add(stream: ReplicatedStream, number: number, options: WindowOptions): void {
    const window = new LiveWindow({
      ...options,
      clock: this.#clock,
      siblings: () => stream.windows,
    });
    stream.byNumber.set(number, window);
    stream.firstMsnsWithBytes.set(window, options.firstMsnWithBytes);
    this.#windows.set(number, window);
  }

  #answered(stream: ReplicatedStream): void {
    if (stream.isAnswered) return;
    stream.isAnswered = true;
    this.#unansweredCount--;
  }

  #sweep(): void {
    this.#refused.clear();
    for (const stream of this.#streams.values()) {
      stream.idleSweeps = stream.isAskedFor ? 0 : stream.idleSweeps + 1;
      stream.isAskedFor = false;
      if (stream.idleSweeps < MAX_IDLE_SWEEPS) continue;
      this.#drop(stream);
      this.#send(stream, { kind: 'give-up' });
    }
  }

  /** Whoever still reads a segment as it grows is told that it grows no more. */
  #drop(stream: ReplicatedStream): void {
    this.#answered(stream);
    this.#byPlaybackId.delete(stream.playbackId);
    this.#streams.delete(stream.number);
    for (const [number, window] of stream.byNumber) {
      this.#windows.delete(number);
      window.end();
      window.release();
    }
  }

  #send({ number }: ReplicatedStream, message: ToFeed): void {
    this.#conversation.send(number, message);
  }
}
