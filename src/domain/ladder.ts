import type { ChannelRecord, ChannelType, TranscodePreset } from './channel.ts';
import { renditionName } from './rendition-name.ts';

/** One quality that viewers get. */
export interface RenditionPlan {
  /** `renditionName`, or `audio_only`. Unique in a ladder. */
  readonly name: string;
  /** 'source': passed through. `undefined`: audio only. */
  readonly video: 'source' | VideoEncoding | undefined;
  /** 'source': passed through. `undefined`: the stream has no sound. */
  readonly audio: 'source' | AudioEncoding | undefined;
}

export interface VideoEncoding {
  /** Even, and no larger than the source's; so is the height. */
  readonly width: number;
  readonly height: number;
  /** 1: every frame of the source, 2: every second one. */
  readonly keepOneFrameIn: number;
  /** The source's, divided by `keepOneFrameIn`. */
  readonly framesPerSecond: number;
  readonly bitrateBps: number;
  /** Asks for keyframes beyond the source's own; absent where those are enough. */
  readonly maxKeyframeIntervalSeconds?: number;
}

export interface AudioEncoding {
  readonly bitrateBps: number;
}

export interface NominalBitrates {
  readonly videoBitrateBps: number;
  readonly audioBitrateBps: number;
}

/** IVS takes no encoder that sends more: one that claims it counts in another unit. */
const MAX_CLAIMED_BPS = 15_000_000;

/** That the encoders of a rendition are set to, in bits per second. `source`: what the source claims to send; absent where it does not. */
export function nominalBps({ video, audio }: RenditionPlan, source?: NominalBitrates): number {
  const claimed = (bps = 0) => (bps <= MAX_CLAIMED_BPS ? bps : 0);
  const videoBps = video === 'source' ? claimed(source?.videoBitrateBps) : (video?.bitrateBps ?? 0);
  const audioBps = audio === 'source' ? claimed(source?.audioBitrateBps) : (audio?.bitrateBps ?? 0);
  return videoBps + audioBps;
}

/** What an encoder sends, as far as a ladder depends on it. */
export interface LadderSource {
  readonly width: number;
  readonly height: number;
  /** 0 where it is not known: taken for 30. */
  readonly framesPerSecond: number;
  readonly hasAudio: boolean;
}

/** Heights of the table's renditions; of a portrait picture the widths. */
const RUNGS = [720, 480, 360, 160] as const;
type Rung = (typeof RUNGS)[number];

/** By the source's shorter edge. What is between two rows of the table has a class of its own. */
type SourceClass = `above ${Rung}p` | `${Rung}p` | 'below 160p';

type Entry =
  /** Passed through. */
  | 'source'
  /** This shorter edge. */
  | Rung
  /** Transcoded in the source's size, at the bit rates of this rung. */
  | { readonly sourceSizeAs: Rung }
  | 'audio_only';

/** Bit/s; audio 'source' is passed through. */
type Bitrates = readonly [video: number, audio: number | 'source'];

/** `<rung>p60` is for sources of more than 30 frames a second, where the table has it. */
type BitrateTable = Readonly<Record<`${Rung}p30` | '720p60', Bitrates>>;

interface Ladder {
  /** Best first. */
  readonly entries: Readonly<Record<SourceClass, readonly Entry[]>>;
  /** Of the default preset, and of a type without presets. */
  readonly bitrates: BitrateTable;
  readonly presetBitrates?: Readonly<Record<TranscodePreset, BitrateTable>>;
  readonly audioOnlyBps?: number;
  readonly maxKeyframeIntervalSeconds?: number;
}

const HIGHER_BANDWIDTH: BitrateTable = {
  '720p60': [3_000_000, 128_000],
  '720p30': [2_300_000, 128_000],
  '480p30': [1_300_000, 128_000],
  '360p30': [700_000, 64_000],
  '160p30': [270_000, 48_000],
};

const ADVANCED = {
  bitrates: HIGHER_BANDWIDTH,
  presetBitrates: {
    HIGHER_BANDWIDTH_DELIVERY: HIGHER_BANDWIDTH,
    // IVS lists no audio of its own for this preset: it has the other one's.
    CONSTRAINED_BANDWIDTH_DELIVERY: {
      '720p60': [2_200_000, 128_000],
      '720p30': [1_900_000, 128_000],
      '480p30': [800_000, 128_000],
      '360p30': [400_000, 64_000],
      '160p30': [220_000, 48_000],
    },
  },
  audioOnlyBps: 64_000,
  // IVS re-encodes these with groups of pictures of 2 s at most; STANDARD keeps the encoder's (streaming configuration).
  maxKeyframeIntervalSeconds: 2,
} as const satisfies Partial<Ladder>;

