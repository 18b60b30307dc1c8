import type { AudioTrack, FrameSink, MediaTracks, VideoTrack } from '../media/frame.ts';

/** What a child's frames begin with, as the source's do. */
export interface Opening {
  /** The source announced new tracks: so does every rendition, which keeps them alike. */
  readonly isNewSource: boolean;
  /** The timeline jumps, or there is a gap in it. */
  readonly isBreak: boolean;
}

/** A rendition's sink over the lives of several children: it remembers what the sink was told. */
export class RenditionFeed {
  readonly sink: FrameSink;
  #announced: MediaTracks | undefined;

  constructor(sink: FrameSink) {
    this.sink = sink;
  }

  /** Before the first keyframe of a child. */
  open(tracks: MediaTracks, opening: Opening): void {
    if (this.#announced !== undefined && opening.isBreak) this.sink.discontinuity();
    if (opening.isNewSource) this.#tell(tracks);
    else this.announce(tracks);
  }

  /** Before any later keyframe. */
  announce(tracks: MediaTracks): void {
    const known = this.#announced;
    const isKnown =
      known !== undefined && isSame(known.video, tracks.video) && isSame(known.audio, tracks.audio);
    if (!isKnown) this.#tell(tracks);
  }

  #tell(tracks: MediaTracks): void {
    this.#announced = tracks;
    this.sink.tracks(tracks);
  }
}

function isSame(
  a: VideoTrack | AudioTrack | undefined,
  b: VideoTrack | AudioTrack | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a.decoderConfiguration, b.decoderConfiguration) === 0;
}
