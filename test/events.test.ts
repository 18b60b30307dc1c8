import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import {
  CreateAdConfigurationCommand,
  CreateRecordingConfigurationCommand,
  InsertAdBreakCommand,
  StopStreamCommand,
} from '@aws-sdk/client-ivs';
import type { Envelope } from '../src/events/envelope.ts';
import { EventReceiver } from './support/event-receiver.ts';
import {
  ACCOUNT_ID,
  type IvoryAccess,
  IvoryProcess,
  startIvoryForTest,
  temporaryDirectory,
} from './support/ivory.ts';
import { fetchMediaPlaylistUrl } from './support/ll-hls-client.ts';
import { publish } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { until } from './support/until.ts';

const SECRET = 'a secret of these tests';
const PATIENCE_MS = 20_000;

/** Follows `/events`, as a console does. */
class Follower implements AsyncDisposable {
  readonly envelopes: Envelope[] = [];
  lastId = '';
  /** Resolves when the server ended it, or it was disposed of. */
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();

  private constructor(response: Response, abort: AbortController) {
    this.#abort = abort;
    this.ended = this.#follow(response).catch(() => {});
  }

  static async open(
    { url }: IvoryAccess,
    options: { readonly query?: string; readonly lastId?: string } = {},
  ): Promise<Follower> {
    const abort = new AbortController();
    const response = await fetch(`${url}/events${options.query ?? ''}`, {
      headers: options.lastId === undefined ? {} : { 'last-event-id': options.lastId },
      signal: abort.signal,
    });
    assert.equal(response.status, 200);
    return new Follower(response, abort);
  }

  get names(): string[] {
    return this.envelopes.map(nameOf);
  }

  async until(name: string, count = 1, timeoutMs = PATIENCE_MS): Promise<Envelope> {
    const find = () => this.envelopes.filter((envelope) => nameOf(envelope) === name)[count - 1];
    return until(`the event ${name}`, find, { timeoutMs });
  }

  async #follow({ body }: Response): Promise<void> {
    let text = '';
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const [, id] = /^id: (.*)$/m.exec(text.slice(0, end)) ?? [];
        const [, data] = /^data: (.*)$/m.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        this.lastId = id ?? this.lastId;
        if (data !== undefined) this.envelopes.push(JSON.parse(data));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }
}

const nameOf = ({ detail }: Envelope) =>
  String(detail['event_name'] ?? detail['limit_name'] ?? detail['recording_status']);

async function writeTargets(file: string, targets: readonly object[]): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify({ targets }), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Neither a picture nor a word: a session begins and ends. */
async function openSession(ivory: IvoryAccess, streamKey: string): Promise<void> {
  await using client = await RtmpClient.connect(ivory.rtmpPort);
  assert.notEqual((await client.publish(streamKey)).level, 'error');
  client.unpublish(streamKey);
  client.socket.end();
  await client.closed;
}

