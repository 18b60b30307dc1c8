import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SpooledRecording, SpoolWrite } from '../recording/ports.ts';
import { type FileSystem, ignoreAbsence, syncDirectory, writeDurably } from './durable-files.ts';
import { isLoss } from './spooled-file.ts';

export const JOURNAL = 'journal';

/** Put aside for the end of a recording on a full disk: the last lines of its journal, its playlists and documents. */
export const RESERVE = 'reserve';

/** Behind the name of what is on its way in or out: what a crash leaves of it is for nobody. */
export const PARTIAL = '.partial';

/** Behind the name of a folder that is kept for the operator: no start looks into it. */
const DAMAGED = '.damaged';

/** A recording's folder in the spool. */
export class DirectoryRecording implements SpooledRecording {
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
    const byteLength = this.#journalByteLength;
    // A recording's first line goes before its media: where there are media and no line, that was no crash.
    const first = byteLength === 0 ? lines.slice(0, 1) : [];
    await using journal = await this.#files.open(join(this.#path, JOURNAL), 'a', 0o600);
    try {
      await this.#appendLines(journal, first);
      for (const write of writes) await this.#write(write);
      await this.#appendLines(journal, lines.slice(first.length));
    } catch (error) {
      // Half a line would swallow the next one.
      await journal.truncate(byteLength).catch(() => {});
      this.#journalByteLength = byteLength;
      throw error;
    }
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
    const opened = await this.#files.open(this.pathOf(name), 'r+').catch((error) => {
      // One that is lost is found out when it is to be sent, and no reason to leave the others.
      if (!isLoss(error)) throw error;
    });
    if (!opened) return;
    await using file = opened;
    const { size, nlink } = await file.stat();
    // What is kept aside is a link to the same bytes, and stays as it is.
    if (size > byteLength && nlink > 1) await this.#replaceByBeginning(name, byteLength);
    else {
      await file.truncate(byteLength);
      await file.datasync();
    }
  }

  async delete(name: string): Promise<void> {
    await this.#files.rm(this.pathOf(name), { force: true });
  }

  async releaseReserve(): Promise<void> {
    await this.delete(RESERVE);
  }

  async keepAside(): Promise<string> {
    const kept = `${this.#path}${DAMAGED}`;
    // One that is there has all of it: a crash came between, or it was damaged once more.
    if (!(await this.#files.readdir(kept).catch(ignoreAbsence))) await this.#linkTo(kept);
    return kept;
  }

  async replaceJournal(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    await this.#replace(JOURNAL, bytes);
    this.#journalByteLength = bytes.byteLength;
  }

  async remove(): Promise<void> {
    // Under another name first: what a crash leaves of it is not taken for a recording.
    const removed = `${this.#path}${PARTIAL}`;
    await this.#files.rename(this.#path, removed).catch(ignoreAbsence);
    await syncDirectory(dirname(this.#path), this.#files);
    await this.#files.rm(removed, { recursive: true, force: true });
  }

  async #appendLines(journal: FileHandle, lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    await journal.appendFile(bytes);
    await journal.datasync();
    this.#journalByteLength += bytes.byteLength;
  }

  /** A folder with the same media, which are not copied where file systems have links, and a copy of the journal. */
  async #linkTo(kept: string): Promise<void> {
    const files = this.#files;
    const partial = `${this.#path}${PARTIAL}`;
    await files.rm(partial, { recursive: true, force: true });
    await files.mkdir(partial, { recursive: true, mode: 0o700 });
    const copy = async (name: string) =>
      writeDurably(join(partial, name), await files.readFile(this.pathOf(name)), files);
    const folders = new Set<string>();
    for (const name of await this.files()) {
      if (dirname(name) === '.') continue;
      const folder = join(partial, dirname(name));
      if (!folders.has(folder)) await files.mkdir(folder, { recursive: true, mode: 0o700 });
      folders.add(folder);
      await files.link(this.pathOf(name), join(partial, name)).catch(() => copy(name));
    }
    await copy(JOURNAL);
    for (const folder of [...folders, partial]) await syncDirectory(folder, files);
    await files.rename(partial, kept);
    await syncDirectory(dirname(kept), files);
  }

  async #replaceByBeginning(name: string, byteLength: number): Promise<void> {
    const bytes = await this.#files.readFile(this.pathOf(name));
    await this.#replace(name, bytes.subarray(0, byteLength));
  }

  /** In one step: the old content or the new, and other links to the old one keep that. */
  async #replace(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(name);
    const next = `${path}${PARTIAL}`;
    await this.#files.rm(next, { force: true });
    await writeDurably(next, bytes, this.#files);
    await this.#files.rename(next, path);
    await syncDirectory(dirname(path), this.#files);
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
