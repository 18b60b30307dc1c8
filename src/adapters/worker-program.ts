import { extname } from 'node:path';

/**
 * The program `name` beside the module whose `import.meta.url` is given: a source beside a source, a bundle beside the bundle that
 * the module is part of (`launch/bundle.mjs`).
 */
export const workerProgram = (name: string, moduleUrl: string): URL =>
  new URL(`./${name}${extname(moduleUrl)}`, moduleUrl);
