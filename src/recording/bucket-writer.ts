import { UnreadableFile } from '../domain/unreadable-file.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import {
  ENDED_DOCUMENT,
  endedDocument,
  FAILED_DOCUMENT,
  HLS_PATH,
  LATEST_THUMBNAIL_PATH,
  STARTED_DOCUMENT,
  startedDocument,
} from './documents.ts';
import type { JournalEntry } from './journal.ts';
import {
  BYTE_RANGE_MASTER,
  BYTE_RANGE_PLAYLIST,
  MASTER,
  PLAYLIST,
  renderByteRangePlaylist,
  renderMultivariant,
  renderPlaylist,
} from './playlists.ts';
import type { ObjectKind, ObjectStore, SpooledRecording } from './ports.ts';
import type { RecordedRendition } from './recorded-rendition.ts';
import { type RecordingState, thumbnailFile } from './recording-state.ts';
import type { Retry, RetryOptions } from './retry.ts';

/**
 * Readers of growing recordings count on a playlist at least every 30 s. This one has an entry a group of pictures, and is not
 * written with each segment; the next segment may take another 12 s.
 */
const BYTE_RANGE_REFRESH_MS = 17_000;

/** A bucket that was away has a lot to take: what it has of that is listed meanwhile. */
const BACKLOG_REFRESH_MS = 10_000;

const JSON_KIND: ObjectKind = { contentType: 'application/json', isFinal: false };
const PLAYLIST_KIND: ObjectKind = { contentType: 'application/x-mpegURL', isFinal: false };
const JPEG = 'image/jpeg';

/** Writes one recording's tree: media before the playlists that name it, playlists before the document of its end. */
export class BucketWriter {
  readonly #state: RecordingState;
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #retry: Retry;
  readonly #retryOptions: RetryOptions;
  readonly #onArrived: (file: string) => Promise<void>;
  readonly #onLost: (entry: JournalEntry) => Promise<void>;
  readonly #spooled: SpooledRecording;
  readonly #log: Logger;
  /** By rendition: how much the playlists in the bucket list. */
  readonly #listedMs = new Map<string, number>();
  readonly #byteRangeWrittenMs = new Map<string, number>();
  #hasMaster = false;