test('events leave for their real causes: a stream, its recording, an ad break, a refused takeover, both quotas', async () => {
  await using ivory = await startIvoryForTest({
    IVORY_QUOTAS: 'concurrent-streams=1,concurrent-views=1',
  });
  const { recordingConfiguration } = await ivory.ivs.send(
    new CreateRecordingConfigurationCommand({
      destinationConfiguration: { s3: { bucketName: 'events-test' } },
    }),
  );
  const { adConfiguration } = await ivory.ivs.send(
    new CreateAdConfigurationCommand({
      mediaTailorPlaybackConfigurations: [
        {
          playbackConfigurationArn: `arn:aws:mediatailor:us-west-2:${ACCOUNT_ID}:playbackConfiguration/a`,
        },
      ],
    }),
  );
  const channel = await until(
    'the recording configuration to be active',
    () =>
      ivory
        .createChannel({
          name: 'Told',
          containerFormat: 'TS',
          recordingConfigurationArn: recordingConfiguration!.arn!,
          adConfigurationArn: adConfiguration!.arn!,
        })
        .catch(() => undefined),
    { timeoutMs: PATIENCE_MS },
  );
  const other = await ivory.createChannel();
  await using all = await Follower.open(ivory);
  await using limits = await Follower.open(ivory, {
    query: `?pattern=${encodeURIComponent('{"detail-type":["IVS Limit Breach"]}')}`,
  });
  await using nothing = await Follower.open(ivory, {
    query: `?channel=${encodeURIComponent(other.arn)}`,
  });

  await using encoder = publish(`${channel.rtmpUrl}?priority=5`, { gopFrames: 30 });
  const { streamId } = await ivory.untilLive(channel.arn);
  const { adBreakId } = await ivory.ivs.send(
    new InsertAdBreakCommand({ channelArn: channel.arn, durationSeconds: 30 }),
  );
  await using weaker = await RtmpClient.connect(ivory.rtmpPort);
  assert.equal((await weaker.publish(`${channel.streamKey}?priority=4`)).level, 'error');
  for (let attempt = 0; attempt < 3; attempt++) {
    await using refused = await RtmpClient.connect(ivory.rtmpPort);
    assert.equal((await refused.publish(other.streamKey)).level, 'error');
  }
  await all.until('Recording Start');
  const watch = async () => (await fetch(channel.playbackUrl)).status;
  // A view is who asks for a media playlist.
  assert.equal((await fetch(await fetchMediaPlaylistUrl(channel.playbackUrl))).status, 200);
  for (let attempt = 0; attempt < 3; attempt++) assert.equal(await watch(), 429);
  await all.until('Concurrent Viewers');
  await ivory.ivs.send(new StopStreamCommand({ channelArn: channel.arn }));
  await all.until('Recording End', 1, 90_000);
  await encoder.ended;

  assert.deepEqual(all.names, [
    'Session Created',
    'Stream Start',
    'Ad Break Inserted',
    'Stream Takeover Failure',
    'Concurrent Broadcasts',
    'Recording Start',
    'Concurrent Viewers',
    'Stream End',
    'Session Ended',
    'Recording End',
  ]);
  assert.deepEqual(limits.names, ['Concurrent Broadcasts', 'Concurrent Viewers']);
  assert.deepEqual(nothing.names, []);
  const detailOf = (name: string) => all.envelopes.find((each) => nameOf(each) === name)!.detail;
  assert.deepEqual(detailOf('Concurrent Broadcasts'), {
    limit_name: 'Concurrent Broadcasts',
    limit_value: 1,
    exceeded_by: 1,
    limit_unit: 'active streams',
  });
  assert.deepEqual(detailOf('Concurrent Viewers'), {
    limit_name: 'Concurrent Viewers',
    limit_value: 1,
    exceeded_by: 1,
    limit_unit: 'viewers',
  });
  const adBreak = detailOf('Ad Break Inserted');
  assert.equal(adBreak['ad_break_id'], adBreakId);
  assert.deepEqual([adBreak['channel_name'], adBreak['stream_id']], ['Told', streamId]);
  assert.equal(detailOf('Stream Takeover Failure')['code'], 'StreamTakeoverInvalidPriority');
  assert.deepEqual(detailOf('Recording End')['recording_session_stream_ids'], [streamId]);
  const ofChannel = all.envelopes.filter(({ resources }) => resources.length > 0);
  assert.ok(ofChannel.every(({ resources }) => resources[0] === channel.arn));
  // The session tells the same of itself.
  assert.deepEqual(await ivory.eventNames(channel.arn), ofChannel.map(nameOf));
});

