/** ffmpeg's names of the H.264 encoders that ladders can be made with, in software and in hardware. */
export const VIDEO_ENCODERS = [
  'libx264',
  'h264_nvenc',
  'h264_vaapi',
  'h264_qsv',
  'h264_videotoolbox',
] as const;

export type VideoEncoder = (typeof VIDEO_ENCODERS)[number];
