// `node --no-warnings bench/hours.mjs <directory> <hours> <kbps>`: one stream of many hours on a clock that is moved as fast as media
// is taken. Prints a line of JSON for each media hour. For the Node.js that Ivory runs with: it takes TypeScript as it is.
import { LongStream } from '../test/support/long-stream.ts';

const [directory, hours, kbps] = process.argv.slice(2);
const STEP_SECONDS = 1800;
/** The window is full, and the compiler has seen the code. */
const WARM_UP_SECONDS = 300;

await using stream = await LongStream.start(directory, { kbps: Number(kbps) });
await stream.run(WARM_UP_SECONDS);
report(0);
while (stream.mediaSeconds - WARM_UP_SECONDS < hours * 3600) {
  const before = process.cpuUsage();
  await stream.run(STEP_SECONDS);
  const { user, system } = process.cpuUsage(before);
  report(((user + system) / 1e6) * (3600 / STEP_SECONDS));
}

function report(cpuSecondsAnHour) {
  const playlistBytes = stream.viewers.map(({ longestPlaylistBytes }) => longestPlaylistBytes);
  const line = {
    hour: (stream.mediaSeconds - WARM_UP_SECONDS) / 3600,
    cpuSecondsAnHour,
    playlistBytes: Math.max(...playlistBytes),
    ...stream.memory(),
    problems: stream.log.lines.filter(({ level }) => level === 'error' || level === 'warn').length,
  };
  console.log(JSON.stringify(line));
}
