// What each hour more of a stream costs: see hours.mjs.
import path from 'node:path';
import { ivoryCommand } from './ivory-process.mjs';
import { run } from './processes.mjs';

/** It is watched and recorded in full, and its parts are as many; only their bytes are fewer. */
const KBPS = 300;

export async function measureHours(directory, { hours }) {
  const [runtime] = ivoryCommand();
  const script = new URL('hours.mjs', import.meta.url).pathname;
  const data = path.join(directory, 'hours');
  const output = await run([runtime, '--no-warnings', script, data, String(hours), String(KBPS)]);
  const lines = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const rows = lines.map((line) => ({
    hour: line.hour,
    'CPU s a media hour': line.cpuSecondsAnHour,
    'heap MB': line.heapBytes / 1e6,
    'external MB': line.externalBytes / 1e6,
    slabs: line.slabs,
    'resident MB': line.residentBytes / 1e6,
    'longest playlist bytes': line.playlistBytes,
    problems: line.problems,
  }));
  const curve = (name, from = rows) => ({ name, points: from.map((row) => [row.hour, row[name]]) });
  const memory = ['heap MB', 'external MB', 'resident MB'].map((name) => curve(name));
  return {
    rows,
    panels: [
      {
        title: 'CPU s a media hour',
        x: 'hours',
        curves: [curve('CPU s a media hour', rows.slice(1))],
      },
      { title: 'memory, MB', x: 'hours', curves: memory },
      { title: 'longest playlist, bytes', x: 'hours', curves: [curve('longest playlist bytes')] },
    ],
  };
}
