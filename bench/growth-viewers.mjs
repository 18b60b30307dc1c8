// What each viewer more costs: playlists as fast as they are taken, and reloads that wait.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeClip } from './clip.mjs';
import { IvoryServer, mediaPlaylistUrl } from './ivory-server.mjs';
import { ParkedViewers } from './parked-viewers.mjs';
import { during, residentBytes } from './processes.mjs';
import { Publisher } from './publisher.mjs';
import { wrk } from './wrk.mjs';

/** The window is full, and the compiler has seen the code. */
const WARM_UP_MS = 34_000;
const IDLE_MS = 4000;
const STARTING_AT_ONCE = 50;

/** `sizes`: how many viewers, ascending. */
export async function measureViewers(directory, { sizes, seconds, kbps }) {
  const clip = path.join(directory, 'clip.flv');
  await makeClip(clip, kbps);
  const server = await IvoryServer.start(path.join(directory, 'viewers'));
  const [channel] = await server.createChannels(1);
  const publisher = new Publisher(clip);
  await publisher.publish([channel.rtmpUrl]);
  await sleep(WARM_UP_MS);
  await wrk(['-c50', '-d3s', await mediaPlaylistUrl(channel.playbackUrl)]);
  const idle = await during(server.pid, () => sleep(IDLE_MS));
  const idleCpu = (span) => (idle.cpu / idle.seconds) * span;
  // Before any load: what a connection leaves behind would be the next one's.
  const emptyBytes = residentBytes(server.pid);
  const waits = [];
  for (const viewers of sizes) {
    const urls = await startViewers(channel.playbackUrl, viewers);
    const waiting = await measureWaiting(server.pid, urls, seconds);
    waits.push({ ...waiting, urls });
    console.error(`${viewers} viewers wait: ${waiting.answers} answers`);
    await sleep(1000);
  }
  const rows = [];
  for (const [i, viewers] of sizes.entries()) {
    const { urls, ...waiting } = waits[i];
    const script = await rotating(directory, urls);
    await wrk([`-c${viewers}`, '-d2s', '-s', script, urls[0]]);
    const reload = await during(server.pid, () =>
      wrk([`-c${viewers}`, `-d${seconds}s`, '-s', script, urls[0]]),
    );
    const row = {
      viewers,
      'playlists a second': reload.result.perSecond,
      'CPU ms a 1,000 playlists':
        ((reload.cpu - idleCpu(reload.seconds)) * 1e6) / reload.result.requests,
      // Connecting is part of it: the event loop accepts a few connections a round.
      'p99 ms': reload.result.p99Ms,
      'kB a connection': (waiting.idleBytes - emptyBytes) / viewers / 1e3,
      'kB a parked reload': (waiting.parkedBytes - emptyBytes) / viewers / 1e3,
      'CPU ms a 1,000 releases': ((waiting.cpu - idleCpu(waiting.seconds)) * 1e6) / waiting.answers,
      'first to last ms': waiting.spreadMs,
      failed: reload.result.failed + waiting.failures,
    };
    rows.push(row);
    console.error(JSON.stringify(row));
  }
  publisher.stop();
  await server.stop();
  const curve = (name) => ({ name, points: rows.map((row) => [row.viewers, row[name]]) });
  const many = ({ name, points }) => ({
    name,
    points: points.filter(([viewers]) => viewers >= 100),
  });
  const common = { x: 'viewers', isLogarithmic: true };
  return {
    rows,
    panels: [
      {
        ...common,
        title: 'CPU ms a thousand',
        curves: [curve('CPU ms a 1,000 playlists'), many(curve('CPU ms a 1,000 releases'))],
      },
      { ...common, title: 'ms', curves: [curve('p99 ms'), curve('first to last ms')] },
      {
        ...common,
        title: 'memory, kB',
        curves: [many(curve('kB a connection')), many(curve('kB a parked reload'))],
      },
    ],
  };
}

/** Media playlists of so many viewing sessions. */
async function startViewers(playbackUrl, count) {
  const urls = [];
  while (urls.length < count) {
    const some = Math.min(STARTING_AT_ONCE, count - urls.length);
    urls.push(
      ...(await Promise.all(Array.from({ length: some }, () => mediaPlaylistUrl(playbackUrl)))),
    );
  }
  return urls;
}

/** A script that has wrk ask for one after the other. */
async function rotating(directory, urls) {
  const file = path.join(directory, 'viewers.lua');
  const paths = urls.map((url) => `"${url.slice(new URL(url).origin.length)}"`);
  await writeFile(
    file,
    `local paths = {${paths.join(',\n')}}\nlocal at = 0\nfunction request()\n  at = at % #paths + 1\n  return wrk.format("GET", paths[at])\nend\n`,
  );
  return file;
}

async function measureWaiting(pid, urls, seconds) {
  const viewers = new ParkedViewers();
  await viewers.open(urls);
  await sleep(1000);
  const idleBytes = residentBytes(pid);
  const playlist = await (await fetch(urls[0])).text();
  const [first] = /(?<=MEDIA-SEQUENCE:)\d+/.exec(playlist);
  const next = Number(first) + playlist.match(/#EXTINF/g).length;
  await viewers.wait(next + 1);
  // The first release is of requests that the server has just taken.
  await sleep(3000);
  await viewers.report();
  const span = await during(pid, () => sleep(seconds * 1000));
  const parkedBytes = residentBytes(pid);
  const { answers, failures, spreadsMs } = await viewers.report();
  viewers.stop();
  const spreadMs = spreadsMs.toSorted((a, b) => a - b)[Math.floor(spreadsMs.length / 2)];
  return { ...span, idleBytes, parkedBytes, answers, failures, spreadMs };
}