  constructor(options: {
    readonly state: RecordingState;
    readonly store: ObjectStore;
    readonly spooled: SpooledRecording;
    readonly clock: Clock;
    readonly log: Logger;
    readonly retry: Retry;
    readonly isHopeless: RetryOptions['isHopeless'];
    /** The bucket has a file of the spool. */
    readonly onArrived: (file: string) => Promise<void>;
    /** The spool has lost a file of a rendition. Resolves when the state has it. */
    readonly onLost: (entry: JournalEntry) => Promise<void>;
  }) {
    this.#state = options.state;
    this.#store = options.store;
    this.#spooled = options.spooled;
    this.#clock = options.clock;
    this.#retry = options.retry;
    this.#onArrived = options.onArrived;
    this.#onLost = options.onLost;
    this.#log = options.log;
    this.#retryOptions = {
      isHopeless: (error, elapsedMs) => isLost(error) || options.isHopeless(error, elapsedMs),
      onFailure: (error, delayMs) => {
        const isOurs = error instanceof UnreadableFile;
        const what = isOurs ? 'read a file of a recording' : 'write to the bucket of a recording';
        options.log.warn({ err: error, delayMs }, `cannot ${what}`);
      },
    };
  }

  async announce(): Promise<void> {
    await this.#put(STARTED_DOCUMENT, startedDocument(this.#state), JSON_KIND);
  }

  /** Everything that is complete, and the playlists behind it. */
  async writeMedia(): Promise<void> {
    const { renditions } = this.#state;
    let refreshedMs = this.#clock.monotonicMs();
    // In turns, so that renditions grow together.
    while (renditions.some(({ waiting }) => waiting.length > 0)) {
      for (const rendition of renditions) await this.#writeNext(rendition);
      if (this.#clock.monotonicMs() - refreshedMs < BACKLOG_REFRESH_MS) continue;
      await this.#refresh();
      refreshedMs = this.#clock.monotonicMs();
    }
    await this.#refresh();
  }

  /** The last playlists and the document of the end. */
  async conclude(endedAtMs: number): Promise<void> {
    const { renditions, failure } = this.#state;
    for (const rendition of renditions) await this.#writePlaylist(rendition, true);
    for (const rendition of renditions) await this.#writeByteRangePlaylist(rendition, true);
    await this.#writeMasters();
    const name = failure ? FAILED_DOCUMENT : ENDED_DOCUMENT;
    await this.#put(name, endedDocument(this.#state, endedAtMs), JSON_KIND);
  }

  async #writeNext(rendition: RecordedRendition): Promise<void> {
    const file = rendition.waiting[0];
    if (!file) return;
    if (!file.segment?.isGap) {
      const contentType = file.name.endsWith('.ts') ? 'video/mp2t' : 'video/mp4';
      if (await this.#putFile(`${HLS_PATH}/${file.name}`, file.name, contentType)) {
        await this.#onArrived(file.name);
      } else {
        await this.#onLost({ type: 'lost', rendition: rendition.facts.name, file: file.name });
      }
    }
    rendition.arrived();
  }

  async #refresh(): Promise<void> {
    await this.#writeThumbnails();
    await this.#writePlaylists();
  }

  async #writeThumbnails(): Promise<void> {
    const { head } = this.#state;
    for (;;) {
      const { waitingThumbnails } = this.#state;
      const next = waitingThumbnails[0];
      if (!next) return;
      const file = thumbnailFile(next.index);
      let isThere = true;
      if (head.thumbnails.includes('SEQUENTIAL')) {
        isThere = await this.#putFile(`media/${file}`, file, JPEG);
      }
      if (isThere && head.thumbnails.includes('LATEST') && waitingThumbnails.length === 1) {
        isThere = await this.#putFile(LATEST_THUMBNAIL_PATH, file, JPEG, { isFinal: false });
      }
      if (isThere) await this.#onArrived(file);
      waitingThumbnails.shift();
    }
  }

  async #writePlaylists(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    for (const rendition of this.#state.renditions) {
      const { name } = rendition.facts;
      if (rendition.listedMs === (this.#listedMs.get(name) ?? 0)) continue;
      await this.#writePlaylist(rendition, false);
      this.#listedMs.set(name, rendition.listedMs);
      const writtenMs = this.#byteRangeWrittenMs.get(name);
      if (writtenMs !== undefined && nowMs - writtenMs < BYTE_RANGE_REFRESH_MS) continue;
      await this.#writeByteRangePlaylist(rendition, false);
      this.#byteRangeWrittenMs.set(name, nowMs);
    }
    // All at once: a player reads it once, and has these renditions for good.
    const { renditions } = this.#state;
    const isComplete = renditions.length > 0 && renditions.every(({ listedMs }) => listedMs > 0);
    if (this.#hasMaster || !isComplete) return;
    await this.#writeMasters();
    this.#hasMaster = true;
  }

  async #writePlaylist(rendition: RecordedRendition, isEnded: boolean): Promise<void> {
    const { head } = this.#state;
    const bytes = renderPlaylist({ head, rendition, isEnded, nowMs: this.#clock.nowMs() });
    await this.#putBytes(`${HLS_PATH}/${rendition.facts.name}/${PLAYLIST}`, bytes, PLAYLIST_KIND);
  }

  async #writeByteRangePlaylist(rendition: RecordedRendition, isEnded: boolean): Promise<void> {
    const { head } = this.#state;
    const bytes = renderByteRangePlaylist({ head, rendition, isEnded, nowMs: this.#clock.nowMs() });
    const key = `${HLS_PATH}/${rendition.facts.name}/${BYTE_RANGE_PLAYLIST}`;
    await this.#putBytes(key, bytes, PLAYLIST_KIND);
  }

  async #writeMasters(): Promise<void> {
    const { head, renditions } = this.#state;
    if (renditions.length === 0) return;
    const master = renderMultivariant(head, renditions, PLAYLIST);
    const twin = renderMultivariant(head, renditions, BYTE_RANGE_PLAYLIST);
    await this.#put(`${HLS_PATH}/${MASTER}`, master, PLAYLIST_KIND);
    await this.#put(`${HLS_PATH}/${BYTE_RANGE_MASTER}`, twin, PLAYLIST_KIND);
  }

  #put(name: string, text: string, kind: ObjectKind): Promise<void> {
    return this.#putBytes(name, new TextEncoder().encode(text), kind);
  }

  #putBytes(name: string, bytes: Uint8Array, kind: ObjectKind): Promise<void> {
    const { bucketName, prefix } = this.#state.head;
    return this.#retry.run(
      () => this.#store.putBytes(bucketName, `${prefix}/${name}`, bytes, kind),
      this.#retryOptions,
    );
  }

  /** `false`: the spool has lost it. */
  async #putFile(
    name: string,
    file: string,
    contentType: string,
    { isFinal }: { readonly isFinal: boolean } = { isFinal: true },
  ): Promise<boolean> {
    const { bucketName, prefix } = this.#state.head;
    const path = this.#spooled.pathOf(file);
    try {
      await this.#retry.run(
        () => this.#store.putFile(bucketName, `${prefix}/${name}`, path, { contentType, isFinal }),
        this.#retryOptions,
      );
      return true;
    } catch (error) {
      if (!isLost(error)) throw error;
      this.#log.error({ err: error }, 'a file of the recording is lost: its bucket gets the rest');
      return false;
    }
  }
}

const isLost = (error: unknown): boolean => error instanceof UnreadableFile && error.isLost;
