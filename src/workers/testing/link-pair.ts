import { type Batch, Link, type LinkOptions } from '../link.ts';

/** The two ends of a link in one thread: what one sends the other receives a little later, cloned as between threads. */
export function linkPair(): { readonly main: Link; readonly worker: Link } {
  const dealtWith = new Int32Array(new SharedArrayBuffer(8));
  const soon = (run: () => void) => void setImmediate(run);
  const after = (_delayMs: number, run: () => void) => void setImmediate(run);
  const to =
    (receiver: () => Link): LinkOptions['post'] =>
    (batch, memory) => {
      const sent: Batch = structuredClone(batch, { transfer: [...memory] });
      setImmediate(() => receiver().receive(sent));
    };
  const main: Link = new Link({ dealtWith, soon, after, post: to(() => worker), side: 'main' });
  const worker: Link = new Link({ dealtWith, soon, after, post: to(() => main), side: 'worker' });
  return { main, worker };
}
