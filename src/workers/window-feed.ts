import { isRestricted, type StreamOnAir } from '../delivery/on-air.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import type { Part } from '../packaging/segment.ts';
import type { WindowFollower } from '../packaging/window-follower.ts';
import type { Conversation } from './link.ts';
import type { PartCopies } from './part-copies.ts';
import type { FromFeed, ToFeed } from './window-messages.ts';

type FedStream = Pick<
  StreamOnAir,
  'playbackId' | 'requiresAuthorization' | 'playbackRestrictionPolicyArn' | 'windows'
>;

/** A window that a worker is told of. */
interface FedWindow {
  readonly number: number;
  readonly stop: () => void;
}

/** What a worker is told of one stream. */
interface FeedTarget {
  /** For a window that the worker has not heard of. */
  nextNumber(): number;
  tellOfStream(message: FromFeed): void;
  tellOfWindow(window: number, message: FromFeed, payload?: Uint8Array): void;
  /** With its bytes. */
  tellOfPart(window: number, message: FromFeed, part: Part): void;
  gone(): void;
}

/** The streams that one worker serves, in the main thread: tells the worker all that happens to their windows. */
export class WindowFeed {
  readonly #conversation: Conversation;
  readonly #copies: PartCopies;
  readonly #byPlaybackId: (playbackId: string) => FedStream | undefined;
  /** By the worker's number for it. */
  readonly #streams = new Map<number, StreamFeed>();
  #windowCount = 0;

  /** `copies`: shared by all workers. `byPlaybackId`: by either of a stream's two ids. */
  constructor(options: {
    readonly conversation: Conversation;
    readonly copies: PartCopies;
    readonly byPlaybackId: (playbackId: string) => FedStream | undefined;
  }) {
    this.#conversation = options.conversation;
    this.#copies = options.copies;
    this.#byPlaybackId = options.byPlaybackId;
    this.#conversation.listen({
      message: (subject, detail) => this.#message(subject, detail as ToFeed),
    });
  }

  /** The worker is gone. */
  close(): void {
    for (const feed of this.#streams.values()) feed.stop();
    this.#streams.clear();
  }

  #message(subject: number, message: ToFeed): void {
    switch (message.kind) {
      case 'want':
        this.#feed(subject, message.playbackId);
        return;
      case 'give-up':
        this.#streams.get(subject)?.stop();
        this.#streams.delete(subject);
    }
  }

  #feed(subject: number, playbackId: string): void {
    const stream = this.#byPlaybackId(playbackId);
    // Whoever asks for one that has no windows yet is early: the worker may ask again.
    const isServable =
      stream?.playbackId === playbackId && !isRestricted(stream) && stream.windows.length > 0;
    if (!isServable) {
      this.#send(subject, { kind: 'not-yours' });
      return;
    }
    const feed = new StreamFeed(stream, {
      nextNumber: () => ++this.#windowCount,
      tellOfStream: (message) => this.#send(subject, message),
      tellOfWindow: (number, message, payload) => this.#send(number, message, payload),
      tellOfPart: (number, message, part) =>
        this.#conversation.give(number, message, this.#copies.of(part)),
      gone: () => {
        this.#streams.delete(subject);
        this.#send(subject, { kind: 'gone' });
      },
    });
    this.#streams.set(subject, feed);
  }

  #send(subject: number, message: FromFeed, payload?: Uint8Array): void {
    this.#conversation.send(subject, message, payload && [payload]);
  }
}

/** One stream, as a worker hears of it. */
class StreamFeed {
  readonly #stream: FedStream;
  readonly #target: FeedTarget;
  readonly #windows = new Map<LiveWindow, FedWindow>();
  /** The list that the worker has. */
  #told: readonly LiveWindow[] = [];

  constructor(stream: FedStream, target: FeedTarget) {
    this.#stream = stream;
    this.#target = target;
    this.#tellWindows();
  }

  stop(): void {
    for (const { stop } of this.#windows.values()) stop();
    this.#windows.clear();
  }

  /** A rendition that comes later begins with a segment of those that are there: its first segment is not complete before. */
  #tellWindows(): void {
    const { windows } = this.#stream;
    if (windows === this.#told) return;
    this.#told = windows;
    for (const window of windows) {
      if (this.#windows.has(window)) continue;
      const number = this.#target.nextNumber();
      this.#windows.set(window, { number, stop: window.follow(this.#follower(window, number)) });
    }
    const numbers = windows.flatMap((window) => this.#windows.get(window)?.number ?? []);
    this.#target.tellOfStream({ kind: 'windows', windows: numbers });
  }

  /**
   * A whole window would be encoded and copied at once, which holds up the frames and parts of all streams. So of what there is
   * already, the bytes of that alone are told that players begin with.
   */
  #follower(window: LiveWindow, number: number): WindowFollower {
    const firstMsnWithBytes = window.firstMsnToPlay;
    let hasBytes = false;
    const tell = (message: FromFeed, payload?: Uint8Array) =>
      this.#target.tellOfWindow(number, message, payload);
    return {
      start: (start) => {
        const { isLowLatency, mediaExtension, hasPicture } = window;
        const options = { isLowLatency, mediaExtension, hasPicture, start, firstMsnWithBytes };
        this.#target.tellOfStream({ kind: 'window', window: number, options });
      },
      generationBegan: (initSegment) => tell({ kind: 'generation' }, initSegment),
      segmentBegan: ({ msn, programDateTimeMs, isDiscontinuous }) => {
        hasBytes = msn >= firstMsnWithBytes;
        this.#tellWindows();
        tell({ kind: 'segment', programDateTimeMs, isDiscontinuous });
      },
      partAppended: (part) => {
        const { durationTicks, isIndependent, byteLength } = part;
        const message: FromFeed = { kind: 'part', durationTicks, isIndependent, byteLength };
        if (hasBytes) this.#target.tellOfPart(number, message, part);
        else tell(message);
      },
      segmentCompleted: (durationTicks, playable) =>
        tell({ kind: 'complete', durationTicks, playable }),
      gapCompleted: (durationTicks) => tell({ kind: 'gap', durationTicks }),
      interrupted: () => tell({ kind: 'interruption' }),
      ended: () => tell({ kind: 'end' }),
      // The windows of a stream are released together.
      released: () => {
        this.stop();
        this.#target.gone();
      },
    };
  }
}
