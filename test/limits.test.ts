import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type FlvTag, flvTags } from './support/flv-file.ts';
import { replay } from './support/flv-replay.ts';
import {
  type IvoryInProcess,
  startIvoryForTest,
  type TestChannel,
  temporaryDirectory,
} from './support/ivory.ts';
import { untilRenditions } from './support/ladder.ts';
import { sum, untilSegments } from './support/ll-hls-client.ts';
import { publishFile, type SourceOptions } from './support/publisher.ts';
import { RtmpClient } from './support/rtmp-client.ts';
import { encodeSource } from './support/source-file.ts';
import { until } from './support/until.ts';

const STARTED = 'NetStream.Publish.Start';

/** IVS's, for a picture of up to 480p on a BASIC channel. */
const BASIC_SD_BPS = 1_500_000;
/** The window of ten seconds, the second that is being filled, and the one in which it is looked at. */
const BREACH_AFTER_SECONDS = 13;

/** One whose ladder is small: a 60th of a core. */
const SOURCE = { size: '640x400', framesPerSecond: 15, gopFrames: 15 } as const;
const LADDER = ['400p15', '360p30', '160p30'] as const;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let sourceFile: string;
before(async () => {
  directory = await temporaryDirectory();
  sourceFile = await encode({ ...SOURCE, durationSeconds: 30 });
});
after(() => directory[Symbol.asyncDispose]());

const encode = (source: SourceOptions) =>
  encodeSource(path.join(directory.path, `${crypto.randomUUID()}.flv`), source);

/** The channel's newest session, once it has ended. */
const endedSession = (ivory: IvoryInProcess, { arn }: TestChannel) =>
  until(
    'the end of the session',
    async () => {
      const [session] = await ivory.sessions(arn);
      return session?.endTime && session;
    },
    { timeoutMs: 5_000 },
  );

/** It has gone on while something else happened: it is on the same session, and new segments come. */
async function assertGoesOn(ivory: IvoryInProcess, channel: TestChannel): Promise<void> {
  const variants = await untilRenditions(channel.playbackUrl, LADDER);
  const { segments, mediaSequence } = await untilSegments(variants[0]!.uri, 1, 10_000);
  for (const { uri } of variants) {
    const { endList } = await until(
      'a new segment',
      async () => {
        const playlist = await untilSegments(uri, 1, 10_000);
        const isNew =
          playlist.mediaSequence + playlist.segments.length > mediaSequence + segments.length;
        return isNew && playlist;
      },
      { timeoutMs: 10_000 },
    );
    assert.equal(endList, false);
  }
  const [session, ...others] = await ivory.sessions(channel.arn);
  assert.deepEqual([session?.hasErrorEvent, others.length], [false, 0]);
}

describe('a machine that is full', { concurrency: 2 }, () => {
  // The first ladder counts with a 15th of a core.
  for (const [when, cores] of [
    ['when it publishes, where there is no room for anything', '0.05'],
    ['at its first picture, where there is none for its size', '0.1'],
  ] as const) {
    test(`refuses a second ladder ${when}; the first one does not notice`, async () => {
      await using ivory = await startIvoryForTest({ IVORY_TRANSCODE_CORES: cores });
      const first = await ivory.createChannel({ type: 'STANDARD' });
      await using _ = publishFile(first.rtmpUrl, sourceFile);
      await ivory.untilLive(first.arn);

      const second = await ivory.createChannel({ type: 'STANDARD' });
      await using client = await RtmpClient.connect(ivory.rtmpPort);
      const { code, description } = await client.publish(second.streamKey);
      if (cores === '0.05') {
        assert.notEqual(code, STARTED);
        assert.match(description, /capacity/i);
      } else {
        assert.equal(code, STARTED);
        const [told] = await Promise.all([
          client.nextStatus(),
          replay(client, flvTags(await readFile(sourceFile))),
        ]);
        assert.match(told?.description ?? '', /capacity/i);
      }
      await client.closed;
      assert.equal((await endedSession(ivory, second)).hasErrorEvent, true);
      assert.deepEqual(await ivory.eventNames(second.arn), [
        'Session Created',
        'Stream Failure',
        'Session Ended',
      ]);
      const failure = ivory.log.lines.find(({ fields }) => fields['event'] === 'Stream Failure');
      assert.match(String(failure?.fields['reason']), /^Transcode capacity exceeded/);
      assert.equal(await ivory.stream(second.arn), undefined);

      const basic = await ivory.createChannel({ type: 'BASIC' });
      await using __ = publishFile(basic.rtmpUrl, sourceFile);
      await ivory.untilLive(basic.arn);
      await assertGoesOn(ivory, first);
    });
  }

  test('has room again when a ladder ends', async () => {
    await using ivory = await startIvoryForTest({ IVORY_TRANSCODE_CORES: '0.05' });
    const channel = await ivory.createChannel({ type: 'STANDARD' });
    await using first = publishFile(channel.rtmpUrl, sourceFile);
    await ivory.untilLive(channel.arn);
    await first.stop();
    await ivory.untilOffline(channel.arn);
    const other = await ivory.createChannel({ type: 'STANDARD' });
    await using _ = publishFile(other.rtmpUrl, sourceFile);
    await ivory.untilLive(other.arn);
  });
});

