import type { ObjectStore } from '../ports.ts';
import type { MemorySpool } from './memory-spool.ts';

/** Buckets that forget with the test. */
export class MemoryStore implements ObjectStore {
  /** By `<bucket>/<key>`. */
  readonly objects = new Map<string, Uint8Array>();
  /** Every put, in order. */
  readonly puts: string[] = [];
  /** What every put rejects with. */
  error: Error | undefined;
  spool: MemorySpool;

  constructor(spool: MemorySpool) {
    this.spool = spool;
  }

  async putBytes(bucketName: string, key: string, bytes: Uint8Array): Promise<void> {
    if (this.error) throw this.error;
    this.puts.push(key);
    this.objects.set(`${bucketName}/${key}`, bytes);
  }

  async putFile(bucketName: string, key: string, path: string): Promise<void> {
    await this.putBytes(bucketName, key, this.spool.read(path));
  }

  /** The text of the one object whose key ends so. */
  text(end: string): string {
    const found = [...this.objects].filter(([key]) => key.endsWith(end));
    if (found.length !== 1) throw new Error(`${found.length} objects end with ${end}`);
    return Buffer.from(found[0]?.[1] ?? []).toString();
  }

  has(end: string): boolean {
    return [...this.objects.keys()].some((key) => key.endsWith(end));
  }
}
