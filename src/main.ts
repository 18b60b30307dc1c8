import { once } from 'node:events';
import { env, exit, stdout } from 'node:process';
import { createLogger } from './adapters/log.ts';
import { startIvory } from './app.ts';
import { banner } from './banner.ts';
import { readConfig } from './config.ts';

/**
 * After this the process ends whatever is still open: longer than the 3 s that encoders and the 5 s that viewers are given
 * to read their last answer and the second that receivers of events have to give theirs, shorter than the ten seconds of a
 * supervisor's own patience.
 */
const SHUTDOWN_DEADLINE_MS = 9500;

const stop = new AbortController();
// SIGHUP: the terminal went away; streams end in order then too.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => stop.abort(signal));
}

// Whoever killed the launcher (launch.mjs) would start another Ivory next, and find this one in its place.
process.once('disconnect', () => stop.abort('the launcher is gone'));
process.channel?.unref();

// A function, because the bundle of `npm start` is CommonJS, which has no await outside of one.
async function main(): Promise<void> {
  try {
    const { config, warnings } = readConfig(env);
    const log = createLogger(config.logLevel);
    for (const warning of warnings) log.warn({}, warning);
    process.once('exit', () => log.flush());
    await using ivory = await startIvory(config, { log });
    stdout.write(banner(ivory, config));
    if (!stop.signal.aborted) await once(stop.signal, 'abort');
    log.info({ signal: stop.signal.reason }, 'shutting down');
    setTimeout(() => {
      log.error({}, 'shutdown took too long, ending now');
      exit(1);
    }, SHUTDOWN_DEADLINE_MS).unref();
  } catch (error) {
    // One line, no stack: whoever starts a server can mend a port or a setting, not a line of ours.
    process.stderr.write(`ivory: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

void main();