const ADVANCED_UP_TO_480P = {
  '480p': [480, 360, 160, 'audio_only'],
  'above 360p': [{ sourceSizeAs: 480 }, 360, 160, 'audio_only'],
  '360p': [360, 160, 'audio_only'],
  'above 160p': [{ sourceSizeAs: 360 }, 160, 'audio_only'],
  '160p': [160, 'audio_only'],
  'below 160p': [{ sourceSizeAs: 160 }, 'audio_only'],
} as const satisfies Partial<Ladder['entries']>;

/**
 * What is made of a source. BASIC is not here: it is passed through, whatever it is. Source:
 * https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/channel-types.html
 */
const LADDERS: Readonly<Record<Exclude<ChannelType, 'BASIC'>, Ladder>> = {
  STANDARD: {
    entries: {
      'above 720p': ['source', 720, 480, 360, 160],
      '720p': [720, 480, 360, 160],
      'above 480p': [480, 360, 160],
      '480p': [480, 360, 160],
      'above 360p': ['source', 360, 160],
      '360p': [360, 160],
      'above 160p': ['source', 160],
      '160p': [160],
      'below 160p': ['source'],
    },
    bitrates: {
      '720p60': [3_400_000, 'source'],
      '720p30': [2_400_000, 'source'],
      '480p30': [1_400_000, 'source'],
      '360p30': [630_000, 64_000],
      '160p30': [230_000, 48_000],
    },
  },
  ADVANCED_HD: {
    ...ADVANCED,
    entries: {
      'above 720p': [720, 480, 360, 160, 'audio_only'],
      '720p': [720, 480, 360, 160, 'audio_only'],
      'above 480p': [{ sourceSizeAs: 720 }, 480, 360, 160, 'audio_only'],
      ...ADVANCED_UP_TO_480P,
    },
  },
  ADVANCED_SD: {
    ...ADVANCED,
    entries: {
      'above 720p': [480, 360, 160, 'audio_only'],
      '720p': [480, 360, 160, 'audio_only'],
      'above 480p': [480, 360, 160, 'audio_only'],
      ...ADVANCED_UP_TO_480P,
    },
  },
};

/** Frame rates are measured, or stated by encoders that count in whole milliseconds: 33 ms a frame is 30.3. */
const FRAME_RATE_TOLERANCE = 1.02;

/** The IVS player and its users know the rendition by this name. */
export const AUDIO_ONLY = 'audio_only';

/**
 * What viewers of a stream with one video track get, best first: always at least one rendition with a picture.
 *
 * Sizes keep the source's aspect ratio, rounded down to even numbers; nothing is enlarged.
 *
 * Chosen where IVS's table is silent, which on STANDARD and ADVANCED begins below 480p: a source between two rows, or
 * below the last, is passed through on STANDARD; on ADVANCED it is transcoded in its own size at the bit rates of the row
 * above, as the table itself has it between 480p and 720p. In such a size there are at most 30 frames a second.
 */
export function planLadder(
  channel: Pick<ChannelRecord, 'type' | 'preset'>,
  source: LadderSource,
): readonly RenditionPlan[] {
  if (channel.type === 'BASIC') return [passThrough(source)];
  const ladder = LADDERS[channel.type];
  const bitrates =
    channel.preset === '' || !ladder.presetBitrates
      ? ladder.bitrates
      : ladder.presetBitrates[channel.preset];
  return ladder.entries[sourceClass(source)].flatMap((entry) => {
    if (entry === 'source') return passThrough(source);
    if (entry === 'audio_only') return audioOnly(source, ladder.audioOnlyBps);
    return transcode(source, entry, bitrates, ladder.maxKeyframeIntervalSeconds);
  });
}

/** Whether the sound by itself is one of the channel's renditions, for viewers who do not ask for it, too. */
export function hasAudioOnlyInLadder({ type }: Pick<ChannelRecord, 'type'>): boolean {
  return type !== 'BASIC' && LADDERS[type].audioOnlyBps !== undefined;
}

/**
 * The rendition that `allow_audio_only=true` on a playback URL adds: the sound as it came. None where there is no sound, nor
 * on ADVANCED channels, whose ladder has one.
 */
export function planAudioOnly(
  channel: Pick<ChannelRecord, 'type'>,
  source: Pick<LadderSource, 'hasAudio'>,
): RenditionPlan | undefined {
  if (hasAudioOnlyInLadder(channel) || !source.hasAudio) return undefined;
  return { name: AUDIO_ONLY, video: undefined, audio: 'source' };
}

