import { spawnSync } from 'node:child_process';
import { type Child, startChild } from './child.ts';

const FRAME_RATE = 30;
const KEYFRAME_INTERVAL_SECONDS = 2;

/** The wall clock over the picture: held beside a clock, it shows how late the viewer sees it. */
const CLOCK =
  "drawtext=text='%{localtime}':x=(w-tw)/2:y=h-th-80:fontsize=64:fontcolor=white:box=1:boxcolor=black@0.7:boxborderw=16";

/** Publishes ffmpeg's test pattern and a tone, in real time, until it is disposed of. */
export function publishTestPattern(rtmpUrl: string): Child {
  const picture = `testsrc2=size=1280x720:rate=${FRAME_RATE}`;
  const gop = String(FRAME_RATE * KEYFRAME_INTERVAL_SECONDS);
  return startChild({
    name: 'ffmpeg',
    command: 'ffmpeg',
    args: [
      ...['-hide_banner', '-nostdin', '-loglevel', 'warning'],
      ...['-re', '-f', 'lavfi', '-i', canDrawText() ? `${picture},${CLOCK}` : picture],
      ...['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
      ...['-profile:v', 'main', '-g', gop, '-keyint_min', gop, '-sc_threshold', '0'],
      ...['-b:v', '2500k', '-maxrate', '2500k', '-bufsize', '2500k'],
      ...['-c:a', 'aac', '-b:a', '128k', '-ac', '2'],
      ...['-f', 'flv', rtmpUrl],
    ],
    // ffmpeg says goodbye to the server on SIGINT, and only then.
    stopSignal: 'SIGINT',
  });
}

/** Whether this ffmpeg has the filter and finds a font; without, testsrc2's own counter has to do. */
function canDrawText(): boolean {
  const input = ['-f', 'lavfi', '-i', `testsrc2=size=640x360:rate=1,${CLOCK}`, '-frames:v', '1'];
  return spawnSync('ffmpeg', ['-nostdin', ...input, '-f', 'null', '-']).status === 0;
}
