import {
  AvcNalUnitType,
  type NalUnitLengthSize,
  nalUnitType,
  parseAvcDecoderConfiguration,
  wholeNalUnitEnd,
} from '../codecs/avc.ts';

/** Four bytes: ISO 14496-10 B.1.2 wants the zero_byte before parameter sets and an access unit's first NAL unit. */
const START_CODE = Uint8Array.of(0, 0, 0, 1);

/** primary_pic_type 7: any kind of slice (ISO 14496-10 table 7-5). */
const ACCESS_UNIT_DELIMITER = Uint8Array.of(
  ...START_CODE,
  AvcNalUnitType.accessUnitDelimiter,
  0xf0,
);

/**
 * H.264 access units as transport streams have them (ISO 13818-1 2.14.1): a byte stream with start codes in the place of
 * lengths, begun by an access unit delimiter, and complete with parameter sets where decoding can start. What is left of an access
 * unit behind its last whole NAL unit is left out: encoders pad with zeros, and players of other containers do not look there.
 */
export class AnnexBFormat {
  readonly #lengthSize: NalUnitLengthSize;
  /** What is written before the source's NAL units. */
  readonly #prefix = ACCESS_UNIT_DELIMITER;
  readonly #prefixWithParameterSets: Uint8Array;

  /** Takes an AVCDecoderConfigurationRecord; throws `ProtocolViolation` if it is none. */
  constructor(decoderConfiguration: Uint8Array) {
    const { nalUnitLengthSize, sps, pps } = parseAvcDecoderConfiguration(decoderConfiguration);
    this.#lengthSize = nalUnitLengthSize;
    const parameterSets = [...sps, ...pps].flatMap((nalUnit) => [START_CODE, nalUnit]);
    this.#prefixWithParameterSets = Buffer.concat([ACCESS_UNIT_DELIMITER, ...parameterSets]);
  }

  /** Of what `write` writes. */
  byteLength(accessUnit: Uint8Array, isRandomAccess: boolean): number {
    let byteLength = this.#prefixOf(accessUnit, isRandomAccess).byteLength;
    const lengthSize = this.#lengthSize;
    let end: number | undefined;
    for (let at = 0; (end = wholeNalUnitEnd(accessUnit, at, lengthSize)) !== undefined; at = end) {
      const start = at + lengthSize;
      if (isWritten(accessUnit, start, end)) byteLength += START_CODE.byteLength + end - start;
    }
    return byteLength;
  }

  /** Writes a length-prefixed access unit. The source's own delimiters are left out: there is one already. */
  write(bytes: Uint8Array, start: number, accessUnit: Uint8Array, isRandomAccess: boolean): void {
    const prefix = this.#prefixOf(accessUnit, isRandomAccess);
    bytes.set(prefix, start);
    let writeAt = start + prefix.byteLength;
    const lengthSize = this.#lengthSize;
    let end: number | undefined;
    for (let at = 0; (end = wholeNalUnitEnd(accessUnit, at, lengthSize)) !== undefined; at = end) {
      const nalUnitStart = at + lengthSize;
      if (!isWritten(accessUnit, nalUnitStart, end)) continue;
      bytes.set(START_CODE, writeAt);
      bytes.set(accessUnit.subarray(nalUnitStart, end), writeAt + START_CODE.byteLength);
      writeAt += START_CODE.byteLength + end - nalUnitStart;
    }
  }

  #prefixOf(accessUnit: Uint8Array, isRandomAccess: boolean): Uint8Array {
    return isRandomAccess && !this.#hasParameterSets(accessUnit)
      ? this.#prefixWithParameterSets
      : this.#prefix;
  }

  #hasParameterSets(accessUnit: Uint8Array): boolean {
    let hasSps = false;
    let hasPps = false;
    const lengthSize = this.#lengthSize;
    let end: number | undefined;
    for (let at = 0; (end = wholeNalUnitEnd(accessUnit, at, lengthSize)) !== undefined; at = end) {
      const start = at + lengthSize;
      if (end === start) continue;
      const type = nalUnitType(accessUnit, start);
      if (type === AvcNalUnitType.sequenceParameterSet) hasSps = true;
      if (type === AvcNalUnitType.pictureParameterSet) hasPps = true;
    }
    return hasSps && hasPps;
  }
}

/** Neither empty nor a delimiter. */
function isWritten(bytes: Uint8Array, start: number, end: number): boolean {
  return end > start && nalUnitType(bytes, start) !== AvcNalUnitType.accessUnitDelimiter;
}