/**
 * A ladder that is on air when its source changes: the same renditions, since players have them in their list, in the sizes
 * that the new source allows.
 */
export function adaptLadder(
  ladder: readonly RenditionPlan[],
  channel: Pick<ChannelRecord, 'type' | 'preset'>,
  source: LadderSource,
): readonly RenditionPlan[] {
  const planned = new Map(planLadder(channel, source).map((plan) => [plan.name, plan]));
  return ladder.map((plan) => {
    const { name, video, audio = 'source' } = planned.get(plan.name) ?? plan;
    return {
      name,
      video: typeof video === 'object' ? adapt(video, source) : plan.video,
      audio: source.hasAudio ? audio : undefined,
    };
  });
}

/** Whether a measured frame rate is above a nominal one, and not just beside it. */
export function isFasterThan(framesPerSecond: number, nominalFps: number): boolean {
  return framesPerSecond > nominalFps * FRAME_RATE_TOLERANCE;
}

function sourceClass(source: LadderSource): SourceClass {
  const edge = shorterEdge(source);
  for (const rung of RUNGS) {
    if (edge > rung) return `above ${rung}p`;
    if (edge === rung) return `${rung}p`;
  }
  return 'below 160p';
}

function passThrough(source: LadderSource): RenditionPlan {
  const nominalFps = Math.round(source.framesPerSecond) || 30;
  return {
    name: renditionName(source, nominalFps),
    video: 'source',
    audio: source.hasAudio ? 'source' : undefined,
  };
}

function audioOnly(source: LadderSource, bitrateBps: number | undefined): readonly RenditionPlan[] {
  if (!source.hasAudio || bitrateBps === undefined) return [];
  return [{ name: AUDIO_ONLY, video: undefined, audio: { bitrateBps } }];
}

function transcode(
  source: LadderSource,
  entry: Rung | { readonly sourceSizeAs: Rung },
  bitrates: BitrateTable,
  maxKeyframeIntervalSeconds: number | undefined,
): RenditionPlan {
  const isSixty = entry === 720 && isFasterThan(source.framesPerSecond, 30);
  const nominalFps = isSixty ? 60 : 30;
  const rung = typeof entry === 'number' ? entry : entry.sourceSizeAs;
  const edge = typeof entry === 'number' ? entry : shorterEdge(source);
  const row: keyof BitrateTable = isSixty ? '720p60' : `${rung}p30`;
  const [videoBps, audioBps] = bitrates[row];
  const keepOneFrameIn = framesForOne(source.framesPerSecond, nominalFps);
  const size = scale(source, edge);
  return {
    name: renditionName(size, nominalFps),
    video: {
      ...size,
      keepOneFrameIn,
      framesPerSecond: source.framesPerSecond / keepOneFrameIn,
      bitrateBps: videoBps,
      ...(maxKeyframeIntervalSeconds !== undefined && { maxKeyframeIntervalSeconds }),
    },
    audio: source.hasAudio ? audioEncoding(audioBps) : undefined,
  };
}

function adapt(video: VideoEncoding, source: LadderSource): VideoEncoding {
  const edge = Math.min(video.width, video.height, shorterEdge(source));
  const nominalFps = isFasterThan(video.framesPerSecond, 30) ? 60 : 30;
  const keepOneFrameIn = framesForOne(source.framesPerSecond, nominalFps);
  const framesPerSecond = source.framesPerSecond / keepOneFrameIn;
  return { ...video, ...scale(source, edge), keepOneFrameIn, framesPerSecond };
}

const audioEncoding = (bitrateBps: number | 'source'): 'source' | AudioEncoding =>
  bitrateBps === 'source' ? 'source' : { bitrateBps };

function framesForOne(framesPerSecond: number, nominalFps: number): number {
  return Math.max(1, Math.ceil(framesPerSecond / (nominalFps * FRAME_RATE_TOLERANCE)));
}

/** 1920x1080 with the shorter edge 480 is 852x480, as IVS has it: 853.3 rounded down to even. */
function scale({ width, height }: LadderSource, edge: number): { width: number; height: number } {
  const longer = evenFloor((edge * Math.max(width, height)) / Math.min(width, height));
  return width >= height ? { width: longer, height: edge } : { width: edge, height: longer };
}

/** An odd one counts as the even one below, as it is encoded: 4:2:0 has even sizes. */
const shorterEdge = ({ width, height }: LadderSource): number => evenFloor(Math.min(width, height));

const evenFloor = (length: number): number => Math.max(2, Math.floor(length / 2) * 2);
