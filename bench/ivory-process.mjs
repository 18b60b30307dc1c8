// How the benchmarks start Ivory: the checkout they lie in, with everything on that a default start has on.
import { fileURLToPath } from 'node:url';
import { bundledProgram } from '../launch/bundle.mjs';
import { findRuntime, RUNTIME_OPTIONS } from '../launch/runtime.mjs';

const home = fileURLToPath(new URL('..', import.meta.url));

export const region = 'us-east-1';
export const credentials = {
  accessKeyId: 'AKIABENCHBENCHBENCH2',
  secretAccessKey: 'bench-bench-bench-bench-bench-bench-bench',
};

/** As `npm start` runs it. */
const program = await bundledProgram(home);

/** Node.js as the lockfile names it, whichever one runs the benchmark. */
export const ivoryCommand = () => [
  process.env.BENCH_NODE ?? findRuntime(home),
  ...RUNTIME_OPTIONS,
  program,
];

export const ivoryEnvironment = ({ dataDirectory, http, rtmp, rtmps }) => ({
  IVORY_DATA_DIR: dataDirectory,
  IVORY_HTTP_PORT: String(http),
  IVORY_RTMP_PORT: String(rtmp),
  IVORY_RTMPS_PORT: String(rtmps),
  IVORY_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
  IVORY_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  IVORY_LOG_LEVEL: 'warn',
  // How many streams a core carries is to be found out, not IVS's quota of 100.
  IVORY_QUOTAS: 'concurrent-streams=10000',
  // As the launcher of `npm start` sets them.
  NODE_COMPILE_CACHE: `${home}node_modules/.cache/node-compile`,
  MALLOC_MMAP_THRESHOLD_: '262144',
});
