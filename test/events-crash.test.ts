import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '../src/events/envelope.ts';
import { EventReceiver } from './support/event-receiver.ts';
import {
  type IvoryAccess,
  IvoryProcess,
  type TestChannel,
  temporaryDirectory,
} from './support/ivory.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { until } from './support/until.ts';

const CHANNELS = 10;
/** Of each channel in each of four runs: a session has two events where no picture comes. */
const SESSIONS_PER_RUN = 13;
const DELIVERED_WITHIN_MS = 40_000;

/** How the receiver treats the n-th request of a run. */
const TROUBLES: readonly ((n: number) => 'take' | 'fail' | 'hang' | 'slow')[] = [
  (n) => (n % 5 === 0 ? 'fail' : 'take'),
  (n) => (n % 40 === 7 ? 'hang' : 'take'),
  () => 'slow',
  () => 'take',
];

/** An encoder that connects, says nothing and goes; again if the one before has not quite gone. */
async function publishOnce(ivory: IvoryAccess, streamKey: string): Promise<void> {
  for (;;) {
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    const { level } = await client.publish(streamKey);
    if (level === 'error') continue;
    client.unpublish(streamKey);
    client.socket.end();
    await client.closed;
    return;
  }
}

/** What each channel's history says, in the order it was written: the events of its sessions. */
function historyIn(database: string): Map<string, string[]> {
  using db = new DatabaseSync(database, { readOnly: true });
  const history = new Map<string, string[]>();
  for (const { channel, told } of db
    .prepare(
      `select s.channel_arn as channel, s.stream_id || ' ' || e.name as told
       from stream_session s join stream_event e on e.stream_id = s.stream_id
       order by s.rowid, e.sequence`,
    )
    .all()) {
    history.set(String(channel), [...(history.get(String(channel)) ?? []), String(told)]);
  }
  return history;
}

test('1,000 events reach a receiver that fails, hangs, is slow and is killed, over three kill -9 of Ivory: each at least once, in the order of its channel, with the same id', async (t) => {
  await using directory = await temporaryDirectory();
  await using receiver = await EventReceiver.start();
  await using well = await EventReceiver.start();
  await using nobody = await EventReceiver.start();
  await nobody.kill();
  const secret = 'a secret of this test';
  const targets = [
    { name: 'troubled', type: 'webhook', url: receiver.url, secret, timeoutSeconds: 1 },
    { name: 'well', type: 'webhook', url: well.url, secret },
    { name: 'dead', type: 'webhook', url: nobody.url, secret },
  ];
  const file = path.join(directory.path, 'event-targets.json');
  await writeFile(file, JSON.stringify({ targets }), { mode: 0o600 });

  let channels: TestChannel[] = [];
  const acknowledged: Envelope[] = [];
  for (const [run, trouble] of TROUBLES.entries()) {
    let n = 0;
    receiver.answer = ({ body }, response) => {
      const kind = trouble(n++);
      if (kind === 'hang') return;
      if (kind === 'fail') {
        response.writeHead(500).end();
        return;
      }
      acknowledged.push(JSON.parse(body));
      if (kind === 'slow') void delay(20).then(() => response.end());
      else response.end();
    };
    await using process = new IvoryProcess(directory.path);
    const ivory = await process.ready();
    if (run === 0) {
      channels = await Promise.all(Array.from({ length: CHANNELS }, () => ivory.createChannel()));
    }
    const isLast = run === TROUBLES.length - 1;
    let published = 0;
    const publishing = Promise.allSettled(
      channels.map(async ({ streamKey }) => {
        for (let session = 0; session < SESSIONS_PER_RUN + (isLast ? 2 : 0); session++) {
          await publishOnce(ivory, streamKey);
          published++;
        }
      }),
    );
    if (run === 1) {
      // The receiver goes away in the middle, and comes back.
      await until('some events', () => n > 40, { timeoutMs: 20_000 });
      await receiver.kill();
      await delay(300);
      await receiver.listen();
    }
    if (!isLast) {
      const enough = CHANNELS * SESSIONS_PER_RUN - 5;
      await until('encoders', () => published >= enough, { timeoutMs: 30_000 });
      await process.kill('SIGKILL');
      await publishing;
      continue;
    }
    await publishing;
    await Promise.all(channels.map(({ arn }) => ivory.untilOffline(arn)));
    const pending = /ivory_events_pending\{target="(troubled|well)"\} 0/g;
    await until(
      'all events to be delivered',
      async () => {
        const metrics = await (await fetch(`${ivory.url}/metrics`)).text();
        return (metrics.match(pending) ?? []).length === 2;
      },
      { timeoutMs: DELIVERED_WITHIN_MS, intervalMs: 200 },
    );
    const metrics = await (await fetch(`${ivory.url}/metrics`)).text();
    assert.match(metrics, /ivory_events_delivered_total\{target="dead"\} 0/);
    assert.equal((await process.kill('SIGTERM')).code, 0);
  }

  const history = historyIn(path.join(directory.path, 'ivory.db'));
  const total = [...history.values()].reduce((sum, events) => sum + events.length, 0);
  t.diagnostic(`${total} events, ${receiver.received.length} requests`);
  assert.ok(total >= 1000, `${total} events`);
  const seen = receiver.received.map(({ body }): Envelope => JSON.parse(body));
  for (const [what, envelopes] of [
    ['seen', seen],
    ['acknowledged', acknowledged],
    ['well', well.received.map(({ body }): Envelope => JSON.parse(body))],
  ] as const) {
    const first = new Map<string, Envelope>();
    const ids = new Map<string, string>();
    for (const envelope of envelopes) {
      const { id, resources, detail } = envelope;
      const told = `${detail['stream_id']} ${detail['event_name']}`;
      if (!first.has(id)) first.set(id, envelope);
      assert.deepEqual(first.get(id), envelope, 'one id, one event');
      const key = `${resources[0]} ${told}`;
      assert.equal(ids.get(key) ?? id, id, 'one event, one id');
      ids.set(key, id);
    }
    const byChannel = Map.groupBy(first.values(), ({ resources }) => resources[0]!);
    for (const { arn } of channels) {
      assert.deepEqual(
        (byChannel.get(arn) ?? []).map(
          ({ detail }) => `${detail['stream_id']} ${detail['event_name']}`,
        ),
        history.get(arn),
        what,
      );
    }
  }
});
