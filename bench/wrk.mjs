// wrk, and what it reports.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from './processes.mjs';

const UNIT_MS = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** `failed`: answers other than 2xx and 3xx, and errors of sockets. */
export async function wrk(options) {
  const report = await run(['wrk', '-t1', '--latency', '--timeout', '10s', ...options]);
  const find = (pattern) => pattern.exec(report)?.slice(1) ?? [];
  const [p99 = '0', unit = 'ms'] = find(/99%\s+([\d.]+)(\w+)/);
  const socketErrors = find(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/);
  const [refused = 0] = find(/Non-2xx or 3xx responses: (\d+)/);
  return {
    requests: Number(find(/(\d+) requests in/)[0]),
    perSecond: Number(find(/Requests\/sec:\s+([\d.]+)/)[0]),
    p99Ms: Number(p99) * UNIT_MS[unit],
    failed: [refused, ...socketErrors].reduce((sum, count) => sum + Number(count), 0),
  };
}

/** A call, again and again. */
export async function wrkCall({ method, url, headers, body }, options) {
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-wrk-'));
  try {
    const named = Object.entries(headers).map(([name, value]) => `[${lua(name)}] = ${lua(value)}`);
    const script = path.join(directory, 'call.lua');
    await writeFile(
      script,
      `wrk.method = ${lua(method)}\nwrk.body = ${lua(body)}\nwrk.headers = {${named.join(', ')}}\n`,
    );
    return await wrk([...options, '-s', script, url]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const lua = (text) => `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
