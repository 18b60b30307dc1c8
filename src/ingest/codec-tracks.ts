import { audioTrackOf } from '../media/codec-tracks.ts';
import type { AudioTrack } from '../media/frame.ts';
import { AudioObjectType } from '../protocols/codecs/aac.ts';
import type { NalUnitLengthSize } from '../protocols/codecs/avc.ts';
import { AvcNalUnitType, containsIdr, nalUnits } from '../protocols/codecs/avc.ts';
import { IngestRejection } from './rejection.ts';

/**
 * The audio track that an AAC sequence header describes. HE-AAC signalled explicitly (object types 5 and 29) is
 * refused by name. Signalled backward compatibly it is AAC-LC to anyone who does not look further, and is taken
 * as that.
 */
export function acceptedAudioTrack(sequenceHeader: Uint8Array): AudioTrack {
  const { track, audioObjectType } = audioTrackOf(sequenceHeader);
  if (audioObjectType !== AudioObjectType.aacLc) {
    const isHeAac =
      audioObjectType === AudioObjectType.spectralBandReplication ||
      audioObjectType === AudioObjectType.parametricStereo;
    throw new IngestRejection(
      'unsupported-codec',
      `${isHeAac ? 'HE-AAC' : 'AAC'} (audio object type ${audioObjectType}) is not supported: only AAC-LC (2) is`,
    );
  }
  return track;
}

/** ISO 14496-10 D.1.1: payloadType of a recovery point. */
const SEI_RECOVERY_POINT = 6;

/**
 * Whether decoding can start here: at an IDR picture, or at a recovery point, which is all that x264's
 * intra-refresh and open GOPs ever give. Asked only of frames that the encoder flags as keyframes.
 */
export function isRandomAccessPoint(payload: Uint8Array, lengthSize: NalUnitLengthSize): boolean {
  if (containsIdr(payload, lengthSize)) return true;
  for (const nalUnit of nalUnits(payload, lengthSize)) {
    const type = (nalUnit[0] ?? 0) & 0x1f;
    if (type === AvcNalUnitType.codedSlice) return false;
    if (type === AvcNalUnitType.supplementalEnhancementInformation && hasRecoveryPoint(nalUnit)) {
      return true;
    }
  }
  return false;
}

/** Walks the sei_messages of ISO 14496-10 7.3.2.3.1: type and size, each in runs of 0xff. */
function hasRecoveryPoint(sei: Uint8Array): boolean {
  let at = 1;
  const readRun = () => {
    let value = 0;
    while (sei[at] === 0xff) {
      value += 0xff;
      at++;
    }
    value += sei[at] ?? 0;
    at++;
    return value;
  };
  while (at + 2 < sei.byteLength) {
    if (readRun() === SEI_RECOVERY_POINT) return true;
    at += readRun();
  }
  return false;
}