describe('targets', { concurrency: 3 }, () => {
  test('of a file that changes are taken over, and an orderly end delivers nothing twice', async () => {
    await using directory = await temporaryDirectory();
    await using first = await EventReceiver.start();
    await using second = await EventReceiver.start();
    const file = path.join(directory.path, 'targets.json');
    const hook = (name: string, { url }: EventReceiver) =>
      ({ name, type: 'webhook', url, secret: SECRET }) as const;
    await writeTargets(file, [hook('first', first)]);
    const env = { IVORY_EVENT_TARGETS_FILE: file, IVORY_LOG_LEVEL: 'info' };
    const namesAt = ({ received }: EventReceiver) =>
      received.map(({ body }) => nameOf(JSON.parse(body)));
    let streamKey: string;
    {
      await using process = new IvoryProcess(directory.path, env);
      const ivory = await process.ready();
      ({ streamKey } = await ivory.createChannel());
      await openSession(ivory, streamKey);
      await until('the first events', () => first.received.length === 2, {
        timeoutMs: PATIENCE_MS,
      });
      const onlyEnds = { detail: { event_name: [{ suffix: 'Ended' }] } };
      await writeTargets(file, [
        hook('first', first),
        { ...hook('second', second), pattern: onlyEnds },
      ]);
      const tookOver = () => process.stderr.includes('took over event targets');
      await until('the file to be taken over', tookOver, { timeoutMs: PATIENCE_MS });
      await openSession(ivory, streamKey);
      await until('an event', () => second.received.length === 1, { timeoutMs: PATIENCE_MS });
      await until('an event', () => first.received.length === 4, { timeoutMs: PATIENCE_MS });
      await writeFile(file, '{"targets":[{"type":"webhook","secret":"not to be logged"}]}');
      const said = () => process.stderr.includes('event targets stay as they were');
      await until('a complaint', said, { timeoutMs: PATIENCE_MS });
      assert.equal((await process.kill('SIGTERM')).code, 0);
      assert.doesNotMatch(process.stdout + process.stderr, /not to be logged|a secret of these/);
    }
    {
      await using process = new IvoryProcess(directory.path, env);
      const { code } = await process.ended;
      assert.equal(code, 1);
      assert.match(process.stderr, /^ivory: cannot use the event targets in .*targets\[0\]\.name/);
    }
    await writeTargets(file, [hook('first', first), hook('second', second)]);
    await using process = new IvoryProcess(directory.path, env);
    const ivory = await process.ready();
    await openSession(ivory, streamKey);
    await until('an event', () => first.received.length >= 6, { timeoutMs: PATIENCE_MS });
    await until('an event', () => second.received.length >= 3, { timeoutMs: PATIENCE_MS });
    const session = ['Session Created', 'Session Ended'];
    assert.deepEqual(namesAt(first), [...session, ...session, ...session]);
    assert.deepEqual(namesAt(second), ['Session Ended', ...session]);
  });

  test('that refuse have dead letters, which can be listed and replayed', async () => {
    await using directory = await temporaryDirectory();
    await using receiver = await EventReceiver.start((_, response) => {
      response.writeHead(isWell ? 200 : 410).end();
    });
    let isWell = false;
    const file = path.join(directory.path, 'targets.json');
    await writeTargets(file, [
      { name: 'hook', type: 'webhook', url: receiver.url, secret: SECRET },
    ]);
    await using ivory = await startIvoryForTest({ IVORY_EVENT_TARGETS_FILE: file });
    const { streamKey } = await ivory.createChannel();
    await using client = await RtmpClient.connect(ivory.rtmpPort);
    await client.publish(streamKey);
    const list = async () => {
      const answer = await fetch(`${ivory.url}/events/dead-letters?target=hook`);
      return ((await answer.json()) as { deadLetters: { event: Envelope; reason: string }[] })
        .deadLetters;
    };
    const [letter] = await until(
      'a dead letter',
      async () => {
        const letters = await list();
        return letters.length > 0 && letters;
      },
      { timeoutMs: 2 * PATIENCE_MS },
    );
    assert.equal(letter!.reason, `127.0.0.1:${receiver.port} answered 410`);
    // A client that sends nothing is closed while the pauses are long, and the next event may come right behind the letter.
    const deliveries = () =>
      receiver.received
        .map(({ body }): Envelope => JSON.parse(body))
        .filter(({ id }) => id === letter!.event.id);
    assert.equal(deliveries().length, 5);
    isWell = true;
    const replay = `${ivory.url}/events/dead-letters/replay`;
    const forbidden = await fetch(replay, {
      method: 'POST',
      headers: { origin: 'https://a.example' },
    });
    assert.equal(forbidden.status, 403);
    const answer = await fetch(`${replay}?id=${letter!.event.id}`, { method: 'POST' });
    assert.deepEqual([answer.status, await answer.json()], [202, { replaying: 1 }]);
    await until('no dead letters', async () => (await list()).length === 0, {
      timeoutMs: PATIENCE_MS,
    });
    assert.deepEqual(deliveries()[5], letter!.event);
  });

  test('may be event buses', async () => {
    await using directory = await temporaryDirectory();
    await using bus = await EventReceiver.start((_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end('{"FailedEntryCount":0,"Entries":[{"EventId":"theirs"}]}');
    });
    const file = path.join(directory.path, 'targets.json');
    await writeTargets(file, [
      {
        ...{ name: 'bus', type: 'eventbridge', eventBusName: 'live', region: 'eu-west-1' },
        ...{ endpoint: bus.url, accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' },
      },
    ]);
    await using ivory = await startIvoryForTest({ IVORY_EVENT_TARGETS_FILE: file });
    await openSession(ivory, (await ivory.createChannel({ name: 'Bus' })).streamKey);
    await until('two events', () => bus.received.length === 2, { timeoutMs: PATIENCE_MS });
    const details = bus.received.map(({ body }) => JSON.parse(JSON.parse(body).Entries[0].Detail));
    assert.deepEqual(
      details.map(({ event_name, channel_name }) => [event_name, channel_name]),
      [
        ['Session Created', 'Bus'],
        ['Session Ended', 'Bus'],
      ],
    );
  });

  test('have nothing of what was before a reset of the emulator', async () => {
    await using directory = await temporaryDirectory();
    await using receiver = await EventReceiver.start((_, response) => {
      response.writeHead(isWell ? 200 : 500).end();
    });
    let isWell = false;
    const file = path.join(directory.path, 'targets.json');
    await writeTargets(file, [
      { name: 'hook', type: 'webhook', url: receiver.url, secret: SECRET },
    ]);
    const env = { IVORY_EMULATOR: 'on', IVORY_EVENT_TARGETS_FILE: file };
    await using ivory = await startIvoryForTest(env);
    await openSession(ivory, (await ivory.createChannel()).streamKey);
    await until('an attempt', () => receiver.received.length > 0, { timeoutMs: PATIENCE_MS });
    const reset = await fetch(`${ivory.url}/_ivory/reset`, { method: 'POST' });
    assert.equal(reset.status, 204);
    isWell = true;
    const before = receiver.received.length;
    const channel = await ivory.createChannel();
    await openSession(ivory, channel.streamKey);
    const after = () =>
      receiver.received.slice(before).map(({ body }): Envelope => JSON.parse(body));
    await until('new events', () => after().length >= 2, { timeoutMs: PATIENCE_MS });
    assert.ok(after().every(({ resources }) => resources[0] === channel.arn));
    await using follower = await Follower.open(ivory, { lastId: '0' });
    await follower.until('Session Ended');
    assert.equal(follower.envelopes.length, 2);
  });
});

test('/events goes on after a restart where its reader was, and ends with the server', async () => {
  await using directory = await temporaryDirectory();
  let lastId: string;
  let streamKey: string;
  {
    await using process = new IvoryProcess(directory.path);
    const ivory = await process.ready();
    ({ streamKey } = await ivory.createChannel());
    await using follower = await Follower.open(ivory);
    await openSession(ivory, streamKey);
    await follower.until('Session Ended');
    await using open = await RtmpClient.connect(ivory.rtmpPort);
    await open.publish(streamKey);
    await follower.until('Session Created', 2);
    const { code, afterMs } = await process.kill('SIGTERM');
    assert.equal(code, 0);
    assert.ok(afterMs < 4500, `${afterMs} ms: nobody waits for a stream that has no end`);
    await follower.ended;
    assert.equal(follower.names.at(-1), 'Session Ended', 'its last words');
    lastId = follower.lastId;
  }
  await using process = new IvoryProcess(directory.path);
  const ivory = await process.ready();
  await openSession(ivory, streamKey);
  await using follower = await Follower.open(ivory, { lastId });
  await follower.until('Session Ended');
  assert.deepEqual(follower.names, ['Session Created', 'Session Ended']);
});
