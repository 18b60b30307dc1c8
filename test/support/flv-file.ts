/** One tag of an FLV file, Adobe FLV 10.1 E.4.1; for tests that take real media from ffmpeg. */
export interface FlvTag {
  readonly kind: 'audio' | 'video' | 'script';
  readonly timestampMs: number;
  readonly body: Uint8Array;
}

const KINDS = { 8: 'audio', 9: 'video', 18: 'script' } as const;

export function* flvTags(file: Uint8Array): Generator<FlvTag> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const u24 = (at: number) => view.getUint16(at) * 256 + view.getUint8(at + 2);
  let at = view.getUint32(5) + 4; // DataOffset, PreviousTagSize0
  while (at + 11 <= file.byteLength) {
    const kind = KINDS[(view.getUint8(at) & 0x1f) as keyof typeof KINDS];
    const size = u24(at + 1);
    const timestampMs = u24(at + 4) + view.getUint8(at + 7) * 2 ** 24;
    yield { kind, timestampMs, body: file.subarray(at + 11, at + 11 + size) };
    at += 11 + size + 4; // header, body, PreviousTagSize
  }
}

export interface FlvSample {
  readonly dtsMs: number;
  readonly compositionOffsetMs: number;
  readonly isSync: boolean;
  readonly payload: Uint8Array;
}

/** The H.264 and AAC of an FLV file as ffmpeg writes it. */
export interface FlvMedia {
  readonly avcDecoderConfiguration?: Uint8Array;
  readonly audioSpecificConfig?: Uint8Array;
  readonly video: FlvSample[];
  readonly audio: FlvSample[];
}

export function readFlvMedia(file: Uint8Array): FlvMedia {
  const media: { -readonly [K in keyof FlvMedia]: FlvMedia[K] } = { video: [], audio: [] };
  for (const { kind, timestampMs, body } of flvTags(file)) {
    if (kind === 'video' && body[1] === 0) media.avcDecoderConfiguration = body.subarray(5);
    if (kind === 'video' && body[1] === 1) {
      media.video.push({
        dtsMs: timestampMs,
        compositionOffsetMs: ((body[2]! << 24) | (body[3]! << 16) | (body[4]! << 8)) >> 8,
        isSync: body[0]! >> 4 === 1,
        payload: body.subarray(5),
      });
    }
    if (kind === 'audio' && body[1] === 0) media.audioSpecificConfig = body.subarray(2);
    if (kind === 'audio' && body[1] === 1) {
      media.audio.push({
        dtsMs: timestampMs,
        compositionOffsetMs: 0,
        isSync: true,
        payload: body.subarray(2),
      });
    }
  }
  return media;
}
