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

interface Wanted extends StreamReplica {
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
  readonly #byPlaybackId = new Map<string, Wanted>();
  /** By our number. */
  readonly #wanted = new Map<number, Wanted>();
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
    const wanted = this.#byPlaybackId.get(playbackId);
    if (wanted === undefined) this.#takeUp(playbackId);
    else wanted.isAskedFor = true;
    return wanted;
  }

  #takeUp(playbackId: string): void {
    const unknownCount = this.#refused.size + this.#unansweredCount;
    if (unknownCount >= MAX_UNKNOWN || this.#refused.has(playbackId)) return;
    const wanted: Wanted = {
      playbackId,
      number: ++this.#count,
      byNumber: new Map(),
      firstMsnsWithBytes: new Map(),
      windows: [],
      isAnswered: false,
      isAskedFor: true,
      idleSweeps: 0,
    };
    this.#byPlaybackId.set(playbackId, wanted);
    this.#wanted.set(wanted.number, wanted);
    this.#unansweredCount++;
    this.#send(wanted, { kind: 'want', playbackId });
  }

  #message(subject: number, message: FromFeed, payload: Uint8Array): void {
    switch (message.kind) {
      case 'not-yours':
      case 'gone':
      case 'window':
      case 'windows': {
        // What was under way when it was given up is of no use.
        const wanted = this.#wanted.get(subject);
        if (wanted) this.#streamTold(wanted, message);
        return;
      }
      default: {
        const window = this.#windows.get(subject);
        if (window) tellReplica(window, message, payload);
      }
    }
  }

  #streamTold(
    wanted: Wanted,
    message: Extract<FromFeed, { kind: 'not-yours' | 'gone' | 'window' | 'windows' }>,
  ): void {
    switch (message.kind) {
      case 'not-yours':
        this.#drop(wanted);
        this.#refused.add(wanted.playbackId);
        return;
      case 'gone':
        this.#drop(wanted);
        return;
      case 'window':
        this.#add(wanted, message.window, message.options);
        return;
      case 'windows':
        this.#answered(wanted);
        wanted.windows = message.windows.flatMap((number) => wanted.byNumber.get(number) ?? []);
    }
  }

  #add(wanted: Wanted, number: number, options: WindowOptions): void {
    const window = new LiveWindow({
      ...options,
      clock: this.#clock,
      siblings: () => wanted.windows,
    });
    wanted.byNumber.set(number, window);
    wanted.firstMsnsWithBytes.set(window, options.firstMsnWithBytes);
    this.#windows.set(number, window);
  }

  #answered(wanted: Wanted): void {
    if (wanted.isAnswered) return;
    wanted.isAnswered = true;
    this.#unansweredCount--;
  }

  #sweep(): void {
    this.#refused.clear();
    for (const wanted of this.#wanted.values()) {
      wanted.idleSweeps = wanted.isAskedFor ? 0 : wanted.idleSweeps + 1;
      wanted.isAskedFor = false;
      if (wanted.idleSweeps < MAX_IDLE_SWEEPS) continue;
      this.#drop(wanted);
      this.#send(wanted, { kind: 'give-up' });
    }
  }

  /** Whoever still reads a segment as it grows is told that it grows no more. */
  #drop(wanted: Wanted): void {
    this.#answered(wanted);
    this.#byPlaybackId.delete(wanted.playbackId);
    this.#wanted.delete(wanted.number);
    for (const [number, window] of wanted.byNumber) {
      this.#windows.delete(number);
      window.end();
      window.release();
    }
  }

  #send({ number }: Wanted, message: ToFeed): void {
    this.#conversation.send(number, message);
  }
}
