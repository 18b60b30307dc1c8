import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { MemorySessionLog } from '../../test/support/memory-session-log.ts';
import type { IngestConfiguration } from '../domain/stream-session.ts';
import { RecordingLogger } from '../ingest/testing/scripted-encoder.ts';
import { HistoryWriter } from './history-writer.ts';
import { SessionHistory } from './session-history.ts';

/** A log on a disk that is full until a test says otherwise; it keeps what was written in its order. */
class Disk extends MemorySessionLog {
  readonly written: string[] = [];
  isFull = true;

  override async setIngestConfiguration(_: string, ingest: IngestConfiguration): Promise<void> {
    this.#write(ingest.video.encoder);
  }

  override async appendEvents(_: string, [event]: readonly { name: string }[]): Promise<void> {
    this.#write(event?.name ?? '');
  }

  #write(what: string): void {
    if (this.isFull) throw new Error('disk full');
    this.written.push(what);
  }
}

const configuration = (encoder: string): IngestConfiguration => ({
  video: {
    profile: 'High',
    level: '3.1',
    codec: 'avc1.64001F',
    encoder,
    targetBitrateBps: 0,
    targetFrameRate: 30,
    width: 1280,
    height: 720,
  },
});

function setUp() {
  const clock = new FakeClock();
  const log = new RecordingLogger();
  const disk = new Disk();
  const writer = new HistoryWriter(clock);
  const history = new SessionHistory({
    sessionLog: disk,
    writer,
    channelArn: 'arn:channel',
    streamId: 'st-1',
    clock,
    log,
  });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await setImmediate();
  };
  const errors = () => log.lines.filter((line) => line.startsWith('error'));
  return { history, disk, pass, errors };
}

// Each change of an encoder's settings was an entry of its own: a thousand of them, and the events of the channel were dropped.
test('changes of the encoder leave room for events, and only the newest is written', async () => {
  const { history, disk, pass } = setUp();
  for (let n = 0; n < 2_000; n++) history.ingests(configuration(`${n}`));
  await pass(0);
  history.happened('Starvation Start');
  history.ingests(configuration('newest'));
  await pass(0);
  disk.isFull = false;
  await pass(5_000);
  assert.deepEqual(disk.written, ['newest', 'Starvation Start']);
  history.ingests(configuration('next'));
  await pass(0);
  assert.deepEqual(disk.written.slice(2), ['next']);
});

test('a change while the one before it is being written is written behind it', async () => {
  const { history, disk, pass } = setUp();
  disk.isFull = false;
  history.ingests(configuration('first'));
  history.ingests(configuration('second'));
  await pass(0);
  assert.deepEqual(disk.written, ['first', 'second']);
});

test('a history that cannot be written is one line a minute, which says how many were not', async () => {
  const { history, pass, errors } = setUp();
  for (let second = 0; second < 61; second++) {
    history.happened('Starvation Start');
    await pass(1_000);
  }
  assert.equal(errors().length, 2);
  assert.match(errors()[1] ?? '', /"unlogged":59/);
});
