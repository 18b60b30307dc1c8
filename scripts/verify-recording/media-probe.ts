import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ProbedTrack {
  /** Decoding times, in order. */
  readonly startMs: number;
  /** Where the last packet ends. */
  readonly endMs: number;
  /** The longest step from one packet to the next. */
  readonly longestStepMs: number;
  readonly goesBack: boolean;
  readonly startsWithKeyframe: boolean;
}

/** What ffprobe reads in a segment, after its init segment where it has one. */
export async function probeSegment(
  files: readonly string[],
): Promise<Readonly<Partial<Record<'video' | 'audio', ProbedTrack>>>> {
  const { stdout, stderr } = await run(
    'ffprobe',
    [
      ...['-hide_banner', '-loglevel', 'error', '-of', 'json'],
      ...['-show_entries', 'packet=codec_type,dts_time,duration_time,flags'],
      `concat:${files.join('|')}`,
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  if (stderr !== '') throw new Error(`ffprobe complains: ${stderr.trim()}`);
  const { packets } = JSON.parse(stdout) as {
    packets: { codec_type: string; dts_time: string; duration_time?: string; flags: string }[];
  };
  const track = (type: string) => {
    const own = packets.filter(({ codec_type }) => codec_type === type);
    const times = own.map(({ dts_time }) => Number(dts_time) * 1000);
    const [first] = times;
    const last = times.at(-1);
    if (first === undefined || last === undefined) return {};
    const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    // A transport stream does not say how long the last one is.
    const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
    const stated = Number(own.at(-1)?.duration_time ?? 0) * 1000;
    return {
      [type]: {
        startMs: first,
        endMs: last + (stated || usual),
        longestStepMs: Math.max(0, ...steps),
        goesBack: steps.some((step) => step <= 0),
        startsWithKeyframe: own[0]?.flags.startsWith('K') ?? false,
      },
    };
  };
  return { ...track('video'), ...track('audio') };
}
