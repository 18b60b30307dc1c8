import type { VideoTrack } from '../media/frame.ts';
import {
  AvcNalUnitType,
  firstSlice,
  type NalUnitLengthSize,
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
    if (isFirst) return queued;
    const slice = firstSlice(frame.payload, this.#lengthSize);
    if (slice?.type !== AvcNalUnitType.codedSlice) return queued;
    const payload = marked(frame.payload, slice.at, this.#lengthSize);
    return { ...queued, frame: { ...frame, payload } };
  }
}

/** Of several such messages, the last one before the slices counts. */
function marked(payload: Uint8Array, at: number, lengthSize: NalUnitLengthSize): Uint8Array {
  const mark = new Uint8Array(lengthSize + RECOVERY_POINT.length);
  mark[lengthSize - 1] = RECOVERY_POINT.length;
  mark.set(RECOVERY_POINT, lengthSize);
  return Buffer.concat([payload.subarray(0, at), mark, payload.subarray(at)]);
}