test('streams beyond the quota are refused; those on air do not notice', async () => {
  await using ivory = await startIvoryForTest({ IVORY_QUOTAS: 'concurrent-streams=1' });
  const first = await ivory.createChannel({ type: 'STANDARD' });
  await using _ = publishFile(first.rtmpUrl, sourceFile);
  await ivory.untilLive(first.arn);
  const second = await ivory.createChannel();
  await using client = await RtmpClient.connect(ivory.rtmpPort);
  const { level, code } = await client.publish(second.streamKey);
  assert.deepEqual([level, code === STARTED], ['error', false]);
  await client.closed;
  assert.deepEqual(await ivory.sessions(second.arn), []);
  const breach = ivory.log.lines.find(({ fields }) => fields['event'] === 'Concurrent Broadcasts');
  assert.deepEqual(
    [breach?.fields['limitValue'], breach?.fields['exceededBy'], breach?.fields['type']],
    [1, 1, 'IVS Limit Breach'],
  );
  await assertGoesOn(ivory, first);
});

describe('an encoder that sends more than its channel takes', { concurrency: 4 }, () => {
  let ivory: IvoryInProcess;
  before(async () => {
    ivory = await startIvoryForTest();
  });
  after(() => ivory[Symbol.asyncDispose]());

  /** The source with filler data in each picture (ISO 14496-10 7.3.2.7), so that it has exactly this bit rate. */
  async function sourceOf(bitsPerSecond: number): Promise<FlvTag[]> {
    const tags = [...flvTags(await readFile(sourceFile))].filter(
      ({ timestampMs }) => timestampMs < BREACH_AFTER_SECONDS * 1000,
    );
    const isPicture = ({ kind, body }: FlvTag) => kind === 'video' && body[1] === 1;
    const has = sum(tags.map(({ body }) => body.byteLength));
    const wanted = (bitsPerSecond * BREACH_AFTER_SECONDS) / 8;
    const each = Math.floor((wanted - has) / tags.filter(isPicture).length);
    assert.ok(each > 8);
    const filler = Buffer.alloc(each, 0xff);
    filler.writeUInt32BE(each - 4);
    filler[4] = 12;
    filler[each - 1] = 0x80;
    return tags.map((tag) =>
      isPicture(tag) ? { ...tag, body: Buffer.concat([tag.body, filler]) } : tag,
    );
  }

  for (const [what, share, isTooMuch] of [
    ['a little more', 1.04, true],
    ['a little less', 0.96, false],
  ] as const) {
    test(`${what} than the bit rate of BASIC`, async () => {
      const channel = await ivory.createChannel({ type: 'BASIC' });
      const tags = await sourceOf(BASIC_SD_BPS * share);
      await using client = await RtmpClient.connect(ivory.rtmpPort);
      assert.equal((await client.publish(channel.streamKey)).code, STARTED);
      const told = client.closed.then(() => client.statuses.at(-1)?.description ?? '');
      const startedMs = performance.now();
      await replay(client, tags);
      if (isTooMuch) {
        assert.match(await told, /limit|bit rate|bitrate/i);
        assert.ok(performance.now() - startedMs > 9_900, 'measured over ten seconds');
      } else {
        assert.equal((await ivory.stream(channel.arn))?.state, 'LIVE');
        client.unpublish(channel.streamKey);
      }
      const { hasErrorEvent } = await endedSession(ivory, channel);
      assert.equal(hasErrorEvent, isTooMuch);
      assert.deepEqual(await ivory.eventNames(channel.arn), [
        'Session Created',
        'Stream Start',
        ...(isTooMuch ? ['Ingest Bitrate'] : []),
        'Stream End',
        'Session Ended',
      ]);
      const { truncatedEvents = [] } = await ivory.session(channel.arn);
      const types = truncatedEvents.filter(({ type }) => type === 'IVS Limit Breach');
      assert.equal(types.length, isTooMuch ? 1 : 0);
    });
  }

  for (const [type, size, isTooLarge] of [
    ['BASIC', '2048x1080', true],
    ['STANDARD', '1080x2048', true],
    ['BASIC', '1920x1088', false],
  ] as const) {
    test(`${size} on ${type}`, async () => {
      const file = await encode({ size, framesPerSecond: 5, durationSeconds: 3, gopFrames: 5 });
      const channel = await ivory.createChannel({ type });
      await using client = await RtmpClient.connect(ivory.rtmpPort);
      assert.equal((await client.publish(channel.streamKey)).code, STARTED);
      const told = client.closed.then(() => client.statuses.at(-1)?.description ?? '');
      await replay(client, flvTags(await readFile(file)));
      if (isTooLarge) assert.match(await told, /limit|resolution/i);
      else client.unpublish(channel.streamKey);
      const { hasErrorEvent } = await endedSession(ivory, channel);
      assert.equal(hasErrorEvent, isTooLarge);
      assert.deepEqual(
        await ivory.eventNames(channel.arn),
        isTooLarge
          ? ['Session Created', 'Ingest Resolution', 'Session Ended']
          : ['Session Created', 'Stream Start', 'Stream End', 'Session Ended'],
      );
    });
  }
});
