// `node bench/growth.mjs [streams|viewers|channels|hours]...`: how cost grows with what there is of each. Prints a table for each curve
// and draws it into docs/plots. Linux; needs ffmpeg, wrk and taskset. The server is on one core, the rest on the others.
//
//   --sizes 1,10,50      of the curve, instead of its own     --seconds 10  how long each is measured
//   --kbps 3000          of each stream                       --hours 12    of the accelerated stream
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureChannels } from './growth-channels.mjs';
import { measureHours } from './growth-hours.mjs';
import { measureStreams } from './growth-streams.mjs';
import { measureViewers } from './growth-viewers.mjs';
import { svgOf } from './plot.mjs';
import { stop } from './processes.mjs';

const CURVES = {
  streams: { measure: measureStreams, sizes: '1,10,50,100,200,400,500' },
  viewers: { measure: measureViewers, sizes: '1,10,100,1000,5000' },
  channels: { measure: measureChannels, sizes: '1,100,1000,10000,100000' },
  hours: { measure: measureHours, sizes: '' },
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: 'string' },
    seconds: { type: 'string', default: '8' },
    kbps: { type: 'string', default: '3000' },
    hours: { type: 'string', default: '12' },
  },
});
const plots = fileURLToPath(new URL('../docs/plots', import.meta.url));
await mkdir(plots, { recursive: true });

for (const name of positionals.length > 0 ? positionals : Object.keys(CURVES)) {
  const { measure, sizes } = CURVES[name];
  const directory = await mkdtemp(path.join(tmpdir(), 'ivory-growth-'));
  try {
    const { rows, panels } = await measure(directory, {
      sizes: (flags.sizes ?? sizes).split(',').map(Number),
      seconds: Number(flags.seconds),
      kbps: Number(flags.kbps),
      hours: Number(flags.hours),
    });
    print(name, rows);
    await writeFile(path.join(plots, `${name}.svg`), svgOf(panels));
  } finally {
    stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** As a table that a Markdown document takes. */
function print(name, rows) {
  const columns = Object.keys(rows[0]);
  const shown = (value) =>
    Number.isInteger(value) ? String(value) : Number(value.toPrecision(3)).toString();
  console.log(
    `\n### ${name}\n\n| ${columns.join(' | ')} |\n|${columns.map(() => '--:|').join('')}`,
  );
  for (const row of rows)
    console.log(`| ${columns.map((column) => shown(row[column])).join(' | ')} |`);
}
