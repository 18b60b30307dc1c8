import { getCompileCacheDir } from 'node:module';
import { extname } from 'node:path';

/**
 * The program `name` beside the module whose `import.meta.url` is given: a source beside a source, a bundle beside the bundle that
 * the module is part of (`launch/bundle.mjs`).
 */
export const workerProgram = (name: string, moduleUrl: string): URL =>
  new URL(`./${name}${extname(moduleUrl)}`, moduleUrl);

/**
 * What a worker's environment has for it to find compiled code where this process does: it saves loading the type stripper into
 * each worker, 25 ms and 10 MB.
 */
export function compileCacheEnvironment(): NodeJS.ProcessEnv {
  const directory = getCompileCacheDir();
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: directory };
}
