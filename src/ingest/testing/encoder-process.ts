import { spawn, spawnSync } from 'node:child_process';

/** Starts an encoder program; resolves when it has ended, with what it said on stderr. */
export async function runEncoder(
  command: string,
  args: readonly string[],
): Promise<{ readonly exitCode: number | null; readonly stderr: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  return { exitCode: await promise, stderr };
}

export const runFfmpeg = (args: readonly string[]) =>
  runEncoder('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', ...args]);

/** Whether GStreamer is there with what a pipeline needs; it is not one of Ivory's own requirements. */
export function hasGstreamer(...elements: readonly string[]): boolean {
  return elements.every((element) => spawnSync('gst-inspect-1.0', [element]).status === 0);
}
