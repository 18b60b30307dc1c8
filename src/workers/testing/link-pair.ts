import { Link } from '../link.ts';

/**
 * Two ends of a pipe in one process: what one writes the other receives a little later, cut into pieces of `cutBytes` and in memory
 * that is used again at once.
 */
export function linkPair(cutBytes = 65_536): { readonly main: Link; readonly worker: Link } {
  const main: Link = new Link((bytes) => toWorker(bytes));
  const worker: Link = new Link((bytes) => toMain(bytes));
  const toWorker = pipe(worker, cutBytes);
  const toMain = pipe(main, cutBytes);
  return { main, worker };
}

function pipe(receiver: Link, cutBytes: number): (bytes: Uint8Array) => void {
  const lent = Buffer.alloc(cutBytes);
  return (bytes) => {
    setImmediate(() => {
      for (let offset = 0; offset < bytes.byteLength; offset += cutBytes) {
        const piece = bytes.subarray(offset, offset + cutBytes);
        lent.set(piece);
        receiver.receive(lent.subarray(0, piece.byteLength));
        lent.fill(0xee);
      }
    });
  };
}
