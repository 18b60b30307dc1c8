import { findFfmpeg } from '../../adapters/ffmpeg.ts';
import { silentLogger } from '../../lib/logger.ts';

// A process for a test to kill: starts one ffmpeg that waits for input, prints its pid, and stays.
const ffmpeg = await findFfmpeg(silentLogger);
const child = ffmpeg.start(['-f', 'flv', '-i', 'pipe:0', '-f', 'null', '-'], 1, {
  output() {},
  drained() {},
  exited() {},
});
console.log(child.pid);
