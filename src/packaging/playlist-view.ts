import { VIDEO_TIMESCALE } from '../media/frame.ts';
import {
  encodeMediaPlaylist,
  type MediaPlaylist,
  type MediaSegment,
  type OpenSegment,
  type PartialSegment,
  type PreloadHint,
  type RenditionReport,
  type ServerControl,
} from '../protocols/hls/media-playlist.ts';
import type { MediaExtension } from './part-container.ts';
import { countBefore, type Part, type Segment } from './segment.ts';

/** "EXT-X-PART tags SHOULD be removed after they are greater than three target durations from the end." */
const PARTS_LISTED_TARGET_DURATIONS = 3;

/** "The Skip Boundary MUST be at least six times the Target Duration" (RFC 8216bis 4.4.3.8). */
const SKIP_BOUNDARY_TARGET_DURATIONS = 6;

/** "HOLD-BACK … MUST be at least three times the Target Duration" (RFC 8216bis 4.4.3.8). */
const HOLD_BACK_TARGET_DURATIONS = 3;

/** "PART-HOLD-BACK … SHOULD be at least three times the Part Target Duration"; five ride out a lost turn of a radio link. */
const PART_HOLD_BACK_PART_TARGETS = 5;

/**
 * Segments that IVS announces behind its playlist: the one that grows and the one after it. The latter not where there are
 * init segments: the IVS player (1.56.1) that switches to it from another rendition decodes it with the other's.
 */
const PREFETCH_SEGMENTS: Readonly<Record<MediaExtension, number>> = { ts: 2, m4s: 1 };

/** Decimal EXTINF: 3. EXT-X-MAP in a playlist of more than I-frames: 6. EXT-X-GAP: 8. EXT-X-SKIP: 9 (RFC 8216bis 8). */
const TS_VERSION = 3;
const FMP4_VERSION = 6;
const GAP_VERSION = 8;
const LOW_LATENCY_VERSION = 9;

/** What a playlist is made of; `LiveWindow` is one. */
export interface PlaylistSource {
  readonly targetDurationSeconds: number;
  readonly partTargetSeconds: number;
  readonly listedSegments: readonly Segment[];
  readonly openSegment: Segment | undefined;
  readonly firstListedMsn: number;
  readonly discontinuitySequence: number;
  /** Length of everything that has left the playlist. */
  readonly elapsedTicks: number;
  readonly nextMsn: number;
  readonly nextPart: number;
  readonly isInterrupted: boolean;
  readonly isEnded: boolean;
  readonly mediaExtension: MediaExtension;
  readonly siblings: readonly SiblingSource[];
}

/** Another rendition, as far as a rendition report tells of it. */
export interface SiblingSource {
  readonly name: string;
  readonly nextMsn: number;
  readonly nextPart: number;
  segment(msn: number): Segment | undefined;
}

/** Rendered once per state of the window and shared by every viewer: cache derived forms by identity. */
export interface RenderedPlaylist {
  readonly bytes: Uint8Array;
  /** The segment and part that the window was waiting for when this was rendered. */
  readonly nextMsn: number;
  readonly nextPart: number;
}

/** The media of a rendition, relative to its playlist. `generation`: how many encodings it had before this one. */
export const initUri = (generation: number): string => `init-${generation}.mp4`;
/** `msn`: its Media Sequence Number, which it keeps (RFC 8216bis 4.4.3.2). */
export const segmentUri = (msn: number, extension: MediaExtension): string => `${msn}.${extension}`;
/** `index`: in its segment, from 0: the Part Index of RFC 8216bis 6.2.5.2. */
export const partUri = (msn: number, index: number, extension: MediaExtension): string =>
  `${msn}.${index}.${extension}`;
/** From one rendition's playlist to another's; sessions are left out, players compare up to the query. */
const siblingUri = (name: string): string => `../${name}/playlist.m3u8`;

/** `skip`: as a delta update. `isBeforeEnd`: without ENDLIST, though the window has ended. */
export interface PlaylistForm {
  readonly skip: boolean;
  readonly isBeforeEnd?: boolean;
}

