import type { ChannelRecord } from './channel.ts';
import { type LadderSource, planLadder } from './ladder.ts';

type TranscodedChannel = Pick<ChannelRecord, 'type' | 'preset'>;

/** What a stream may turn out to be before anything of it was seen. */
const LARGEST_SOURCE: LadderSource = {
  width: 1920,
  height: 1080,
  framesPerSecond: 60,
  hasAudio: true,
};

/**
 * Measured: x264 `veryfast`, `zerolatency`, with scaling; one core of an x86 server encodes 45 (noise) to 80 (a talk) million
 * pixels a second and decodes 700 million. A STANDARD ladder of 1080p60 is 1.4 cores.
 */
const ENCODED_PIXELS_PER_CORE_SECOND = 60_000_000;
const DECODED_PIXELS_PER_CORE_SECOND = 700_000_000;

/**
 * Whether a machine has room for one more ladder. The first is always let in, however small the machine is: on its own it
 * slows no other. `runningCores`: what each ladder on air uses, or was let in with until that is measured.
 */
export function admitsLadder(
  capacityCores: number,
  runningCores: readonly number[],
  estimatedCores: number,
): boolean {
  if (estimatedCores === 0 || runningCores.length === 0) return true;
  const usedCores = runningCores.reduce((sum, cores) => sum + cores, 0);
  return usedCores + estimatedCores <= capacityCores;
}

/**
 * CPU cores of a ladder before any of its kind was measured: from the pixels that are decoded and encoded in a second. 0 where
 * nothing is transcoded.
 */
export function guessLadderCores(channel: TranscodedChannel, source = LARGEST_SOURCE): number {
  let encodedPixels = 0;
  for (const { video } of planLadder(channel, source)) {
    if (typeof video !== 'object') continue;
    encodedPixels += video.width * video.height * video.framesPerSecond;
  }
  if (encodedPixels === 0) return 0;
  const decodedPixels = source.width * source.height * source.framesPerSecond;
  return (
    encodedPixels / ENCODED_PIXELS_PER_CORE_SECOND + decodedPixels / DECODED_PIXELS_PER_CORE_SECOND
  );
}
