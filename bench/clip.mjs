// What encoders send in a benchmark: 720p30 with a keyframe every 2 s, 3 Mbit/s unless told otherwise, 20 s of it.
import { run } from './processes.mjs';

const AUDIO_KBPS = 128;

export function makeClip(file, kbps = 3000) {
  const videoRate = `${kbps - AUDIO_KBPS}k`;
  const pictures = 'testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t';
  const sound = 'sine=frequency=440:sample_rate=48000';
  const inputs = ['-f', 'lavfi', '-i', pictures, '-f', 'lavfi', '-i', sound, '-t', '20'];
  const rate = [
    '-b:v',
    videoRate,
    '-minrate',
    videoRate,
    '-maxrate',
    videoRate,
    '-bufsize',
    videoRate,
  ];
  const x264 = '-c:v libx264 -preset veryfast -pix_fmt yuv420p -g 60 -sc_threshold 0 -bf 0'.split(
    ' ',
  );
  const aac = ['-c:a', 'aac', '-b:a', `${AUDIO_KBPS}k`];
  return run([
    'ffmpeg',
    '-y',
    '-loglevel',
    'error',
    ...inputs,
    ...x264,
    ...rate,
    ...aac,
    '-f',
    'flv',
    file,
  ]);
}
