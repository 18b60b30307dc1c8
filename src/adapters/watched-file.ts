import { readFile, stat } from 'node:fs/promises';
import type { CancelTimer, Clock } from '../lib/clock.ts';

/** What a file holds. */
export interface FileContent {
  readonly text: string;
  /** Others than its owner may read it. */
  readonly isOpenToOthers: boolean;
}

export interface WatchedFileOptions {
  readonly path: string;
  readonly clock: Pick<Clock, 'every'>;
  /** Called after every change; `undefined`: there is no such file any more. */
  readonly onChange: (content: FileContent | undefined) => void;
  /** The file is there and can't be read. */
  readonly onError: (error: unknown) => void;
  /** Instead of reading the file: resolves with `undefined` where there is none. */
  readonly readContent?: (path: string) => Promise<FileContent | undefined>;
}

/** A look is half a millisecond of a process that does nothing else: libuv's pool wakes up for it, and a promise is refused. */
const LOOK_INTERVAL_MS = 1_000;

/**
 * Looks at a file once a second. Looking works where watching does not: on network and bind mounts, for editors that
 * replace the file, and for Kubernetes, which swaps a symbolic link two directories up.
 */
export class WatchedFile implements Disposable {
  readonly #options: WatchedFileOptions;
  readonly #cancel: CancelTimer;
  /** Of the content that was last told of. */
  #told: string;
  /** Of the content that could not be read last. */
  #unread: string | undefined;
  /** Of the last look. */
  #seen: string;
  #isLooking = false;
  #isDisposed = false;

  private constructor(options: WatchedFileOptions, version: string) {
    this.#options = options;
    this.#told = version;
    this.#seen = version;
    this.#cancel = options.clock.every(LOOK_INTERVAL_MS, () => void this.look());
  }

  /** Reads the file once, and tells of its changes from then on. Rejects where it is there and can't be read. */
  static async open(
    options: WatchedFileOptions,
  ): Promise<{ file: WatchedFile; content: FileContent | undefined }> {
    // The version first: a change in between is then seen as one.
    const version = await versionOf(options.path);
    const content = await (options.readContent ?? read)(options.path);
    return { file: new WatchedFile(options, version), content };
  }

  /** What the timer does: tells of a change once the file has stayed the same from one look to the next. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const { path, onChange, onError } = this.#options;
    try {
      const version = await versionOf(path);
      const isSettled = version === this.#seen;
      this.#seen = version;
      if (!isSettled || version === this.#told || this.#isDisposed) return;
      const content = await this.#read(version);
      if (content === 'unreadable' || this.#isDisposed) return;
      this.#told = version;
      onChange(content);
    } catch (error) {
      onError(error);
    } finally {
      this.#isLooking = false;
    }
  }

  /** What can't be read is told of once, and read again with every look: a network file system may be away for a moment. */
  async #read(version: string): Promise<FileContent | 'unreadable' | undefined> {
    const { path, readContent = read, onError } = this.#options;
    try {
      const content = await readContent(path);
      this.#unread = undefined;
      return content;
    } catch (error) {
      if (version !== this.#unread && !this.#isDisposed) onError(error);
      this.#unread = version;
      return 'unreadable';
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#cancel();
  }
}

const GONE = 'gone';

/** Another one after every change; of what a symbolic link leads to. Reading says why it can't be read. */
async function versionOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return isAbsence(error) ? GONE : String(error);
  }
}

async function read(path: string): Promise<FileContent | undefined> {
  try {
    const [{ mode }, text] = await Promise.all([stat(path), readFile(path, 'utf8')]);
    return { text, isOpenToOthers: (mode & 0o077) !== 0 };
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function isAbsence(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
