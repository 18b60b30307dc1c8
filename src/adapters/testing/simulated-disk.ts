import path from 'node:path';
import type { FileSystem } from '../durable-files.ts';

/** `durable`: what a power cut leaves; the rest is in the page cache. */
interface File {
  readonly kind: 'file';
  bytes: Buffer;
  durable: Buffer;
}

interface Directory {
  readonly kind: 'directory';
  readonly entries: Map<string, File | Directory>;
  readonly durable: Map<string, File | Directory>;
}

type Inode = File | Directory;

const newDirectory = (): Directory => ({
  kind: 'directory',
  entries: new Map(),
  durable: new Map(),
});

/**
 * A disk that keeps what was synced, and of the rest what `survivor` picks: each name that was made or removed by itself, and of
 * each file any length of what was written, with zeros where blocks did not make it. Once the power is off nothing returns.
 */
export class SimulatedDisk {
  readonly #root: Directory;
  #powerLastsFor = Number.POSITIVE_INFINITY;
  /** Everything that would change a disk, so far. */
  steps = 0;

  constructor(root: Directory = newDirectory()) {
    this.#root = root;
  }

  get hasPower(): boolean {
    return this.steps < this.#powerLastsFor;
  }

  cutPowerIn(steps: number): void {
    this.#powerLastsFor = this.steps + steps;
  }