/** A window as a media playlist that every player reads: Apple's low-latency tags and IVS's prefetch lines in one. */
export class PlaylistView {
  readonly #isLowLatency: boolean;
  #whole: RenderedPlaylist | undefined;
  #delta: RenderedPlaylist | undefined;
  #beforeEnd: RenderedPlaylist | undefined;

  constructor(isLowLatency: boolean) {
    this.#isLowLatency = isLowLatency;
  }

  invalidate(): void {
    this.#whole = undefined;
    this.#delta = undefined;
    this.#beforeEnd = undefined;
  }

  render(window: PlaylistSource, form: PlaylistForm): RenderedPlaylist {
    const { isEnded } = window;
    if (isEnded && form.isBeforeEnd) {
      return (this.#beforeEnd ??= this.#render(window, false, false));
    }
    if (form.skip && this.#isLowLatency) {
      return (this.#delta ??= this.#render(window, true, isEnded));
    }
    return (this.#whole ??= this.#render(window, false, isEnded));
  }

  #render(window: PlaylistSource, isDelta: boolean, isEnded: boolean): RenderedPlaylist {
    const text = encodeMediaPlaylist(this.#record(window, isDelta, isEnded));
    const { nextMsn, nextPart } = window;
    return { bytes: new TextEncoder().encode(text), nextMsn, nextPart };
  }

  #record(window: PlaylistSource, isDelta: boolean, isEnded: boolean): MediaPlaylist {
    const listed = window.listedSegments;
    const skipped = isDelta ? countSkippable(listed, window) : 0;
    const isLive = !isEnded;
    const open = window.openSegment;
    return {
      version: this.#version(window, listed),
      targetDurationSeconds: window.targetDurationSeconds,
      mediaSequence: window.firstListedMsn,
      discontinuitySequence: window.discontinuitySequence,
      ...(this.#isLowLatency && {
        serverControl: serverControl(window),
        partTargetSeconds: window.partTargetSeconds,
      }),
      otherTags: [
        `#EXT-X-NET-LIVE-VIDEO-LIVE-SEQUENCE:${window.firstListedMsn}`,
        `#EXT-X-NET-LIVE-VIDEO-ELAPSED-SECS:${(window.elapsedTicks / VIDEO_TIMESCALE).toFixed(3)}`,
      ],
      ...(skipped > 0 && { skippedSegments: skipped }),
      segments: this.#segments(listed, skipped, window),
      ...(this.#isLowLatency &&
        isLive &&
        open && { openSegment: this.#start(open, listed.at(-1), window) }),
      ...(this.#isLowLatency && isLive && { preloadHint: preloadHint(window, listed.at(-1)) }),
      prefetchUris:
        this.#isLowLatency && isLive && !window.isInterrupted ? prefetchUris(window) : [],
      renditionReports: this.#isLowLatency && isLive ? window.siblings.map(renditionReport) : [],
      endList: !isLive,
    };
  }

  #version({ mediaExtension }: PlaylistSource, listed: readonly Segment[]): number {
    if (this.#isLowLatency) return LOW_LATENCY_VERSION;
    if (listed.some(({ isGap }) => isGap)) return GAP_VERSION;
    return mediaExtension === 'ts' ? TS_VERSION : FMP4_VERSION;
  }

  #segments(listed: readonly Segment[], skipped: number, window: PlaylistSource): MediaSegment[] {
    const partsTicks =
      window.targetDurationSeconds * VIDEO_TIMESCALE * PARTS_LISTED_TARGET_DURATIONS;
    const segments: MediaSegment[] = [];
    let behindTicks = window.openSegment?.durationTicks ?? 0;
    for (let i = listed.length - 1; i >= skipped; i--) {
      const segment = listed[i];
      if (!segment) continue;
      const hasParts = this.#isLowLatency && behindTicks <= partsTicks && !segment.isGap;
      behindTicks += segment.durationTicks;
      segments.push({
        ...this.#start(segment, i === skipped ? undefined : listed[i - 1], window, hasParts),
        uri: segmentUri(segment.msn, window.mediaExtension),
        durationSeconds: segment.durationTicks / VIDEO_TIMESCALE,
        title: 'live',
        gap: segment.isGap,
      });
    }
    return segments.reverse();
  }

  /** `previous`: the segment listed before it, whose init segment still holds. */
  #start(
    segment: Segment,
    previous: Segment | undefined,
    { mediaExtension }: PlaylistSource,
    hasParts = true,
  ): OpenSegment {
    const isOtherInit = segment.initGeneration !== previous?.initGeneration;
    // The IVS player wants one at every discontinuity, be it the same.
    const needsMap = mediaExtension === 'm4s' && (isOtherInit || segment.isDiscontinuous);
    return {
      discontinuity: segment.isDiscontinuous,
      ...(needsMap && { mapUri: initUri(segment.initGeneration) }),
      programDateTimeMs: segment.programDateTimeMs,
      parts: hasParts
        ? segment.parts.map((part) => partLine(segment.msn, part, mediaExtension))
        : [],
    };
  }
}

function partLine(msn: number, part: Part, extension: MediaExtension): PartialSegment {
  return {
    uri: partUri(msn, part.index, extension),
    durationSeconds: part.durationTicks / VIDEO_TIMESCALE,
    independent: part.isIndependent,
    gap: false,
  };
}

function serverControl(window: PlaylistSource): ServerControl {
  return {
    canBlockReload: true,
    canSkipUntilSeconds: window.targetDurationSeconds * SKIP_BOUNDARY_TARGET_DURATIONS,
    holdBackSeconds: holdBackSeconds(window),
    partHoldBackSeconds: partHoldBackSeconds(window),
  };
}

/** How far from the end of the playlist players keep that load whole segments. */
export const holdBackSeconds = ({
  targetDurationSeconds,
}: Pick<PlaylistSource, 'targetDurationSeconds'>): number =>
  targetDurationSeconds * HOLD_BACK_TARGET_DURATIONS;

/** How far from the end of the playlist players keep that load parts. */
export const partHoldBackSeconds = ({
  partTargetSeconds,
}: Pick<PlaylistSource, 'partTargetSeconds'>): number =>
  partTargetSeconds * PART_HOLD_BACK_PART_TARGETS;

/** Segments that end further from the end of the playlist than the skip boundary; one that straddles it stays. */
function countSkippable(listed: readonly Segment[], window: PlaylistSource): number {
  const boundary = window.targetDurationSeconds * VIDEO_TIMESCALE * SKIP_BOUNDARY_TARGET_DURATIONS;
  return countBefore(listed, boundary - (window.openSegment?.durationTicks ?? 0));
}

/**
 * The next part, or the first of the next segment when this one is as long as the one before it: encoders keep their
 * keyframe interval, and a hint that comes true saves its reader a 404.
 */
function preloadHint(window: PlaylistSource, previous: Segment | undefined): PreloadHint {
  const open = window.openSegment;
  const halfPartTicks = (window.partTargetSeconds * VIDEO_TIMESCALE) / 2;
  const isFull = open && previous && open.durationTicks > previous.durationTicks - halfPartTicks;
  const { nextMsn, nextPart, mediaExtension } = window;
  const uri = isFull
    ? partUri(nextMsn + 1, 0, mediaExtension)
    : partUri(nextMsn, nextPart, mediaExtension);
  return { type: 'PART', uri };
}

function prefetchUris({ nextMsn, mediaExtension }: PlaylistSource): string[] {
  return Array.from({ length: PREFETCH_SEGMENTS[mediaExtension] }, (_, ahead) =>
    segmentUri(nextMsn + ahead, mediaExtension),
  );
}

/** "LAST-MSN … of the last Media Segment currently in the specified Rendition", open or not, "LAST-PART" of it (4.4.5.4). */
function renditionReport(sibling: SiblingSource): RenditionReport {
  const { name, nextMsn, nextPart } = sibling;
  const [lastMsn, partCount] =
    nextPart > 0
      ? [nextMsn, nextPart]
      : [nextMsn - 1, sibling.segment(nextMsn - 1)?.parts.length ?? 0];
  return { uri: siblingUri(name), lastMsn, ...(partCount > 0 && { lastPart: partCount - 1 }) };
}
