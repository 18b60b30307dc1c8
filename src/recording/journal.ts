import type { Ticks } from '../lib/timescale.ts';
import type { RecordingReason, RecordingSource } from './recording-facts.ts';

/** What a rendition is, as the documents and the multivariant playlist say it. */
export interface RenditionFacts {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly codecs: string;
}

/** Everything that is fixed when a recording begins. */
export interface RecordingHead {
  readonly recordingId: string;
  readonly sessionId: string;
  readonly bucketName: string;
  /** Without a slash at its end. */
  readonly prefix: string;
  readonly channelArn: string;
  readonly channelId: string;
  readonly channelName: string;
  readonly accountId: string;
  readonly configurationArn: string;
  readonly startedAtMs: number;
  readonly reconnectWindowSeconds: number;
  readonly extension: 'ts' | 'mp4';
  readonly targetDurationSeconds: number;
  readonly renditions: readonly RenditionFacts[];
  /** How they are kept; none where none will come. */
  readonly thumbnails: readonly ('SEQUENTIAL' | 'LATEST')[];
  readonly thumbnailSize?: { readonly width: number; readonly height: number };
}

/** Between two keyframes. */
export interface GroupOfPictures {
  readonly byteLength: number;
  readonly ticks: Ticks;
}

/** Media for segment `segment` of a rendition: the whole of a live segment. */
export interface ChunkEntry {
  readonly type: 'chunk';
  readonly rendition: string;
  readonly segment: number;
  /** Which of the rendition's init segments it needs, where the format has them. */
  readonly init?: number;
  readonly isDiscontinuous: boolean;
  readonly programDateTimeMs: number;
  readonly groups: readonly GroupOfPictures[];
}

/** One line of a recording's journal. Folded in their order they are its state: `RecordingState`. */
export type JournalEntry =
  | { readonly type: 'recording'; readonly version: 1; readonly head: RecordingHead }
  | {
      readonly type: 'stream';
      readonly streamId: string;
      readonly startTimeMs: number;
      readonly source: RecordingSource;
    }
  /** The started document is in the bucket, and the history says so. */
  | { readonly type: 'announced' }
  | {
      readonly type: 'init';
      readonly rendition: string;
      readonly index: number;
      readonly byteLength: number;
    }
  | ChunkEntry
  /** The rendition has nothing for so long. */
  | {
      readonly type: 'gap';
      readonly rendition: string;
      readonly segment: number;
      readonly isDiscontinuous: boolean;
      readonly programDateTimeMs: number;
      readonly ticks: Ticks;
    }
  /** So much was on air while no rendition is recorded. */
  | { readonly type: 'elapsed'; readonly ticks: Ticks }
  | {
      readonly type: 'thumbnail';
      readonly index: number;
      readonly byteLength: number;
      readonly width: number;
      readonly height: number;
    }
  /** The spool has lost the file, before the bucket had it: its segment is a gap. */
  | { readonly type: 'lost'; readonly rendition: string; readonly file: string }
  | { readonly type: 'stream-ended'; readonly streamId: string; readonly atMs: number }
  | { readonly type: 'failed'; readonly reason: RecordingReason; readonly message: string };

export const encodeJournalEntry = (entry: JournalEntry): string => JSON.stringify(entry);

export interface DecodedJournal {
  /** Up to the first line that can't be read. */
  readonly entries: readonly JournalEntry[];
  /** That line and what follows it. */
  readonly rest: readonly string[];
}

/** Our own writing, unless something has damaged it. */
export function decodeJournal(lines: readonly string[]): DecodedJournal {
  const entries: JournalEntry[] = [];
  for (const line of lines) {
    const entry = decodeLine(line);
    if (!entry) break;
    entries.push(entry);
  }
  return { entries, rest: lines.slice(entries.length) };
}

/**
 * Of what follows a damaged line, what is true without it: which streams were recorded, and what the history was told. Media
 * are not: where a line is missing, nothing says which bytes of a file the next one is about.
 */
export function salvageJournal(rest: readonly string[]): readonly JournalEntry[] {
  const entries = rest.flatMap((line) => decodeLine(line) ?? []);
  return entries.filter(
    ({ type }) => type === 'stream' || type === 'announced' || type === 'stream-ended',
  );
}

function decodeLine(line: string): JournalEntry | undefined {
  try {
    const entry: Partial<JournalEntry> | null = JSON.parse(line);
    return typeof entry?.type === 'string' ? (entry as JournalEntry) : undefined;
  } catch {
    return undefined;
  }
}