  /** The disk as it may be when the power is back. `random`: [0, 1). */
  survivor(random: () => number): SimulatedDisk {
    const seen = new Map<Inode, Inode>();
    const survive = (inode: Inode): Inode => {
      const known = seen.get(inode);
      if (known) return known;
      if (inode.kind === 'file') {
        const bytes = surviving(inode, random);
        const file: File = { kind: 'file', bytes, durable: bytes };
        seen.set(inode, file);
        return file;
      }
      const directory = newDirectory();
      seen.set(inode, directory);
      for (const name of new Set([...inode.entries.keys(), ...inode.durable.keys()])) {
        const [now, synced] = [inode.entries.get(name), inode.durable.get(name)];
        const found = now === synced || random() < 0.5 ? now : synced;
        if (!found) continue;
        const survived = survive(found);
        directory.entries.set(name, survived);
        directory.durable.set(name, survived);
      }
      return directory;
    };
    return new SimulatedDisk(survive(this.#root) as Directory);
  }

  /** By path; directories are not among them. */
  contents(): ReadonlyMap<string, Buffer> {
    const found = new Map<string, Buffer>();
    const walk = (directory: Directory, at: string) => {
      for (const [name, inode] of directory.entries) {
        if (inode.kind === 'file') found.set(path.join(at, name), inode.bytes);
        else walk(inode, path.join(at, name));
      }
    };
    walk(this.#root, '/');
    return found;
  }

  readonly files: FileSystem = {
    mkdir: async (at: string) => {
      let directory = this.#root;
      let first: string | undefined;
      for (const [depth, name] of namesOf(at).entries()) {
        const known = directory.entries.get(name);
        const next = known ?? newDirectory();
        if (next.kind !== 'directory') throw failure('ENOTDIR', at);
        if (!known) {
          await this.#step();
          directory.entries.set(name, next);
          first ??= `/${namesOf(at)
            .slice(0, depth + 1)
            .join('/')}`;
        }
        directory = next;
      }
      return first;
    },
    open: async (at: string, flags: string) => {
      const { directory, name } = this.#place(at);
      let inode = name === '' ? this.#root : directory.entries.get(name);
      if (inode && flags.includes('x')) throw failure('EEXIST', at);
      if (!inode && flags.startsWith('r')) throw failure('ENOENT', at);
      if (!inode) {
        await this.#step();
        inode = { kind: 'file', bytes: Buffer.alloc(0), durable: Buffer.alloc(0) };
        directory.entries.set(name, inode);
      } else if (flags === 'w' && inode.kind === 'file') {
        await this.#step();
        inode.bytes = Buffer.alloc(0);
      }
      return this.#handle(inode);
    },
    readdir: async (at: string, options?: { recursive?: boolean; withFileTypes?: boolean }) => {
      const directory = this.#find(at);
      if (directory.kind !== 'directory') throw failure('ENOTDIR', at);
      if (options?.withFileTypes) {
        return [...directory.entries].map(([name, { kind }]) => ({
          name,
          isFile: () => kind === 'file',
        }));
      }
      const list = (from: Directory, prefix: string): string[] =>
        [...from.entries].flatMap(([name, inode]) => [
          prefix + name,
          ...(options?.recursive && inode.kind === 'directory'
            ? list(inode, `${prefix}${name}/`)
            : []),
        ]);
      return list(directory, '');
    },
    readFile: async (at: string, encoding?: BufferEncoding) => {
      const file = this.#find(at);
      if (file.kind !== 'file') throw failure('EISDIR', at);
      return encoding ? file.bytes.toString(encoding) : Buffer.from(file.bytes);
    },
    rm: async (at: string) => {
      const { directory, name } = this.#place(at);
      if (!directory.entries.has(name)) return;
      await this.#step();
      directory.entries.delete(name);
    },
    link: async (from: string, to: string) => {
      const file = this.#find(from);
      await this.#step();
      const { directory, name } = this.#place(to);
      directory.entries.set(name, file);
    },
    rename: async (from: string, to: string) => {
      const file = this.#find(from);
      await this.#step();
      const [source, target] = [this.#place(from), this.#place(to)];
      source.directory.entries.delete(source.name);
      target.directory.entries.set(target.name, file);
    },
    copyFile: async () => {
      throw new Error('links work on this disk');
    },
  } as unknown as FileSystem;

  #handle(inode: Inode) {
    const file = () => {
      if (inode.kind !== 'file') throw failure('EISDIR', 'a directory');
      return inode;
    };
    const write = async (bytes: Uint8Array, position: number) => {
      await this.#step();
      const { bytes: before } = file();
      const end = position + bytes.byteLength;
      const after = Buffer.alloc(Math.max(before.byteLength, end));
      before.copy(after);
      after.set(bytes, position);
      file().bytes = after;
    };
    const sync = async () => {
      await this.#step();
      if (inode.kind === 'file') inode.durable = inode.bytes;
      else {
        inode.durable.clear();
        for (const [name, entry] of inode.entries) inode.durable.set(name, entry);
      }
    };
    return {
      write: async (buffer: Uint8Array, from = 0, length = buffer.byteLength, position = 0) => {
        await write(buffer.subarray(from, from + length), position);
        return { bytesWritten: length };
      },
      writeFile: (bytes: Uint8Array) => write(bytes, 0),
      appendFile: (bytes: Uint8Array) => write(bytes, file().bytes.byteLength),
      truncate: async (byteLength: number) => {
        await this.#step();
        file().bytes = Buffer.from(file().bytes.subarray(0, byteLength));
      },
      // No test of this disk looks at what is kept aside.
      stat: async () => ({ size: file().bytes.byteLength, nlink: 1 }),
      sync,
      datasync: sync,
      [Symbol.asyncDispose]: async () => {},
    };
  }

  /** Where the power is off, it never comes back: the process is gone. */
  async #step(): Promise<void> {
    if (!this.hasPower) await new Promise(() => {});
    this.steps++;
  }

  #find(at: string): Inode {
    const { directory, name } = this.#place(at);
    const inode = name === '' ? this.#root : directory.entries.get(name);
    if (!inode) throw failure('ENOENT', at);
    return inode;
  }

  #place(at: string): { readonly directory: Directory; readonly name: string } {
    const names = namesOf(at);
    const name = names.pop() ?? '';
    let directory = this.#root;
    for (const each of names) {
      const next = directory.entries.get(each);
      if (!next) throw failure('ENOENT', at);
      if (next.kind !== 'directory') throw failure('ENOTDIR', at);
      directory = next;
    }
    return { directory, name };
  }
}

/** The length may be that of either, or between; what lies beyond the synced bytes may be zeros. */
function surviving({ bytes, durable }: File, random: () => number): Buffer {
  if (bytes === durable) return bytes;
  const [shorter, longer] = [bytes, durable]
    .map(({ byteLength }) => byteLength)
    .toSorted((a, b) => a - b) as [number, number];
  const byteLength = shorter + Math.floor(random() * (longer - shorter + 1));
  const source = random() < 0.5 || durable.byteLength < byteLength ? bytes : durable;
  const survived = Buffer.from(source.subarray(0, byteLength));
  if (random() < 0.3) survived.fill(0, Math.min(durable.byteLength, byteLength));
  return survived;
}

const namesOf = (at: string): string[] => at.split('/').filter((name) => name !== '');

const failure = (code: string, at: string) => Object.assign(new Error(`${code}: ${at}`), { code });
