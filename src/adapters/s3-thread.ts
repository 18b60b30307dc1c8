import { Worker } from 'node:worker_threads';
import type { RecordingBuckets } from '../control/ports.ts';
import { DestinationRefused } from '../domain/destination-refused.ts';
import { UnreadableFile } from '../domain/unreadable-file.ts';
import type { ObjectKind, ObjectStore } from '../recording/ports.ts';
import type { S3Options } from './s3-buckets.ts';
import type { S3Reply, S3Request, S3Work } from './s3-protocol.ts';
import { compileCacheEnvironment, workerProgram } from './worker-program.ts';

/** Buckets of S3, seen from the main thread. The worker begins with the first request: AWS's client is for those who use it. */
export class S3Thread implements RecordingBuckets, ObjectStore {
  readonly #options: S3Options;
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();
  #requestCount = 0;
  #isClosed = false;

  constructor(options: S3Options) {
    this.#options = options;
  }

  probe(bucketName: string): Promise<void> {
    return this.#request({ kind: 'probe', bucketName });
  }

  putBytes(bucketName: string, key: string, bytes: Uint8Array, object: ObjectKind): Promise<void> {
    return this.#request({ kind: 'put-bytes', bucketName, key, bytes, object });
  }

  putFile(bucketName: string, key: string, path: string, object: ObjectKind): Promise<void> {
    return this.#request({ kind: 'put-file', bucketName, key, path, object });
  }

  /** What is under way is cut off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
  }

  #request(work: S3Work): Promise<void> {
    if (this.#isClosed) return Promise.reject(new Error('cannot use S3: its thread is closed'));
    const waiting = Promise.withResolvers<void>();
    const request: S3Request = { id: this.#requestCount++, work };
    this.#waiting.set(request.id, waiting);
    this.#running().postMessage(request);
    return waiting.promise;
  }

  #running(): Worker {
    this.#worker ??= this.#start();
    return this.#worker;
  }

  #start(): Worker {
    const worker = new Worker(workerProgram('s3-worker', import.meta.url), {
      name: 's3',
      execArgv: [],
      workerData: this.#options,
      // The environment may say where AWS's client finds credentials.
      env: { ...process.env, ...compileCacheEnvironment() },
    });
    let cause: unknown;
    worker.on('message', (reply: S3Reply) => this.#settle(reply));
    worker.on('error', (error) => {
      cause = error;
    });
    // Recordings try again, which begins another one.
    worker.on('exit', () => {
      this.#worker = undefined;
      const failure = new Error('cannot use S3: its thread ended', { cause });
      for (const { reject } of this.#waiting.values()) reject(failure);
      this.#waiting.clear();
    });
    return worker;
  }

  #settle({ id, failure }: S3Reply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!failure) waiting?.resolve();
    else waiting?.reject(errorOf(failure));
  }
}

function errorOf({ name, message, isRefused, unreadable }: NonNullable<S3Reply['failure']>): Error {
  if (unreadable) return new UnreadableFile(unreadable);
  if (isRefused) return new DestinationRefused(message);
  return Object.assign(new Error(message), { name });
}
