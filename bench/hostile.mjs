// `node bench/hostile.mjs [kinds...]`: what honest viewers and encoders notice of a hostile client beside them. Prints the same figures
// without and beside it; ends with 1 where one is worse than it may be. Linux; needs ffmpeg, wrk and taskset.
//
//   --streams 10   --seconds 60   --kbps 3000
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { makeClip } from './clip.mjs';
import { HostileClient } from './hostile-client.mjs';
import { IvoryServer, mediaPlaylistUrl } from './ivory-server.mjs';
import { LowLatencyViewer } from './low-latency-viewer.mjs';
import { during, residentBytes, stop } from './processes.mjs';
import { Publisher } from './publisher.mjs';
import { wrk } from './wrk.mjs';

const KINDS = [
  'slow-readers',
  'parked',
  'far-ahead',
  'slow-heads',
  'half-open-streams',
  'chunks',
  'flood',
];
/** The window is full, and the compiler has seen the code. */
const WARM_UP_MS = 34_000;
/** Until it has as many connections as it is let have, and the first of them were cut. */
const HOSTILE_WARM_UP_MS = 20_000;
/** The server has cut what it cuts, and forgotten it. */
const AFTERMATH_MS = 25_000;
const CONNECTIONS = 100;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    streams: { type: 'string', default: '10' },
    // Five parts a second: of fewer than some hundred, the p99 is the worst one.
    seconds: { type: 'string', default: '60' },
    kbps: { type: 'string', default: '3000' },
  },
});
const kinds = positionals.length > 0 ? positionals : KINDS;
const seconds = Number(flags.seconds);

const directory = await mkdtemp(path.join(tmpdir(), 'ivory-hostile-'));
try {
  const clip = path.join(directory, 'clip.flv');
  await makeClip(clip, Number(flags.kbps));
  const server = await IvoryServer.start(path.join(directory, 'data'));
  const honest = await server.createChannels(Number(flags.streams));
  const [ofChunks, ...ofHostile] = await server.createChannels(4);
  const publisher = new Publisher(clip);
  await publisher.publish(honest.map(({ rtmpUrl }) => rtmpUrl));
  await sleep(WARM_UP_MS);
  // The viewer, the load and the attack are each on a channel of their own.
  const [watched, loaded, attacked] = await Promise.all(
    honest.slice(0, 3).map(({ playbackUrl }) => mediaPlaylistUrl(playbackUrl)),
  );
  const viewer = new LowLatencyViewer();
  await viewer.play(watched);
  await wrk([`-c${CONNECTIONS}`, '-d3s', loaded]);

  const measured = { server, viewer, publisher, loaded };
  const without = await measure(measured);
  const hostile = new HostileClient();
  const targets = { playlistUrl: attacked, rtmpUrls: ofHostile.map(({ rtmpUrl }) => rtmpUrl) };
  await hostile.begin(
    kinds.filter((kind) => kind !== 'chunks'),
    targets,
  );
  const chunks = new Publisher(clip, { chunkBytes: 128, localAddress: '127.0.0.2' });
  if (kinds.includes('chunks')) await chunks.publish([ofChunks.rtmpUrl]);
  await sleep(HOSTILE_WARM_UP_MS);
  console.error(JSON.stringify(await hostile.report()));
  const beside = await measure(measured);
  console.error(JSON.stringify(await hostile.report()));
  hostile.stop();
  chunks.stop();
  await sleep(AFTERMATH_MS);
  const after = residentBytes(server.pid);
  publisher.stop();
  viewer.stop();
  await server.stop();
  print(without, beside, after);
} finally {
  stop();
  await rm(directory, { recursive: true, force: true });
}

/** First without a load, then with as many playlists as the server answers. */
async function measure({ server, viewer, publisher, loaded }) {
  await viewer.report(0);
  await publisher.report();
  const quiet = await during(server.pid, () => sleep(seconds * 1000));
  const ofQuiet = await viewer.report((await publisher.report()).startedMs[0]);
  const busy = await during(server.pid, () => wrk([`-c${CONNECTIONS}`, `-d${seconds}s`, loaded]));
  const { slippedMs, closed, startedMs } = await publisher.report();
  const ofBusy = await viewer.report(startedMs[0]);
  const { requests, perSecond, p99Ms, failed } = busy.result;
  return {
    'of a core, without the playlists': quiet.cpu / quiet.seconds,
    'of a core, with them': busy.cpu / busy.seconds,
    'playlists a second': perSecond,
    'CPU ms a 1,000 playlists':
      ((busy.cpu - (quiet.cpu / quiet.seconds) * busy.seconds) * 1e6) / requests,
    'playlists p99 ms': p99Ms,
    'failed playlists': failed,
    'part p50 ms': ofQuiet.p50Ms,
    'part p99 ms': ofQuiet.p99Ms,
    'part p50 ms, under the load': ofBusy.p50Ms,
    'part p99 ms, under the load': ofBusy.p99Ms,
    'missed parts': ofQuiet.missed + ofBusy.missed,
    'publisher slipped ms': slippedMs,
    'encoders cut off': closed,
    'memory MB': residentBytes(server.pid) / 1e6,
  };
}

function print(without, beside, after) {
  const shown = (value) => String(Number(value.toPrecision(3)));
  console.log(`\n${kinds.join(', ')}\n\n| | without | beside it | ratio |\n|---|--:|--:|--:|`);
  for (const [name, before] of Object.entries(without)) {
    const ratio = before > 0 ? (beside[name] / before).toFixed(2) : '';
    console.log(`| ${name} | ${shown(before)} | ${shown(beside[name])} | ${ratio} |`);
  }
  console.log(
    `| memory MB, afterwards | | ${shown(after / 1e6)} | ${(after / 1e6 / without['memory MB']).toFixed(2)} |`,
  );
  const isHarmed = ['missed parts', 'encoders cut off', 'failed playlists'].some(
    (name) => beside[name] > without[name],
  );
  const isDear = beside['CPU ms a 1,000 playlists'] > 1.1 * without['CPU ms a 1,000 playlists'];
  if (isHarmed || isDear) process.exitCode = 1;
}
