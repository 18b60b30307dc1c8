// `npm run bench [seconds]`: what live video costs on this machine, here and with nginx and its RTMP module, as ratios of one
// run. Linux; needs ffmpeg, nginx, libnginx-mod-rtmp and wrk (Debian's packages of these names). The server is on one
// core, encoders and viewers are on the others.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeClip } from './clip.mjs';
import { during, run, start, stop } from './processes.mjs';
import { ivory, nginx } from './servers.mjs';

const WINDOW_SECONDS = Number(process.argv[2] ?? 12);
const ROUNDS = 3;
const STREAMS = 20;
const VIEWERS = 100;
/**
 * What a change must not exceed, on any host. Segments: 0.74 where a copy into the kernel is cheap, 2.1 where `sendfile` costs nginx
 * half of what it does there.
 */
const BARS = [
  { work: 'ingest', ratio: 1.25 },
  { work: 'playlists', ratio: 1.25 },
  { work: 'segments', ratio: 2.6 },
];
/** Until the first segments are there, and the compiler has seen the code. */
const WARM_UP_MS = 8000;

for (const program of ['ffmpeg', 'nginx', 'wrk', 'taskset']) {
  if (!isThere(program)) {
    console.error(
      `bench needs ${program}: apt-get install ffmpeg nginx libnginx-mod-rtmp wrk util-linux`,
    );
    process.exit(1);
  }
}

const directory = await mkdtemp(path.join(tmpdir(), 'ivory-bench-'));
const results = new Map();
try {
  const clip = path.join(directory, 'clip.flv');
  await makeClip(clip);
  // Side by side, in turns: whatever else the machine does meets both.
  for (let round = 1; round <= ROUNDS; round++) {
    for (const server of [nginx, ivory]) {
      console.error(`round ${round} of ${ROUNDS}: ${server.name}`);
      const folder = await mkdtemp(path.join(directory, `${server.name}-`));
      for (const [work, figure] of await measure(await server.start(folder, STREAMS), clip)) {
        const row = results.get(work) ?? { nginx: [], ivory: [] };
        row[server.name].push(figure);
        results.set(work, row);
      }
    }
  }
} finally {
  stop();
  await rm(directory, { recursive: true, force: true });
}
print();

/** CPU of the server for each kind of work. */
async function measure(server, clip) {
  const encoders = server.rtmpUrls.map((url) =>
    start([
      'ffmpeg',
      '-loglevel',
      'error',
      '-re',
      '-stream_loop',
      '-1',
      '-i',
      clip,
      '-c',
      'copy',
      '-f',
      'flv',
      url,
    ]),
  );
  await sleep(WARM_UP_MS);
  const ingest = await during(server.pid, () => sleep(WINDOW_SECONDS * 1000));
  for (const encoder of encoders.slice(1)) encoder.kill('SIGKILL');
  await sleep(1000);

  const idle = await during(server.pid, () => sleep(2000));
  const load = async (url) => {
    let report;
    const used = await during(server.pid, async () => {
      report = await run(['wrk', '-t1', `-c${VIEWERS}`, '-d4s', '--timeout', '10s', url]);
    });
    const requests = Number(/(\d+) requests in/.exec(report)[1]);
    if (/Non-2xx/.test(report)) throw new Error(`viewers of ${url} had errors:\n${report}`);
    return { requests, cpu: used.cpu - (idle.cpu / idle.seconds) * used.seconds };
  };
  const playlistUrl = await server.playlistUrl(0);
  const playlists = await load(playlistUrl);
  const segmentUrl = await newestSegment(playlistUrl);
  const segmentBytes = (await (await fetch(segmentUrl)).arrayBuffer()).byteLength;
  const segments = await load(segmentUrl);
  encoders[0].kill('SIGKILL');
  await server.stop();
  return new Map([
    [
      `ingest and packaging, ${STREAMS} streams of 3 Mbit/s: CPU ms a stream-second`,
      (ingest.cpu * 1000) / ingest.seconds / STREAMS,
    ],
    [
      `playlists to ${VIEWERS} viewers: CPU ms a thousand`,
      (playlists.cpu * 1e6) / playlists.requests,
    ],
    [
      `segments to ${VIEWERS} viewers: CPU ms a GB`,
      (segments.cpu * 1e12) / (segments.requests * segmentBytes),
    ],
  ]);
}

async function newestSegment(playlistUrl) {
  const lines = (await (await fetch(playlistUrl)).text()).split('\n');
  return new URL(
    lines.findLast((line) => line !== '' && !line.startsWith('#')),
    playlistUrl,
  ).href;
}

function print() {
  const width = Math.max(...[...results.keys()].map((work) => work.length));
  console.log(`${''.padEnd(width)}  nginx-rtmp      Ivory   Ivory / nginx-rtmp   bar`);
  let isAbove = false;
  for (const [work, { nginx: theirs, ivory: ours }] of results) {
    const ratios = ours.map((figure, round) => figure / theirs[round]);
    const [their, our, ratio] = [theirs, ours, ratios].map(median);
    const bar = BARS.find(({ work: prefix }) => work.startsWith(prefix)).ratio;
    isAbove ||= ratio > bar;
    const verdict = ratio > bar ? `${bar.toFixed(2)}  ABOVE` : bar.toFixed(2);
    console.log(
      `${work.padEnd(width)}  ${their.toFixed(2).padStart(10)} ${our.toFixed(2).padStart(10)}   ${ratio.toFixed(2).padStart(18)}   ${verdict}`,
    );
  }
  console.log(
    `\nMedians of ${ROUNDS} rounds. nginx-rtmp writes plain HLS, segments of 2 s, and serves files with sendfile; Ivory makes`,
  );
  console.log(
    'low-latency HLS, parts of 0.2 s, with everything on that a default start has on. Less is better; docs/performance.md',
  );
  console.log('says what the bars are and what is behind the figures.');
  if (isAbove) process.exitCode = 1;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function isThere(program) {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
