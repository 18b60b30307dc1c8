import { readFileSync } from 'node:fs';
import { TRACKS } from '../../../test/support/media.ts';
import { ChunkReader } from '../../protocols/rtmp/chunk-reader.ts';
import type { RtmpMessage } from '../../protocols/rtmp/message.ts';

/** C0, C1 and C2. */
export const HANDSHAKE_BYTES = 1 + 1536 + 1536;

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const i24 = (value: number) => Buffer.of((value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff);

/** Bodies of FLV tags, the smallest that do. */
export const SEQUENCE_HEADER_720P = Buffer.concat([
  hex('17 00 000000'),
  TRACKS.video.decoderConfiguration,
]);
/** The same stream at 192x108, as libx264 described it. */
export const SEQUENCE_HEADER_108P = () =>
  Buffer.from(captured('ffmpeg-publish.bin').find(({ typeId }) => typeId === 9)!.body);
export const AAC_48K_STEREO = hex('af 00 1190');
export const AAC_44K_STEREO = hex('af 00 1210');

export const keyframe = (compositionTimeMs = 0) =>
  Buffer.concat([hex('17 01'), i24(compositionTimeMs), hex('00000002 6588')]);
/** Flagged as a keyframe; its slice is not of an IDR picture. `sei`: a NAL unit before it. */
export const claimedKeyframe = (sei = '') =>
  Buffer.concat([hex('17 01 000000'), hex(sei), hex('00000002 419a')]);
export const RECOVERY_POINT_SEI = '00000005 06 06 01 c4 80';
export const interFrame = (compositionTimeMs = 0) =>
  Buffer.concat([hex('27 01'), i24(compositionTimeMs), hex('00000002 419a')]);
export const aacFrame = () => hex('af 01 2110');

/** What an encoder sent, from `test/fixtures/rtmp`. */
export function capturedBytes(name: string): Buffer {
  return readFileSync(new URL(`../../../test/fixtures/rtmp/${name}`, import.meta.url));
}

export function captured(name: string): RtmpMessage[] {
  const reader = new ChunkReader(8 * 1024 * 1024);
  reader.push(capturedBytes(name).subarray(HANDSHAKE_BYTES));
  const messages: RtmpMessage[] = [];
  for (let message = reader.next(); message; message = reader.next()) messages.push(message);
  return messages;
}
