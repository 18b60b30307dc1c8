import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { HttpServer } from '../src/adapters/http-server.ts';
import { systemClock } from '../src/adapters/system.ts';
import { silentLogger } from '../src/lib/logger.ts';
import { parseMultivariantPlaylist } from '../src/protocols/hls/testing/multivariant-playlist-parser.ts';
import { ACCOUNT_ID, CHANNEL_ID, FilledWindow, REGION, streamOnAir } from './support/playback.ts';
import { FakePlaybackRecords, playbackOf } from './support/playback-access.ts';
import { TokenKey } from './support/playback-tokens.ts';
import type { PlaylistViewers } from './support/playlist-viewers.ts';

const VIEWERS = 2_000;
const RELOADS = 20;
const MAX_SHARE = 0.05;
/** So many, and the share is known to half a percent (the standard deviation of 5 % of 2,000 draws). */
const ENOUGH_SAMPLES = 2_000;
/** A fast processor is busy for fewer samples, and a starved one takes fewer: rounds are added until there are enough. */
const MAX_ROUNDS = 10;

/** What a private channel has and a public one has not. What these call counts as theirs, but for what both have. */
const VERIFICATION = /\/src\/delivery\/(session-gate|session-ids|client-addresses|cut-off)\.ts$/;
/** The session of a request, in memory. */
const OF_BOTH = 'find';

test('2,000 viewers of a private channel reload its playlists: less than 5 % of the CPU goes into who they are', async (t) => {
  const key = new TokenKey();
  const records = new FakePlaybackRecords();
  records.keys = [key.publicKeyPem];
  const { window } = new FilledWindow({ clock: systemClock, segments: 8 });
  const stream = streamOnAir([window], { requiresAuthorization: true });
  const { routes, viewers } = playbackOf([stream], { clock: systemClock, records });
  const server = new HttpServer({ handlers: [routes.handle], log: silentLogger });
  t.after(async () => {
    await server.close(0);
    viewers.close();
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${port}/api/video/v1/${REGION}.${ACCOUNT_ID}.channel.${CHANNEL_ID}.m3u8`;

  const tokens = Array.from({ length: VIEWERS }, (_, viewer) =>
    key.token({
      'aws:channel-arn': stream.channelArn,
      'aws:viewer-id': `viewer ${viewer}`,
      exp: Math.floor(Date.now() / 1000) + 300,
    }),
  );
  const paths: string[] = [];
  const cpuBefore = process.cpuUsage();
  const start = async (): Promise<void> => {
    for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) {
      const text = await (await fetch(`${url}?token=${token}`)).text();
      const { pathname, search } = new URL(parseMultivariantPlaylist(text).variants[0]!.uri);
      paths.push(pathname + search);
    }
  };
  await Promise.all(Array.from({ length: 20 }, start));
  const { user, system } = process.cpuUsage(cpuBefore);
  t.diagnostic(
    `a start: ${((user + system) / VIEWERS / 1000).toFixed(2)} ms of CPU, its request's too`,
  );

  const reload = async (times: number): Promise<void> => {
    const workerData: PlaylistViewers = { port, paths, requests: VIEWERS * times };
    const program = new URL('./support/playlist-viewers.ts', import.meta.url);
    const worker = new Worker(program, { workerData });
    await once(worker, 'message');
    await worker.terminate();
  };
  // A session's first request opens its id and looks its viewer up: a part of its start.
  await reload(1);
  let busy = 0;
  let verifying = 0;
  for (let round = 0; round < MAX_ROUNDS && busy < ENOUGH_SAMPLES; round++) {
    const shares = sharesOf(await profileOf(() => reload(RELOADS)));
    busy += shares.busy;
    verifying += shares.verifying;
  }
  assert.equal(viewers.countPresent(stream.playbackId), VIEWERS);
  t.diagnostic(`${((verifying / busy) * 100).toFixed(2)} % of ${busy} samples`);
  assert.ok(busy >= ENOUGH_SAMPLES, `${busy} samples`);
  assert.ok(verifying / busy < MAX_SHARE, `${verifying} of ${busy} samples`);
});

async function profileOf(work: () => Promise<void>): Promise<Profiler.Profile> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
  await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return profile;
}

/** Samples of this thread that were not idle, and those of them below a function of the verification. */
function sharesOf({ nodes, samples = [] }: Profiler.Profile) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const verification = new Set<number>();
  const mark = (id: number, isInside: boolean): void => {
    const node = byId.get(id);
    if (!node) return;
    const { url, functionName } = node.callFrame;
    const isVerification = (isInside && functionName !== OF_BOTH) || VERIFICATION.test(url);
    if (isVerification) verification.add(id);
    for (const child of node.children ?? []) mark(child, isVerification);
  };
  mark(nodes[0]!.id, false);
  const idle = new Set(
    nodes
      .filter(({ callFrame }) => ['(idle)', '(root)'].includes(callFrame.functionName))
      .map(({ id }) => id),
  );
  const busy = samples.filter((id) => !idle.has(id));
  return { busy: busy.length, verifying: busy.filter((id) => verification.has(id)).length };
}
