import { availableParallelism } from 'node:os';
import { type Ffmpeg, findFfmpeg } from '../adapters/ffmpeg.ts';
import { tryFfmpeg } from '../adapters/ffmpeg-trial.ts';
import type { Config } from '../config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Transcoding } from '../live/channel-renditions.ts';
import { TranscodeAdmission } from '../live/transcode-admission.ts';
import { trialArguments } from '../transcode/ffmpeg-arguments.ts';
import { PictureDecoder } from '../transcode/picture-decoder.ts';
import type { EncoderChoice } from '../transcode/video-encoders.ts';

/** Absent where it is switched off, and where no ffmpeg, or no encoder, will do: channels are then passed through. */
export async function prepareTranscoding(
  { transcoding }: Config,
  clock: Clock,
  log: Logger,
  onDeath: () => void,
): Promise<Transcoding | undefined> {
  if (!transcoding) return undefined;
  const { encoder, device, cores = availableParallelism() } = transcoding;
  try {
    const factory = await findFfmpeg(log);
    if (!factory.features.encoders.has(encoder)) {
      throw new Error(`ffmpeg ${factory.features.version} was built without ${encoder}`);
    }
    const choice = { encoder, ...(device !== undefined && { device }) };
    await tryEncoder(factory, choice);
    return {
      factory,
      encoder: choice,
      admission: new TranscodeAdmission(cores),
      onDeath,
      pictures: new PictureDecoder({ factory, clock, log }),
    };
  } catch (error) {
    log.warn({ err: error }, 'no transcoding: every channel is passed through');
    return undefined;
  }
}

/** A build with a hardware encoder says nothing of the hardware. Rejects with one clear line. */
async function tryEncoder({ command, features }: Ffmpeg, choice: EncoderChoice): Promise<void> {
  // x264 needs a processor alone, and a trial of it is 80 ms of one at each start.
  if (choice.encoder === 'libx264') return;
  try {
    await tryFfmpeg(command, trialArguments(choice, features));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const what =
      choice.device === undefined ? choice.encoder : `${choice.encoder} on ${choice.device}`;
    throw new Error(`ffmpeg ${features.version} cannot encode with ${what}: ${reason}`, {
      cause: error,
    });
  }
}
