import { BodyTooLarge } from '../lib/http.ts';

/** What a request has in common whichever HTTP it came by: a client that may go away, and a body that may be too large. */
export abstract class ClientExchange {
  /** Set once nothing that is sent any more arrives. */
  isGone = false;
  #closeListener: (() => void) | undefined;
  #wakeSender: (() => void) | undefined;

  onClose(listener: () => void): void {
    if (this.isGone) return;
    const before = this.#closeListener;
    this.#closeListener = before
      ? () => {
          before();
          listener();
        }
      : listener;
  }

  /** Called by the server when the client goes away from an unfinished exchange; more than once does no harm. */
  clientGone(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.wakeSender();
    const listener = this.#closeListener;
    this.#closeListener = undefined;
    listener?.();
  }

  /** Resolves when the client took what was sent, or went away. */
  drained(): Promise<void> {
    if (this.isGone) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wakeSender = resolve;
    });
  }

  wakeSender(): void {
    const wake = this.#wakeSender;
    this.#wakeSender = undefined;
    wake?.();
  }

  /** The client got everything: nobody is told any more that it went away. */
  protected forgetCloseListeners(): void {
    this.#closeListener = undefined;
  }
}

/** What is wrong with the length that a client says its body has. */
export function announcedTooLarge(
  contentLength: string | undefined,
  limitBytes: number,
): BodyTooLarge | undefined {
  const isTooLarge = contentLength !== undefined && Number(contentLength) > limitBytes;
  return isTooLarge ? new BodyTooLarge(limitBytes, contentLength) : undefined;
}

export interface RequestTarget {
  readonly path: string;
  /** Without the question mark; '' where there is none. */
  readonly query: string;
}

export function splitTarget(target: string): RequestTarget {
  const questionMark = target.indexOf('?');
  return questionMark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, questionMark), query: target.slice(questionMark + 1) };
}
