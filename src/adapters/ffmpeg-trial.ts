import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { environmentOfFfmpeg } from './ffmpeg.ts';

/**
 * An encoder that works needs a tenth of a second, a GPU that sleeps a few more. It is less than the process has to end in, since
 * that waits for a trial.
 */
const TRIAL_TIMEOUT_MS = 5_000;

const run = promisify(execFile);

/**
 * Runs ffmpeg to its end, without a shell, to see whether it can do what `ffmpegArguments` say; what it writes is not kept.
 * Rejects with the first line of its complaint, or because it took too long: it is killed then.
 */
export async function tryFfmpeg(
  command: string,
  ffmpegArguments: readonly string[],
  timeoutMs = TRIAL_TIMEOUT_MS,
): Promise<void> {
  const running = run(command, ffmpegArguments, {
    env: environmentOfFfmpeg(),
    // Not `timeout`: one that hangs in a driver outlives any signal, and would be waited for.
    signal: AbortSignal.timeout(timeoutMs),
    windowsHide: true,
  });
  try {
    await running;
  } catch (error) {
    // `signal` sends SIGTERM, which ffmpeg takes as a wish.
    running.child.kill('SIGKILL');
    throw new Error(complaintOf(error, timeoutMs), { cause: error });
  }
}

function complaintOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError') return `it was not done after ${timeoutMs / 1000} s`;
  const said = 'stderr' in error ? String(error.stderr).trim() : '';
  return (said || error.message).split('\n', 1)[0] ?? '';
}
