/** An FLV file's header and first PreviousTagSize, Adobe FLV 10.1 E.2 and E.3. */
export const FLV_HEADER_BYTES = 9;
/** E.4.1, up to the body. */
export const FLV_TAG_HEADER_BYTES = 11;
/** E.3: the size of the tag before, body and header. */
export const PREVIOUS_TAG_SIZE_BYTES = 4;

/** TagType, E.4.1. */
export const FLV_TAG_TYPE = { audio: 8, video: 9, script: 18 } as const;

/** One tag: what an RTMP message is on the network. */
export interface FlvTag {
  readonly kind: 'audio' | 'video' | 'script';
  /** Modulo 2^32: 24 bits and TimestampExtended. */
  readonly timestampMs: number;
  readonly body: Uint8Array;
}
