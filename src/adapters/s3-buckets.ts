import { randomUUID } from 'node:crypto';
import type * as Sdk from '@aws-sdk/client-s3';
import type { RecordingBuckets } from '../control/ports.ts';
import { DestinationRefused } from '../domain/destination-refused.ts';
import { ConcurrencyLimit } from '../lib/concurrency-limit.ts';
import type { ObjectKind, ObjectStore } from '../recording/ports.ts';
import { readSpooledFile } from './spooled-file.ts';

export interface S3Options {
  /** Absent: AWS. */
  readonly endpoint?: string;
  readonly region: string;
  /** Absent: where AWS's SDK looks for them. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** For a whole request, to the last byte of its answer. */
  readonly requestTimeoutMs?: number;
}

/** A bucket that is slower is as good as away: the recording goes on in the spool, and tries again. */
const CONNECTION_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 60_000;

/**
 * Of each bucket: so many segments, of 10 MB at 8.5 Mbit/s, are in memory at once, and a bucket that hangs holds up none but
 * its own.
 */
const MAX_UPLOADS = 4;

/** Not to be kept by a cache while the recording grows. */
const GROWING = 'no-cache';

/** Buckets of S3, or of anything that speaks it. An object of a recording is one request: it has some megabytes. */
export class S3Buckets implements RecordingBuckets, ObjectStore {
  readonly #options: S3Options;
  readonly #requestTimeoutMs: number;
  #loading: Promise<Loaded> | undefined;
  readonly #uploads = new Map<string, ConcurrencyLimit>();

  constructor(options: S3Options) {
    this.#options = options;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  }

  async probe(bucketName: string): Promise<void> {
    const key = `.ivory-probe-${randomUUID()}`;
    const content = randomUUID();
    const { sdk, client } = await this.#load();
    const object = { Bucket: bucketName, Key: key };
    await client.send(new sdk.PutObjectCommand({ ...object, Body: content }), this.#limits());
    try {
      const limits = this.#limits();
      const { Body } = await client.send(new sdk.GetObjectCommand(object), limits);
      const text = Body?.transformToString();
      if ((await unlessAborted(text, limits.abortSignal)) !== content) {
        throw new Error(`cannot use bucket ${bucketName}: it reads back other than was written`);
      }
    } finally {
      await client.send(new sdk.DeleteObjectCommand(object), this.#limits());
    }
  }

  async putBytes(
    bucketName: string,
    key: string,
    bytes: Uint8Array,
    { contentType, isFinal }: ObjectKind,
  ): Promise<void> {
    const { sdk, client } = await this.#load();
    const command = new sdk.PutObjectCommand({
      Bucket: bucketName,
      Key: key,
      Body: bytes,
      ContentType: contentType,
      ...(!isFinal && { CacheControl: GROWING }),
    });
    const limits = this.#limits();
    await client.send(command, limits).catch((cause: Sdk.S3ServiceException) => {
      const { name, message: text } = limits.abortSignal.aborted
        ? limits.abortSignal.reason
        : cause;
      const message = `cannot write to bucket ${bucketName}: ${name}, ${text}`;
      if (REFUSALS.has(cause.name)) throw new DestinationRefused(message, { cause });
      throw new Error(message, { cause });
    });
  }

  async putFile(bucketName: string, key: string, path: string, kind: ObjectKind): Promise<void> {
    await this.#uploadsTo(bucketName).run(async () =>
      this.putBytes(bucketName, key, await readSpooledFile(path), kind),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const loaded = await this.#loading?.catch(() => undefined);
    loaded?.client.destroy();
  }

  /** The client's own timeout ends with the headers of an answer, whose body may never come. */
  #limits(): { readonly abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(this.#requestTimeoutMs) };
  }

  #uploadsTo(bucketName: string): ConcurrencyLimit {
    const known = this.#uploads.get(bucketName);
    if (known) return known;
    const limit = new ConcurrencyLimit(MAX_UPLOADS);
    this.#uploads.set(bucketName, limit);
    return limit;
  }

  #load(): Promise<Loaded> {
    this.#loading ??= load(this.#options);
    return this.#loading;
  }
}

/** Errors of S3 that another attempt would meet again. */
const REFUSALS: ReadonlySet<string> = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'NoSuchBucket',
  'PermanentRedirect',
  'SignatureDoesNotMatch',
]);

/** Whoever reads a body is not told of the signal that its request had. */
function unlessAborted<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    Promise.resolve(work).then(resolve, reject);
  });
}

interface Loaded {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
}

/** 36 MB, for those who have a bucket. */
async function load({ endpoint, region, credentials }: S3Options): Promise<Loaded> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    region,
    // The recording has its own retries, with pauses that grow further.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS },
    // What is not AWS rarely has a host name for each bucket.
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    // The client notes down in them where they are from.
    ...(credentials && { credentials: { ...credentials } }),
  });
  return { sdk, client };
}
