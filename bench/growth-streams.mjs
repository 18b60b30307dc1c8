// What each stream more costs: the same server with more and more of them.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeClip } from './clip.mjs';
import { IvoryServer, mediaPlaylistUrl, positionSeconds, spread } from './ivory-server.mjs';
import { during, residentBytes } from './processes.mjs';
import { Publisher } from './publisher.mjs';

/** A window is seven target durations of 4 s, and one that still lingers. */
const WINDOW_MS = 34_000;
const WATCHED = 10;
/** Slower than this a stream falls behind its encoder. */
const MIN_SPEED = 0.97;

/** `sizes`: how many streams, ascending. `seconds`: how long each is measured. */
export async function measureStreams(directory, { sizes, seconds, kbps }) {
  const clip = path.join(directory, 'clip.flv');
  await makeClip(clip, kbps);
  const server = await IvoryServer.start(path.join(directory, 'streams'), {
    quotas: `concurrent-streams=${sizes.at(-1)}`,
  });
  const channels = await server.createChannels(sizes.at(-1));
  const publisher = new Publisher(clip);
  await sleep(2000);
  const emptyBytes = residentBytes(server.pid);
  const rows = [];
  for (const [i, streams] of sizes.entries()) {
    const added = channels.slice(sizes[i - 1] ?? 0, streams);
    await publisher.publish(added.map(({ rtmpUrl }) => rtmpUrl));
    await sleep(WINDOW_MS);
    const watched = await Promise.all(
      spread(channels.slice(0, streams), WATCHED).map(({ playbackUrl }) =>
        mediaPlaylistUrl(playbackUrl),
      ),
    );
    await publisher.report();
    const before = await positions(watched);
    const { cpu, seconds: elapsed } = await during(server.pid, () => sleep(seconds * 1000));
    const after = await positions(watched);
    const { lateP99Ms, slippedMs, closed } = await publisher.report();
    const speeds = after.map(
      ({ position, atMs }, n) => ((position - before[n].position) * 1000) / (atMs - before[n].atMs),
    );
    const slowest = Math.min(...speeds);
    const media = (elapsed * speeds.reduce((sum, speed) => sum + speed, 0)) / speeds.length;
    rows.push({
      streams,
      'CPU s a stream-minute': (cpu * 60) / media / streams,
      'of a core': cpu / elapsed,
      'MB a stream': (residentBytes(server.pid) - emptyBytes) / streams / 1e6,
      'slowest stream': slowest,
      'publisher late p99 ms': lateP99Ms,
      'publisher slipped ms': slippedMs,
      ended: closed,
    });
    console.error(
      `${streams} streams: ${(cpu / elapsed).toFixed(2)} of a core, slowest at ${slowest.toFixed(3)}`,
    );
    if (slowest < MIN_SPEED && slippedMs === 0) break;
  }
  publisher.stop();
  await server.stop();
  return {
    rows,
    panels: [
      { title: 'CPU s a stream-minute', y: 'CPU s a stream-minute' },
      { title: 'memory of a stream, MB', y: 'MB a stream' },
      { title: 'of one core', y: 'of a core', isLogarithmic: false },
    ].map(({ title, y, isLogarithmic = true }) => ({
      ...{ title, x: 'streams', isLogarithmic },
      curves: [{ name: y, points: rows.map((row) => [row.streams, row[y]]) }],
    })),
  };
}

function positions(urls) {
  return Promise.all(
    urls.map(async (url) => ({ position: await positionSeconds(url), atMs: performance.now() })),
  );
}
