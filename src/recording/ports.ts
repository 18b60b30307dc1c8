import type { RecordingEvent } from '../domain/events.ts';

/** What players and readers of a bucket are told an object is. */
export interface ObjectKind {
  readonly contentType: string;
  /** False: it is written again as the recording grows, and no cache may keep it. */
  readonly isFinal: boolean;
}

/**
 * Where recordings end up: named objects in buckets. An object is replaced in one step; when a promise resolves it survives a
 * power cut. Rejects with `DestinationRefused` where trying again is of no use, with `UnreadableFile` where it is not the bucket's
 * fault.
 */
export interface ObjectStore {
  putBytes(bucketName: string, key: string, bytes: Uint8Array, kind: ObjectKind): Promise<void>;
  /** `path`: a file of `byteLength` bytes that nobody writes to any more. It may be linked to, not moved. */
  putFile(bucketName: string, key: string, path: string, kind: ObjectKind): Promise<void>;
}

/** Bytes for the end of a file of the spool. */
export interface SpoolWrite {
  readonly name: string;
  readonly offset: number;
  readonly buffers: readonly Uint8Array[];
}

/** Where recordings are until their bucket has them: a folder each. */
export interface RecordingSpool {
  /** Ids of the recordings that are there. */
  list(): Promise<readonly string[]>;
  create(recordingId: string): Promise<SpooledRecording>;
  open(recordingId: string): Promise<SpooledRecording>;
}

/** One recording's folder: a journal of lines, and the files that it tells of. */
export interface SpooledRecording {
  /**
   * Writes the files and then the lines. Resolved: all of it survives a power cut. Rejected: none of the lines is in the
   * journal, and what the files have beyond their places in it is garbage.
   */
  append(writes: readonly SpoolWrite[], lines: readonly string[]): Promise<void>;
  /** Every line, oldest first, be it readable or not; the one that a crash left half written is cut off. */
  readJournal(): Promise<readonly string[]>;
  /** In one step. */
  replaceJournal(lines: readonly string[]): Promise<void>;
  /** Keeps all of it for the operator, as it is now and whatever becomes of it here; once. Resolves with the place. */
  keepAside(): Promise<string>;
  /** Names of the files that are there; those of media are `<folder>/<file>`. */
  files(): Promise<ReadonlySet<string>>;
  /** For `ObjectStore.putFile`. */
  pathOf(name: string): string;
  /** Cuts a file off; nothing where it is not there, or lost in another way. */
  truncate(name: string, byteLength: number): Promise<void>;
  delete(name: string): Promise<void>;
  /** Gives the disk space back that was put aside for the last lines of the journal. */
  releaseReserve(): Promise<void>;
  /** The folder and all that is in it. */
  remove(): Promise<void>;
}

/** The history of streams, as far as recordings are in it. */
export interface RecordingHistory {
  /**
   * Durable. Does nothing where the session has an event of one of the names `unless`, or is no longer there: a step that a
   * crash has repeated is told once.
   */
  appendRecordingEvent(
    streamId: string,
    event: RecordingEvent,
    unless: readonly RecordingEvent['name'][],
  ): Promise<void>;
}
