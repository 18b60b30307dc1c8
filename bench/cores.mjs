// What more cores bring: the same work by one thread on one core, and by several on several.
// `node bench/cores.mjs [--cores 2] [--workers 2] [--rounds 3] [--share 0.3] [--streams 340,580]`
//
// The tools need a core as well: on a machine with as many cores as the server is given, they take from it what it could have had. So
// beside the rates there is what the busiest thread used: with enough cores that thread is all that bounds them. With `--share` the
// server's cores are so much of a real one each, and the tools have the rest: the rates are then what they would be beside idle cores.
// With `--streams` as well, nothing else is measured than whether one core carries so many streams in real time, and several so many. It
// takes minutes, and 16 MB a stream.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { secondsBehind } from './carried-streams.mjs';
import { makeClip } from './clip.mjs';
import { Flood } from './flood.mjs';
import { IvoryServer, mediaPlaylistUrl } from './ivory-server.mjs';
import { stop } from './processes.mjs';
import { Publisher } from './publisher.mjs';
import { SlowCores } from './slow-cores.mjs';
import { wrk } from './wrk.mjs';

const ENCODERS = 60;
/** More than some ten seconds of it would breach the bit rate of the channels. */
const REPETITIONS = 4;
const VIEWERS = 100;
const VIEWER_SECONDS = 12;
/** Until workers take connections, and their code is compiled. */
const SETTLE_MS = 3000;

const { values } = parseArgs({
  options: {
    cores: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    share: { type: 'string' },
    streams: { type: 'string' },
    workers: { type: 'string' },
  },
});
const cores = Number(values.cores);
if (values.streams && !values.share) throw new Error('--streams needs --share');
/** Of slower cores the CPU controller sees to it that nobody has too much, wherever that is. */
const placeOf = (count) => `0-${(values.share ? availableParallelism() : count) - 1}`;

/** Seconds of the processor, by thread. */
async function threadSeconds(pid) {
  const seconds = new Map();
  for (const task of await readdir(`/proc/${pid}/task`)) {
    const [name, stat] = await Promise.all(
      ['comm', 'schedstat'].map((file) => readFile(`/proc/${pid}/task/${task}/${file}`, 'utf8')),
    );
    const thread = name.trim();
    seconds.set(thread, (seconds.get(thread) ?? 0) + Number(stat.split(' ')[0]) / 1e9);
  }
  return seconds;
}

/** What `work` took, by thread, and for how long it ran. */
async function measured(pid, work) {
  const [before, startedMs] = [await threadSeconds(pid), performance.now()];
  const result = await work();
  const elapsedSeconds = (performance.now() - startedMs) / 1000;
  const used = [...(await threadSeconds(pid))].map(([name, s]) => s - (before.get(name) ?? 0));
  const all = used.reduce((sum, each) => sum + each, 0);
  return { result, elapsedSeconds, all, busiest: Math.max(...used) };
}

async function flood(server, clip) {
  const encoders = new Flood();
  const channels = await server.createChannels(ENCODERS);
  await encoders.publish(channels.map(({ rtmpUrl }) => rtmpUrl));
  const { result, ...cost } = await measured(server.pid, () => encoders.send(clip, REPETITIONS));
  encoders.stop();
  return { ...cost, mediaSeconds: result.mediaSeconds };
}

async function ingest(server, clip) {
  // Each thread compiles what it runs often.
  await flood(server, clip);
  await sleep(SETTLE_MS);
  const { mediaSeconds, elapsedSeconds, all, busiest } = await flood(server, clip);
  const minutes = mediaSeconds / 60;
  return {
    rate: mediaSeconds / elapsedSeconds,
    all: (all / minutes) * 1000,
    busiest: (busiest / minutes) * 1000,
  };
}

async function delivery(server, clip) {
  const publisher = new Publisher(clip);
  const [channel] = await server.createChannels(1);
  await publisher.publish([channel.rtmpUrl]);
  const url = await mediaPlaylistUrl(channel.playbackUrl);
  await wrk([`-c${VIEWERS}`, '-d3s', url]);
  const { result, ...cost } = await measured(server.pid, () =>
    wrk([`-c${VIEWERS}`, `-d${VIEWER_SECONDS}s`, url]),
  );
  publisher.stop();
  return {
    rate: result.perSecond,
    all: (cost.all / result.requests) * 1e6,
    busiest: (cost.busiest / result.requests) * 1e6,
  };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const WORKS = [
  {
    name: 'encoders in a hurry: seconds of media a second',
    work: ingest,
    unit: 'ms a stream-minute',
  },
  { name: `playlists to ${VIEWERS} viewers: a second`, work: delivery, unit: 'µs each' },
];
const PLACES = [
  { name: 'one core', count: 1, workers: '0' },
  { name: `${cores} cores`, count: cores, workers: values.workers ?? String(cores) },
];

/** Runs it with a server in that place; `slowDown` makes its cores as slow as they are to be. */
async function withServer({ count, workers }, run) {
  const data = await mkdtemp(path.join(directory, 'data-'));
  const server = await IvoryServer.start(data, { cores: placeOf(count), workers });
  await sleep(SETTLE_MS);
  let slow;
  const slowDown = () => {
    if (values.share)
      slow = new SlowCores(server.pid, { cores: count, share: Number(values.share) });
  };
  try {
    return await run(server, slowDown);
  } finally {
    await server.stop();
    slow?.remove();
  }
}

async function compareRates(clip) {
  console.log(
    '| work | where | rate | processor, all threads | the busiest thread |\n|---|---|--:|--:|--:|',
  );
  for (const { name, work, unit } of WORKS) {
    const results = PLACES.map(() => []);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [i, place] of PLACES.entries()) {
        const result = await withServer(place, (server, slowDown) => {
          slowDown();
          return work(server, clip);
        });
        results[i].push(result);
      }
    }
    const [one, several] = results.map((each) => ({
      rate: median(each.map(({ rate }) => rate)),
      all: median(each.map(({ all }) => all)),
      busiest: median(each.map(({ busiest }) => busiest)),
    }));
    for (const [i, { rate, all, busiest }] of [one, several].entries()) {
      const cells = [name, PLACES[i].name, rate.toFixed(0), `${all.toFixed(1)} ${unit}`];
      console.log(`| ${[...cells, busiest.toFixed(1)].join(' | ')} |`);
    }
    // With cores for the tools, either all of the server's are busy or one thread is.
    const byProcessor = one.all / Math.max(several.busiest, several.all / cores);
    const ratio = (several.rate / one.rate).toFixed(2);
    console.log(`| | ratio | ${ratio}; with cores for the tools ${byProcessor.toFixed(2)} | | |`);
  }
}

async function compareStreams(clip) {
  console.log(
    '| where | streams in real time | seconds behind, median | at worst |\n|---|--:|--:|--:|',
  );
  const counts = values.streams.split(',').map(Number);
  for (const [i, place] of PLACES.entries()) {
    const streams = counts[i];
    const behind = await withServer(place, (server, slowDown) =>
      secondsBehind(server, clip, { streams, onFull: slowDown }),
    );
    const figures = [median(behind), Math.max(...behind)].map((seconds) => seconds.toFixed(2));
    console.log(`| ${[place.name, streams, ...figures].join(' | ')} |`);
  }
}

const directory = await mkdtemp(path.join(tmpdir(), 'ivory-cores-'));
try {
  const clip = path.join(directory, 'clip.flv');
  await makeClip(clip);
  if (values.streams) await compareStreams(clip);
  else await compareRates(clip);
} finally {
  stop();
  await rm(directory, { recursive: true, force: true });
}
