import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RecordingSpool, SpooledRecording, SpoolWrite } from '../recording/ports.ts';
import { type FileSystem, syncDirectory, systemFiles } from './durable-files.ts';

const JOURNAL = 'journal';

/** Put aside for the end of a recording on a full disk: the last lines of its journal, its playlists and documents. */
const RESERVE = 'reserve';
const RESERVE_BYTE_LENGTH = 1024 * 1024;

const RECORDING_ID = /^[A-Za-z0-9]{1,64}$/;

/** The spool as a directory, with one for each recording in it. */
export class DirectorySpool implements RecordingSpool {
  readonly #root: string;
  readonly #files: FileSystem;

  /** `root`: made when the first recording begins. */
  constructor(root: string, files = systemFiles) {
    this.#root = root;
    this.#files = files;
  }

  async list(): Promise<readonly string[]> {
    const names = await this.#files.readdir(this.#root).catch(ignoreAbsence);
    return (names ?? []).filter((name) => RECORDING_ID.test(name)).toSorted();
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
    const byteLength = soundByteLength(bytes);
    if (byteLength < bytes.byteLength) await journal.truncate(byteLength);
    await journal.sync();
    return new DirectoryRecording(path, byteLength, files);
  }
}

/** Up to the first line that is not complete. After a power cut the end of a file may be anything, line ends too. */
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

class DirectoryRecording implements SpooledRecording {
  readonly #path: string;
  readonly #files: FileSystem;
  #journalByteLength: number;
  readonly #directories = new Set<string>();

  constructor(path: string, journalByteLength: number, files: FileSystem) {
    this.#path = path;
    this.#files = files;
    this.#journalByteLength = journalByteLength;
  }

  async append(writes: readonly SpoolWrite[], lines: readonly string[]): Promise<void> {
    for (const write of writes) await this.#write(write);
    if (lines.length === 0) return;
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    await using journal = await this.#files.open(join(this.#path, JOURNAL), 'a', 0o600);
    try {
      await journal.appendFile(bytes);
      await journal.datasync();
    } catch (error) {
      // Half a line would swallow the next one.
      await journal.truncate(this.#journalByteLength).catch(() => {});
      throw error;
    }
    this.#journalByteLength += bytes.byteLength;
  }

  async readJournal(): Promise<readonly string[]> {
    const text = await this.#files.readFile(join(this.#path, JOURNAL), 'utf8');
    return text.split('\n').filter((line) => line !== '');
  }

  async files(): Promise<ReadonlySet<string>> {
    const entries = await this.#files.readdir(this.#path, { recursive: true });
    return new Set(entries);
  }

  pathOf(name: string): string {
    return join(this.#path, name);
  }

  async truncate(name: string, byteLength: number): Promise<void> {
    const opened = await this.#files.open(this.pathOf(name), 'r+').catch(ignoreAbsence);
    if (!opened) return;
    await using file = opened;
    await file.truncate(byteLength);
    await file.datasync();
  }

  async delete(name: string): Promise<void> {
    await this.#files.rm(this.pathOf(name), { force: true });
  }

  async releaseReserve(): Promise<void> {
    await this.delete(RESERVE);
  }

  async remove(): Promise<void> {
    // The journal first: what is left without one is not taken for a recording.
    await this.delete(JOURNAL);
    await syncDirectory(this.#path, this.#files);
    await this.#files.rm(this.#path, { recursive: true, force: true });
  }

  async #write({ name, offset, buffers }: SpoolWrite): Promise<void> {
    const path = this.pathOf(name);
    const directory = dirname(path);
    const isNew = offset === 0;
    if (!this.#directories.has(directory)) {
      await this.#files.mkdir(directory, { recursive: true, mode: 0o700 });
      await syncDirectory(this.#path, this.#files);
      this.#directories.add(directory);
    }
    await using file = await this.#files.open(path, isNew ? 'w' : 'r+', 0o600);
    await writeAll(file, buffers, offset);
    await file.datasync();
    if (isNew) await syncDirectory(directory, this.#files);
  }
}

/** `writev` may write less than it was given: on a full disk, or past what one call takes. */
async function writeAll(
  file: FileHandle,
  buffers: readonly Uint8Array[],
  offset: number,
): Promise<void> {
  let position = offset;
  for (const buffer of buffers) {
    for (let from = 0; from < buffer.byteLength; ) {
      const { bytesWritten } = await file.write(buffer, from, buffer.byteLength - from, position);
      from += bytesWritten;
      position += bytesWritten;
    }
  }
}

function ignoreAbsence(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
