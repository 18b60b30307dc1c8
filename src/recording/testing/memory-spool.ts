import { UnreadableFile } from '../../domain/unreadable-file.ts';
import type { RecordingSpool, SpooledRecording, SpoolWrite } from '../ports.ts';

/** A recording's folder in memory. `copy` is what a crash leaves: what was resolved, and no more. */
export class MemoryRecording implements SpooledRecording {
  readonly id: string;
  journal: string[];
  readonly contents: Map<string, Uint8Array>;
  readonly #onRemoved: () => void;
  /** What the next writes reject with. */
  error: Error | undefined;

  constructor(
    id: string,
    onRemoved: () => void,
    journal: readonly string[] = [],
    contents: ReadonlyMap<string, Uint8Array> = new Map(),
  ) {
    this.id = id;
    this.#onRemoved = onRemoved;
    this.journal = [...journal];
    this.contents = new Map(contents);
  }

  async append(writes: readonly SpoolWrite[], lines: readonly string[]): Promise<void> {
    if (this.error) throw this.error;
    for (const { name, offset, buffers } of writes) {
      const before = this.contents.get(name)?.subarray(0, offset) ?? new Uint8Array();
      this.contents.set(name, Buffer.concat([before, ...buffers]));
    }
    this.journal.push(...lines);
  }

  async readJournal(): Promise<readonly string[]> {
    return this.journal;
  }

  async replaceJournal(lines: readonly string[]): Promise<void> {
    this.journal = [...lines];
  }

  async keepAside(): Promise<string> {
    return `${this.id}.damaged`;
  }

  async files(): Promise<ReadonlySet<string>> {
    return new Set(this.contents.keys());
  }

  pathOf(name: string): string {
    return `${this.id}/${name}`;
  }

  async truncate(name: string, byteLength: number): Promise<void> {
    const bytes = this.contents.get(name);
    if (bytes) this.contents.set(name, bytes.subarray(0, byteLength));
  }

  async delete(name: string): Promise<void> {
    this.contents.delete(name);
  }

  async releaseReserve(): Promise<void> {
    this.error = undefined;
  }

  async remove(): Promise<void> {
    this.#onRemoved();
  }
}

/** A spool that forgets with the test. */
export class MemorySpool implements RecordingSpool {
  readonly recordings = new Map<string, MemoryRecording>();

  async list(): Promise<readonly string[]> {
    return [...this.recordings.keys()];
  }

  async create(recordingId: string): Promise<SpooledRecording> {
    return this.#add(new MemoryRecording(recordingId, () => this.recordings.delete(recordingId)));
  }

  async open(recordingId: string): Promise<SpooledRecording> {
    const found = this.recordings.get(recordingId);
    if (!found) throw new Error(`no recording ${recordingId}`);
    return found;
  }

  /** By `pathOf`. */
  read(path: string): Uint8Array {
    const [id = '', ...name] = path.split('/');
    const bytes = this.recordings.get(id)?.contents.get(name.join('/'));
    if (!bytes) throw new UnreadableFile({ path, reason: 'ENOENT', isLost: true });
    return bytes;
  }

  /** As the disk is now: what happens to the one does not happen to the other. */
  copy(): MemorySpool {
    const spool = new MemorySpool();
    for (const { id, journal, contents } of this.recordings.values()) {
      spool.#add(new MemoryRecording(id, () => spool.recordings.delete(id), journal, contents));
    }
    return spool;
  }

  #add(recording: MemoryRecording): MemoryRecording {
    this.recordings.set(recording.id, recording);
    return recording;
  }
}
