import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type SourceOptions, sourceArguments } from './publisher.ts';

const run = promisify(execFile);

/** Encodes a source into an FLV file, as fast as it goes: the same for everyone who publishes it. */
export async function encodeSource(file: string, source: SourceOptions): Promise<string> {
  await run('ffmpeg', [...sourceArguments(source, false), '-f', 'flv', file]);
  return file;
}
