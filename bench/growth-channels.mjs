// What each channel stored more costs: the same database with more and more of them, read by a server that has just started.
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetStreamCommand, ListChannelsCommand } from '@aws-sdk/client-ivs';
import { makeClip } from './clip.mjs';
import { countedCalls } from './counted-calls.mjs';
import { IvoryServer } from './ivory-server.mjs';
import { cpuSeconds, during, residentBytes } from './processes.mjs';
import { Publisher } from './publisher.mjs';
import { signedCall } from './signed-call.mjs';
import { wrkCall } from './wrk.mjs';

const CONNECTIONS = 16;
const CREATED = 500;
/** Signatures are good for five minutes. */
const CREATED_AT_ONCE = 20_000;
const NAMES = 100;
/** Also of what is started for the first call of its kind. */
const WARM_UP_CALLS = 200;

/** `sizes`: how many channels, ascending. */
export async function measureChannels(directory, { sizes, seconds }) {
  const clip = path.join(directory, 'clip.flv');
  await makeClip(clip, 500);
  const data = path.join(directory, 'channels');
  const quotas = `channels=${sizes.at(-1) + sizes.length * (CREATED + WARM_UP_CALLS) + CONNECTIONS * 100}`;
  let server = await IvoryServer.start(data, { quotas });
  const [live] = await server.createChannels(1, { name: 'live' });
  let stored = 1;
  const rows = [];
  for (const channels of sizes) {
    while (stored < channels) {
      stored += (await create(server, Math.min(channels - stored, CREATED_AT_ONCE))).requests;
    }
    await server.stop();
    const startedMs = performance.now();
    server = await IvoryServer.start(data, { quotas });
    const [startMs, startCpu] = [performance.now() - startedMs, cpuSeconds(server.pid)];
    const memory = residentBytes(server.pid);
    const publisher = await goLive(server, live, clip);
    const calls = (operation, input) => measureCalls(server, operation, input, seconds);
    const getStream = await calls('GetStream', { channelArn: live.arn });
    const page = await calls('ListChannels', { maxResults: 100 });
    const walk = await during(server.pid, () => walkChannels(server));
    const lastPage = await calls('ListChannels', { maxResults: 100, ...walk.result.last });
    const byName = await calls('ListChannels', { filterByName: 'live' });
    await create(server, WARM_UP_CALLS);
    const creation = await during(server.pid, () => create(server, CREATED));
    stored += WARM_UP_CALLS + creation.result.requests;
    publisher.stop();
    const failed = [getStream, page, lastPage, byName].reduce((sum, call) => sum + call.failed, 0);
    const row = {
      channels: walk.result.count,
      'start CPU s': startCpu,
      'start ms': Math.round(startMs),
      'MB at the start': memory / 1e6,
      'GetStream a second': getStream.perSecond,
      'GetStream CPU ms a 1,000': getStream.cpuMs,
      'first page CPU ms a 1,000': page.cpuMs,
      'last page CPU ms a 1,000': lastPage.cpuMs,
      'by name CPU ms a 1,000': byName.cpuMs,
      'all pages CPU ms a 1,000 channels': (walk.cpu * 1e6) / walk.result.count,
      'CreateChannel a second': creation.result.perSecond,
      'CreateChannel CPU ms a 1,000': (creation.cpu * 1e6) / creation.result.requests,
      'CreateChannel p99 ms': creation.result.p99Ms,
      'MB at the end': residentBytes(server.pid) / 1e6,
      failed: failed + creation.result.failed,
    };
    rows.push(row);
    console.error(JSON.stringify(row));
  }
  await server.stop();
  const curve = (name, column = name) => ({
    name,
    points: rows.map((row) => [row.channels, row[column]]),
  });
  const common = { x: 'channels stored', isLogarithmic: true };
  const ofCalls = ['GetStream', 'CreateChannel', 'last page', 'by name'].map((name) =>
    curve(name, `${name} CPU ms a 1,000`),
  );
  return {
    rows,
    panels: [
      { ...common, title: 'start, CPU s', curves: [curve('start CPU s')] },
      { ...common, title: 'CPU ms a thousand calls', curves: ofCalls },
      {
        ...common,
        title: 'memory, MB',
        curves: [curve('MB at the start'), curve('MB at the end')],
      },
    ],
  };
}

async function goLive(server, channel, clip) {
  const publisher = new Publisher(clip);
  await publisher.publish([server.rtmpUrl(channel)]);
  const get = new GetStreamCommand({ channelArn: channel.arn });
  while (!(await server.send(get).catch(() => undefined))) await sleep(200);
  return publisher;
}

async function create(server, count) {
  const signed = (_, i) =>
    signedCall('CreateChannel', server.endpoint, { name: `bench-${i}`, type: 'BASIC' });
  const calls = await Promise.all(Array.from({ length: NAMES }, signed));
  const answered = await countedCalls(calls, count, CONNECTIONS);
  if (answered.failed > 0)
    throw new Error(`cannot create ${count} channels: ${answered.failed} failed`);
  return answered;
}

async function measureCalls(server, operation, input, seconds) {
  const call = await signedCall(operation, server.endpoint, input);
  await countedCalls([call], WARM_UP_CALLS, CONNECTIONS);
  const options = [`-c${CONNECTIONS}`, `-d${Math.ceil(seconds / 2)}s`];
  const { cpu, result } = await during(server.pid, () => wrkCall(call, options));
  return { ...result, cpuMs: (cpu * 1e6) / result.requests };
}

/** How many channels there are, and what asks for the last page. */
async function walkChannels(server) {
  let [count, nextToken, last] = [0, undefined, {}];
  do {
    last = nextToken === undefined ? {} : { nextToken };
    const page = await server.send(new ListChannelsCommand({ maxResults: 100, ...last }));
    count += page.channels.length;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return { count, last };
}
