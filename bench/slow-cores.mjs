// Slower cores for a server, so that the tools of a benchmark have processor time of their own on a machine with few: by the system's
// CPU controller (cgroups version 1, as root) a "core" is a share of a real one, and no thread has more than one of them.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

const CONTROLLER = '/sys/fs/cgroup/cpu';
/** Short beside what a playlist may take, long beside the system's ticks. */
const PERIOD_US = 20_000;
/** How often new threads are looked for. */
const LOOK_MS = 100;
/** Threads that run JavaScript of the server's; V8's and libuv's are bounded by the whole alone. */
const SERVING_THREAD = /^worker-\d+$/;

export class SlowCores {
  #directory = `${CONTROLLER}/ivory-bench-${process.pid}`;
  #pid;
  #share;
  #placed = new Set();
  #timer;

  /** From now on the process has so many cores of `share` of a real one each. */
  constructor(pid, { cores, share }) {
    this.#pid = pid;
    this.#share = share;
    this.#make(this.#directory, cores * share);
    this.#make(`${this.#directory}/others`, cores * share);
    this.#place();
    this.#timer = setInterval(() => this.#place(), LOOK_MS);
  }

  /** Once the process has ended. */
  remove() {
    clearInterval(this.#timer);
    for (const entry of readdirSync(this.#directory, { withFileTypes: true })) {
      if (entry.isDirectory()) rmdirSync(`${this.#directory}/${entry.name}`);
    }
    rmdirSync(this.#directory);
  }

  #make(directory, share) {
    mkdirSync(directory);
    writeFileSync(`${directory}/cpu.cfs_period_us`, String(PERIOD_US));
    writeFileSync(`${directory}/cpu.cfs_quota_us`, String(Math.round(PERIOD_US * share)));
  }

  #place() {
    for (const thread of this.#threads()) {
      if (this.#placed.has(thread)) continue;
      // A thread has the name of the one that began it, for a moment.
      const isServing = thread === String(this.#pid) || SERVING_THREAD.test(this.#nameOf(thread));
      const directory = `${this.#directory}/${isServing ? thread : 'others'}`;
      if (isServing) {
        this.#make(directory, this.#share);
        this.#placed.add(thread);
      }
      try {
        writeFileSync(`${directory}/tasks`, thread);
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  #threads() {
    try {
      return readdirSync(`/proc/${this.#pid}/task`);
    } catch {
      return [];
    }
  }

  #nameOf(thread) {
    try {
      return readFileSync(`/proc/${this.#pid}/task/${thread}/comm`, 'utf8').trim();
    } catch {
      return '';
    }
  }
}
