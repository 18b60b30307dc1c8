import type { OutboxEvent } from '../domain/events.ts';
import type { Envelope } from './envelope.ts';

/**
 * The facts that have to leave, durable: each was written in the transaction of what it tells of. Sequences count up without
 * gaps, and become visible in their order.
 */
export interface Outbox {
  /** Calls `listener` after every write that added events, until the returned function is called. */
  onAppended(listener: () => void): () => void;
  newestSequence(): Promise<number>;
  /** Oldest first. A gap before the first says that what was there is not kept any more. */
  readAfter(sequence: number, limit: number): Promise<readonly OutboxEvent[]>;

  /**
   * Up to where the target has had everything. One that was never there has had all there is: it begins with what comes.
   */
  openTarget(name: string): Promise<number>;
  saveCursors(cursors: ReadonlyMap<string, number>): Promise<void>;

  /** All of them or none. Written again, one replaces what was written of the same event for the same target. */
  addDeadLetters(letters: readonly DeadLetter[]): Promise<void>;
  removeDeadLetter(target: string, sequence: number): Promise<void>;
  /** Oldest first, by target and sequence. */
  listDeadLetters(filter: DeadLetterFilter, page: DeadLetterPage): Promise<readonly DeadLetter[]>;
  /** Marks them to be delivered once more. Returns how many there are. */
  replayDeadLetters(filter: DeadLetterFilter): Promise<number>;
  /** Those of a target that are marked and behind `after`, oldest first. */
  lettersToReplay(target: string, after: number, limit: number): Promise<readonly DeadLetter[]>;
  /** By target; those of none are left out. */
  countDeadLetters(): Promise<ReadonlyMap<string, number>>;

  /** Forgets what is not needed any more, and what is too much. */
  trim(rules: RetentionRules): Promise<void>;
}

/** What a target did not take, for good. */
export interface DeadLetter {
  readonly target: string;
  readonly event: OutboxEvent;
  /** Of the last attempt. */
  readonly reason: string;
  readonly attempts: number;
  readonly failedAtMs: number;
  readonly isReplaying: boolean;
}

export interface DeadLetterFilter {
  readonly target?: string;
  readonly eventId?: string;
}

export interface DeadLetterPage {
  readonly limit: number;
  readonly after?: { readonly target: string; readonly sequence: number };
}

export interface RetentionRules {
  /** Those that are configured: what they have not had yet is kept. */
  readonly targets: readonly string[];
  /** Events that were recorded before may go. */
  readonly recordedBeforeMs: number;
  /** Beyond it the oldest go that every configured target has had. */
  readonly maxEvents: number;
  /** Beyond it the oldest go, whoever has not had them. */
  readonly maxWaitingEvents: number;
  readonly deadBeforeMs: number;
  readonly maxDeadLettersPerTarget: number;
}

/** Somebody who wants events. */
export interface EventTarget extends AsyncDisposable {
  /**
   * Resolves once the target has it, for good. Rejects with `DeliveryFailure`, or with whatever went wrong on the way, which
   * counts as one that may pass.
   */
  deliver(envelope: Envelope, signal: AbortSignal): Promise<void>;
}
