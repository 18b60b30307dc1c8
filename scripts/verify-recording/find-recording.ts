import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Config } from '../../src/config.ts';

/** A directory with the recording in it, which may be gone when this is disposed of. */
export interface FoundRecording extends AsyncDisposable {
  readonly directory: string;
}

/**
 * What a name on the command line means: a directory; `<bucket>/<prefix>`, or a prefix alone, in the data directory; or
 * `s3://<bucket>/<prefix>`, which is downloaded.
 */
export async function findRecording(
  name: string,
  { dataDirectory, s3 }: Pick<Config, 'dataDirectory' | 's3'>,
): Promise<FoundRecording> {
  const [, bucketName, prefix] = /^s3:\/\/([^/]+)\/(.+?)\/?$/.exec(name) ?? [];
  if (bucketName !== undefined && prefix !== undefined) return download(s3, bucketName, prefix);
  const buckets = path.join(dataDirectory, 'buckets');
  const names = await readdir(buckets).catch(() => []);
  const places = [name, path.join(buckets, name), ...names.map((b) => path.join(buckets, b, name))];
  const directory = places.find((place) => existsSync(path.join(place, 'events')));
  if (directory === undefined) throw new Error(`there is no recording ${name}`);
  return { directory, [Symbol.asyncDispose]: async () => {} };
}

async function download(
  { region, endpoint, credentials }: Config['s3'],
  bucketName: string,
  prefix: string,
): Promise<FoundRecording> {
  const { GetObjectCommand, paginateListObjectsV2, S3Client } = await import('@aws-sdk/client-s3');
  await using resources = new AsyncDisposableStack();
  const client = resources.adopt(
    new S3Client({
      region,
      ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
      ...(credentials && { credentials: { ...credentials } }),
    }),
    (opened) => opened.destroy(),
  );
  const directory = resources.adopt(
    await mkdtemp(path.join(tmpdir(), 'ivory-recording-')),
    (made) => rm(made, { recursive: true }),
  );
  const listing = { Bucket: bucketName, Prefix: `${prefix}/` };
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, listing)) {
    for (const { Key = '' } of Contents) {
      const file = path.join(directory, path.relative(prefix, Key));
      await mkdir(path.dirname(file), { recursive: true });
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucketName, Key }));
      if (Body) await writeFile(file, await Body.transformToByteArray());
    }
  }
  const kept = resources.move();
  return { directory, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
