import { soon, systemClock } from '../adapters/system.ts';
import type { ThreadPort } from '../adapters/worker-thread.ts';
import { type Batch, Link, type LinkOptions } from '../workers/link.ts';

/** The link over a thread's port. `onPosted`: after each batch. */
export function threadLink(
  port: ThreadPort<Batch>,
  side: LinkOptions['side'],
  onPosted?: () => void,
): Link {
  return new Link({
    dealtWith: port.dealtWith,
    post: (batch, memory) => {
      port.post(batch, memory);
      onPosted?.();
    },
    soon,
    after: (delayMs, run) => void systemClock.after(delayMs, run),
    side,
  });
}
