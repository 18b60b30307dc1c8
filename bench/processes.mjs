// Programs that a benchmark starts: the server on the first core, everything else on the others.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';

const CORES = availableParallelism();
const TOOL_CORES = CORES > 1 ? `1-${CORES - 1}` : '0';
/** USER_HZ: 100 on every architecture that Node.js runs on. */
const CLOCK_TICKS_PER_SECOND = 100;

const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stop();
    process.exit(1);
  });
}

/** `cores`: as `taskset -c` takes them. `hasMessages`: the program is a Node.js that is talked with by messages. */
export function start(
  argv,
  { env = {}, cores = TOOL_CORES, stdout = 'ignore', hasMessages = false } = {},
) {
  const pinned = ['-c', cores, ...argv];
  const child = spawn('taskset', pinned, {
    env: { ...process.env, ...env },
    stdio: ['ignore', stdout, 'inherit', ...(hasMessages ? ['ipc'] : [])],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** What the program prints; rejects where it fails. */
export async function run(argv) {
  const child = start(argv, { stdout: 'pipe' });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${argv[0]} ended with ${code}`);
  return output;
}

/** Processor time of a process and of its children, in user and system mode. */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
  let sum = own;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const ids = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
    for (const child of ids === '' ? [] : ids.split(' ')) sum += cpuSeconds(child);
  }
  return sum;
}

export function stop() {
  for (const child of children) child.kill('SIGKILL');
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** Memory that the process has in RAM. */
export function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

/** What `work` costs the process: seconds of processor time, of so many that went by. */
export async function during(pid, work) {
  const [cpuBefore, startedMs] = [cpuSeconds(pid), performance.now()];
  const result = await work();
  const seconds = (performance.now() - startedMs) / 1000;
  return { cpu: cpuSeconds(pid) - cpuBefore, seconds, result };
}
