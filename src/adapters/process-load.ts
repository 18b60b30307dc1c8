import { availableParallelism, platform } from 'node:os';

/** CPU cores that this process may run on. */
export const usableCores = (): number => availableParallelism();

/** Whether the system spreads the connections to one port over several listeners. macOS and Windows do not. */
export const canSharePorts = (): boolean => platform() === 'linux';

/** How busy this thread is. */
export class ThreadLoad {
  #last = performance.eventLoopUtilization();

  /** Share of the time since the last call that it was not waiting, from 0 to 1. */
  takeBusyShare(): number {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#last);
    this.#last = now;
    return utilization;
  }
}
