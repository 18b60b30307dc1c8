import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long a child may take to end by itself once it was asked to. */
const STOP_TIMEOUT_MS = 10_000;

/** How much of a child's output is kept to explain its end. */
const TAIL_CHARACTERS = 4000;

/** The demo can't go on; the message is for the person who started it. */
export class DemoError extends Error {
  override name = 'DemoError';
}

/** A program of the demo: quiet while it runs, heard when it ends by itself, ended with the demo. */
export interface Child extends AsyncDisposable {
  /** Rejects with a `DemoError` when the program ends without being asked to; never resolves. */
  readonly failed: Promise<never>;
  /** The end of what the program said so far, to explain what went wrong. */
  lastWords(): string;
}

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly stopSignal: NodeJS.Signals;
}

export function startChild({ name, command, args, env, stopSignal }: ChildOptions): Child {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: a terminal's Ctrl-C reaches the demo alone, which ends the programs in order.
    detached: true,
    ...(env && { env }),
  });
  let tail = '';
  const listen = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-TAIL_CHARACTERS);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);

  const lastWords = () => tail.trimEnd();

  let isStopping = false;
  const { promise: failed, reject } = Promise.withResolvers<never>();
  // Whoever races against it hears of it; nobody has to.
  failed.catch(() => {});
  child.on('error', (error) => reject(new DemoError(`cannot start ${name}: ${error.message}`)));
  child.on('close', (code, signal) => {
    if (isStopping) return;
    const how = signal === null ? `exit code ${code}` : signal;
    reject(new DemoError(`${name} ended by itself (${how}):\n${lastWords()}`));
  });

  return {
    failed,
    lastWords,
    async [Symbol.asyncDispose]() {
      isStopping = true;
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, 'close');
      child.kill(stopSignal);
      const lastResort = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await closed;
      clearTimeout(lastResort);
    },
  };
}
