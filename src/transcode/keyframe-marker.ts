import type { VideoTrack } from '../media/frame.ts';
import {
  AvcNalUnitType,
  containsIdr,
  type NalUnitLengthSize,
  nalUnitEnd,
  nalUnitType,
  parseAvcDecoderConfiguration,
} from '../protocols/codecs/avc.ts';
import type { QueuedFrame } from './input-queue.ts';

/**
 * A recovery point whose picture is whole at once, ISO 14496-10 D.1.8: recovery_frame_cnt 0, exact_match_flag,
 * broken_link_flag and changing_slice_group_idc 0, and the bits that fill the byte. Before it payloadType and payloadSize.
 */
const RECOVERY_POINT = [AvcNalUnitType.supplementalEnhancementInformation, 6, 1, 0x84, 0x80];

/**
 * Keyframes of the source, as ffmpeg takes them for such: its decoder calls a picture a keyframe if it is an IDR picture or is
 * whole at its recovery point. With intra refresh none is, for a decoder that starts there; for one that has seen what was
 * before, every picture is whole. So all are marked but the first.
 */
export class KeyframeMarker {
  readonly #lengthSize: NalUnitLengthSize;
  #isFirst = true;

  constructor({ decoderConfiguration }: VideoTrack) {
    this.#lengthSize = parseAvcDecoderConfiguration(decoderConfiguration).nalUnitLengthSize;
  }

  mark(queued: QueuedFrame): QueuedFrame {
    const { frame } = queued;
    if (frame.kind === 'audio' || !frame.isKeyframe) return queued;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (isFirst || containsIdr(frame.payload, this.#lengthSize)) return queued;
    return { ...queued, frame: { ...frame, payload: marked(frame.payload, this.#lengthSize) } };
  }
}

/** Of several such messages, the last one before the slices counts. */
function marked(payload: Uint8Array, lengthSize: NalUnitLengthSize): Uint8Array {
  const at = firstSlice(payload, lengthSize);
  if (at === undefined) return payload;
  const mark = new Uint8Array(lengthSize + RECOVERY_POINT.length);
  mark[lengthSize - 1] = RECOVERY_POINT.length;
  mark.set(RECOVERY_POINT, lengthSize);
  return Buffer.concat([payload.subarray(0, at), mark, payload.subarray(at)]);
}

/** Where its length is. */
function firstSlice(payload: Uint8Array, lengthSize: NalUnitLengthSize): number | undefined {
  for (let at = 0; at < payload.byteLength; ) {
    const start = at + lengthSize;
    const end = nalUnitEnd(payload, at, lengthSize);
    if (end > start && nalUnitType(payload, start) === AvcNalUnitType.codedSlice) return at;
    at = end;
  }
  return undefined;
}
