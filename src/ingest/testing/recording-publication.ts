import assert from 'node:assert/strict';
import type { Frame, MediaTracks } from '../../media/frame.ts';
import type { EncoderMetadata, Publication, PublicationEnd } from '../publishing.ts';

/** Keeps what it is told, and fails the test at once when the order that `FrameSink` promises is broken. */
export class RecordingPublication implements Publication {
  readonly logFields = { channel: 'arn:channel', stream: 'st-1' };
  readonly resumeAtMs: number = 0;
  readonly frames: Frame[] = [];
  readonly announced: MediaTracks[] = [];
  readonly metadatas: EncoderMetadata[] = [];
  readonly texts: { readonly text: string; readonly ticks: number }[] = [];
  readonly ends: PublicationEnd[] = [];
  /** One word a call, in order: `tracks`, `key`, `video`, `audio`, `discontinuity`, `end`. */
  readonly calls: string[] = [];
  readonly receivedBytes = { video: 0, audio: 0 };
  readonly ended = Promise.withResolvers<PublicationEnd>();
  #awaitsKeyframe = true;
  #lastTicks = { video: -1, audio: -1 };

  get video(): Frame[] {
    return this.frames.filter(({ kind }) => kind === 'video');
  }

  get audio(): Frame[] {
    return this.frames.filter(({ kind }) => kind === 'audio');
  }

  tracks(tracks: MediaTracks): void {
    this.#called('tracks');
    const before = this.announced.at(-1)?.audio?.timescale;
    if (tracks.audio?.timescale !== before) this.#lastTicks.audio = -1;
    this.announced.push(tracks);
    this.#awaitsKeyframe = true;
  }

  frame(frame: Frame): void {
    const isKeyframe = frame.kind === 'video' && frame.isKeyframe;
    this.#called(isKeyframe ? 'key' : frame.kind);
    assert.ok(this.announced.length > 0, 'a frame before the tracks');
    assert.ok(isKeyframe || !this.#awaitsKeyframe, `a ${frame.kind} frame before the keyframe`);
    assert.ok(frame.kind === 'video' || this.announced.at(-1)?.audio, 'audio without a track');
    assert.ok(Number.isSafeInteger(frame.dtsTicks), `dts ${frame.dtsTicks}`);
    assert.ok(
      frame.dtsTicks > this.#lastTicks[frame.kind],
      `${frame.kind} dts ${frame.dtsTicks} after ${this.#lastTicks[frame.kind]}`,
    );
    this.#lastTicks[frame.kind] = frame.dtsTicks;
    this.#awaitsKeyframe = false;
    this.frames.push(frame);
  }

  discontinuity(): void {
    this.#called('discontinuity');
    this.#awaitsKeyframe = true;
    this.#lastTicks = { video: -1, audio: -1 };
  }

  timedMetadata(text: string, ticks: number): void {
    assert.equal(this.ends.length, 0, 'a text after the end');
    this.texts.push({ text, ticks });
  }

  metadata(metadata: EncoderMetadata): void {
    assert.equal(this.ends.length, 0, 'metadata after the end');
    this.metadatas.push(metadata);
  }

  received(kind: 'video' | 'audio', byteLength: number): void {
    assert.equal(this.ends.length, 0, 'received after the end');
    this.receivedBytes[kind] += byteLength;
  }

  end(end: PublicationEnd): void {
    this.#called('end');
    this.ends.push(end);
    this.ended.resolve(end);
  }

  #called(name: string): void {
    assert.equal(this.ends.length, 0, `${name} after the end`);
    this.calls.push(name);
  }
}
