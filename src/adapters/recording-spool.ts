import { dirname, join } from 'node:path';
import { type Logger, silentLogger } from '../lib/logger.ts';
import type { RecordingSpool, SpooledRecording } from '../recording/ports.ts';
import { DataDirectoryError } from './data-directory.ts';
import { DirectoryRecording, JOURNAL, PARTIAL, RESERVE } from './directory-recording.ts';
import { type FileSystem, ignoreAbsence, syncDirectory, systemFiles } from './durable-files.ts';

const RESERVE_BYTE_LENGTH = 1024 * 1024;

const RECORDING_ID = /^[A-Za-z0-9]{1,64}$/;

/** The spool as a directory, with one for each recording in it. */
export class DirectorySpool implements RecordingSpool {
  readonly #root: string;
  readonly #files: FileSystem;
  readonly #log: Logger;

  /** `root`: made when the first recording begins. */
  constructor(
    root: string,
    { files = systemFiles, log = silentLogger }: { files?: FileSystem; log?: Logger } = {},
  ) {
    this.#root = root;
    this.#files = files;
    this.#log = log;
  }

  async list(): Promise<readonly string[]> {
    const recordingIds: string[] = [];
    for (const entry of await this.#entries()) {
      const path = join(this.#root, entry.name);
      if (entry.name.endsWith(PARTIAL)) await this.#clearAway(path);
      else if (entry.isFile()) {
        this.#log.warn({ path }, 'a file in the spool is no recording: it is left alone');
      } else if (RECORDING_ID.test(entry.name)) recordingIds.push(entry.name);
    }
    return recordingIds.toSorted();
  }

  async #entries() {
    const root = this.#root;
    try {
      return await this.#files.readdir(root, { withFileTypes: true });
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return [];
      const reason =
        code === 'ENOTDIR' ? 'it must be a directory; move away what is there' : message;
      throw new DataDirectoryError(`cannot use ${root}: ${reason}`, { cause });
    }
  }

  async #clearAway(path: string): Promise<void> {
    try {
      await this.#files.rm(path, { recursive: true, force: true });
    } catch (error) {
      this.#log.warn({ err: error, path }, 'cannot remove what is left of a recording');
    }
  }

  async create(recordingId: string): Promise<SpooledRecording> {
    const path = join(this.#root, recordingId);
    try {
      await this.#make(path);
    } catch (error) {
      // Half of it would be in the way of others on a disk that is full.
      await this.#files.rm(path, { recursive: true, force: true }).catch(() => {});
      throw error;
    }
    return new DirectoryRecording(path, 0, this.#files);
  }

  async #make(path: string): Promise<void> {
    const files = this.#files;
    await files.mkdir(path, { recursive: true, mode: 0o700 });
    await using reserve = await files.open(join(path, RESERVE), 'wx', 0o600);
    await reserve.write(Buffer.alloc(RESERVE_BYTE_LENGTH));
    await reserve.datasync();
    await using journal = await files.open(join(path, JOURNAL), 'ax', 0o600);
    await journal.sync();
    await syncDirectory(path, files);
    await syncDirectory(this.#root, files);
    await syncDirectory(dirname(this.#root), files);
  }

  async open(recordingId: string): Promise<SpooledRecording> {
    const path = join(this.#root, recordingId);
    const journalPath = join(path, JOURNAL);
    // A crash may have come between the two files of `create`.
    const files = this.#files;
    const bytes = (await files.readFile(journalPath).catch(ignoreAbsence)) ?? Buffer.alloc(0);
    await using journal = await files.open(journalPath, 'a', 0o600);
    const byteLength = untornByteLength(bytes);
    if (byteLength < bytes.byteLength) await journal.truncate(byteLength);
    await journal.sync();
    return new DirectoryRecording(path, byteLength, files);
  }
}

/**
 * Without the line that a crash in mid-write tore, which is the last one. Where more than that can't be read it was no crash,
 * and nothing is cut off.
 */
function untornByteLength(journal: Buffer): number {
  const sound = soundByteLength(journal);
  const lineEnd = journal.indexOf('\n', sound);
  const isLastLine = lineEnd === -1 || lineEnd === journal.byteLength - 1;
  return isLastLine ? sound : journal.byteLength;
}

/** Up to the first line that is not complete. After a power cut the end of a file may be anything, a line end too. */
function soundByteLength(journal: Buffer): number {
  let start = 0;
  for (;;) {
    const end = journal.indexOf('\n', start);
    if (end === -1 || !isJson(journal.toString('utf8', start, end))) return start;
    start = end + 1;
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
