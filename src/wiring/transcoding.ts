import { availableParallelism } from 'node:os';
import { findFfmpeg } from '../adapters/ffmpeg.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Transcoding } from '../live/channel-renditions.ts';
import { TranscodeAdmission } from '../live/transcode-admission.ts';
import { PictureDecoder } from '../transcode/picture-decoder.ts';

/** Absent where it is switched off, and where there is no ffmpeg that will do: channels are then passed through. */
export async function prepareTranscoding(
  { transcoding }: Config,
  clock: Clock,
  log: Logger,
): Promise<Transcoding | undefined> {
  if (!transcoding) return undefined;
  const { encoder, device, cores = availableParallelism() } = transcoding;
  try {
    const factory = await findFfmpeg(log);
    if (!factory.features.encoders.has(encoder)) {
      throw new Error(`ffmpeg ${factory.features.version} was built without ${encoder}`);
    }
    return {
      factory,
      encoder: { encoder, ...(device !== undefined && { device }) },
      admission: new TranscodeAdmission(cores),
      pictures: new PictureDecoder({ factory, clock, log }),
    };
  } catch (error) {
    log.warn({ err: error }, 'no transcoding: every channel is passed through');
    return undefined;
  }
}
