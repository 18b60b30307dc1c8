// Whether a server carries so many streams in real time: how far behind their encoders they are.
import { setTimeout as sleep } from 'node:timers/promises';
import { mediaPlaylistUrl, positionSeconds, spread } from './ivory-server.mjs';
import { Publisher } from './publisher.mjs';

/** Windows are full: from here on a stream takes no memory that is new. */
const FILL_MS = 45_000;
/** The cores have become slower, and what was late for that is made up for. */
const SETTLE_MS = 20_000;
/** Long enough for several collections of all garbage, each of which holds everything up for a moment. */
const LOOKS = 30;
const LOOK_MS = 2_000;
const WATCHED = 16;

/**
 * `onFull`: called once the streams have run for a while. Resolves with how many seconds the stream that is furthest behind is behind,
 * at moments of a minute. A part and its newest picture are 0.2.
 */
export async function secondsBehind(server, clip, { streams, onFull }) {
  const publisher = new Publisher(clip);
  try {
    const channels = await server.createChannels(streams);
    await publisher.publish(channels.map(({ rtmpUrl }) => rtmpUrl));
    const watched = await watch(channels);
    await sleep(FILL_MS);
    onFull();
    await sleep(SETTLE_MS);
    const looks = [];
    while (looks.length < LOOKS) {
      await sleep(LOOK_MS);
      looks.push(await look(watched, publisher));
    }
    return looks;
  } finally {
    publisher.stop();
  }
}

/** Some of the streams, from their beginning on: whoever watches one for the first time makes a thread take it up. */
function watch(channels) {
  const numbered = channels.map(({ playbackUrl }, i) => ({ playbackUrl, i }));
  return Promise.all(
    spread(numbered, WATCHED).map(async ({ playbackUrl, i }) => ({
      url: await mediaPlaylistUrl(playbackUrl),
      i,
    })),
  );
}

/** A stream that has ended is behind for ever. */
async function look(watched, publisher) {
  const { startedMs, closed } = await publisher.report();
  if (closed > 0) return Number.POSITIVE_INFINITY;
  const seconds = await Promise.all(
    watched.map(async ({ url, i }) => {
      const position = await positionSeconds(url);
      return (Date.now() - startedMs[i]) / 1000 - position;
    }),
  );
  return Math.max(...seconds);
}
