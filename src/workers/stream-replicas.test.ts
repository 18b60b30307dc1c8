import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../test/support/fake-clock.ts';
import {
  BOUND_PLAYBACK_ID,
  FilledWindow,
  PLAYBACK_ID,
  partText,
  streamOnAir,
} from '../../test/support/playback.ts';
import type { StreamOnAir } from '../delivery/on-air.ts';
import type { LiveWindow } from '../packaging/live-window.ts';
import { contentsOf, WindowScript, windowStep } from '../packaging/testing/window-script.ts';
import { PartCopies } from './part-copies.ts';
import { type StreamReplica, StreamReplicas } from './stream-replicas.ts';
import { PumpedLinks } from './testing/pumped-links.ts';
import { WindowFeed } from './window-feed.ts';

const MAX_STEPS = 40;

/** A worker that may serve these streams, and the main thread that has them. */
function setUp(streams: StreamOnAir[]) {
  const clock = new FakeClock();
  const links = new PumpedLinks();
  const feed = new WindowFeed({
    conversation: links.main.conversation('windows'),
    copies: new PartCopies(),
    byPlaybackId: (id) =>
      streams.find(({ playbackId, boundPlaybackId }) => [playbackId, boundPlaybackId].includes(id)),
  });
  const conversation = links.worker.conversation('windows');
  const replicas = new StreamReplicas({ conversation, clock });
  /** What is found once whatever is under way has arrived. */
  const take = (playbackId = PLAYBACK_ID) => {
    replicas.find(playbackId);
    links.deliver();
    return replicas.find(playbackId);
  };
  const taken = () => take() ?? assert.fail('the stream was taken up');
  return { clock, links, feed, replicas, take, taken };
}

const filledStream = (overrides: Partial<StreamOnAir> = {}) => {
  const filled = new FilledWindow({ clock: new FakeClock() });
  return { filled, stream: streamOnAir([filled.window], overrides) };
};

/** But for the bytes that the replica does not claim to have. */
function same(replica: StreamReplica | undefined, windows: readonly LiveWindow[]): void {
  assert.ok(replica);
  const firstMsns = replica.windows.map((window) => replica.firstMsnsWithBytes.get(window));
  assert.deepEqual(
    replica.windows.map((window, i) => contentsOf(window, firstMsns[i])),
    windows.map((window, i) => contentsOf(window, firstMsns[i])),
  );
}

test('a replica has the same playlists, segments, parts and init segments as the windows in main, at every step', () => {
  const steps = fc.array(fc.tuple(fc.nat({ max: 1 }), windowStep), {
    maxLength: MAX_STEPS,
    size: 'max',
  });
  fc.assert(
    fc.property(
      steps,
      fc.oneof(fc.nat({ max: 6 }), fc.nat({ max: MAX_STEPS })),
      fc.record({ isLowLatency: fc.boolean(), hasInitSegments: fc.boolean() }),
      (script, takenAt, options) => {
        const windows: LiveWindow[] = [];
        let firstMsns: number[] = [];
        const scripts = [0, 1].map(() => new WindowScript({ ...options, siblings: () => windows }));
        windows.push(...scripts.map(({ window }) => window));
        const { links, replicas } = setUp([streamOnAir(windows)]);
        for (const [i, [which, step]] of [...script, [0, { kind: 'end' }] as const].entries()) {
          if (i >= takenAt) {
            const replica = replicas.find(PLAYBACK_ID);
            links.deliver();
            if (replica === undefined) {
              firstMsns = windows.map(({ firstMsnToPlay }) => firstMsnToPlay);
            } else {
              same(replica, windows);
              assert.deepEqual([...replica.firstMsnsWithBytes.values()], firstMsns);
            }
          }
          scripts[which]?.run(step);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('find() has nothing before the main thread has told all that the windows keep', () => {
  const { stream } = filledStream();
  const { replicas, links } = setUp([stream]);
  assert.equal(replicas.find(PLAYBACK_ID), undefined);
  assert.deepEqual(replicas.find(PLAYBACK_ID)?.windows, []);
  assert.equal(links.messagesToMain, 1);
  links.deliver();
  same(replicas.find(PLAYBACK_ID), stream.windows);
});

test('a worker that takes a stream up gets the bytes of what players begin with alone, and all from there on', () => {
  const filled = new FilledWindow({ clock: new FakeClock(), segments: 7 });
  filled.addPart();
  const { links, taken } = setUp([streamOnAir([filled.window])]);
  const replica = taken();
  const [window] = replica.windows;
  assert.ok(window);
  filled.completeSegment();
  filled.addSegment();
  links.deliver();
  // Of seven segments, three target durations of two seconds are the last three.
  for (const { msn, parts } of window.listedSegments) {
    for (const part of parts) {
      if (msn < 5) assert.throws(() => part.bytes(), /its bytes are here/);
      else assert.equal(Buffer.from(part.bytes()).toString(), partText(msn, part.index));
    }
  }
  assert.equal(replica.firstMsnsWithBytes.get(window), 5);
});

test('a worker gets no stream that not everybody may watch, that has no windows, or that is not there', () => {
  const refused = (overrides: Partial<StreamOnAir>, id?: string) => {
    const { take } = setUp([filledStream(overrides).stream]);
    assert.equal(take(id), undefined);
  };
  refused({ requiresAuthorization: true });
  refused({
    playbackRestrictionPolicyArn:
      'arn:aws:ivs:us-west-2:123456789012:playback-restriction-policy/x',
  });
  refused({ windows: [] });
  refused({}, BOUND_PLAYBACK_ID);
  refused({}, 'another');
});

test('find() asks again for what was refused after some seconds, not before', () => {
  const streams: StreamOnAir[] = [];
  const { clock, links, take } = setUp(streams);
  assert.equal(take(), undefined);
  streams.push(filledStream().stream);
  assert.equal(take(), undefined);
  assert.equal(links.messagesToMain, 0);
  clock.advance(5_000);
  assert.ok(take());
});

test('find() does not ask for more unknown ids than it remembers', () => {
  const { clock, links, replicas } = setUp([]);
  for (let i = 0; i < 3_000; i++) replicas.find(`guessed${i}`);
  assert.equal(links.messagesToMain, 1_000);
  links.deliver();
  replicas.find('another');
  assert.equal(links.messagesToMain, 0);
  clock.advance(5_000);
  replicas.find('another');
  assert.equal(links.messagesToMain, 1);
});

test('a rendition that comes later is told of when a segment begins', () => {
  const options = { clock: new FakeClock(), siblings: () => stream.windows };
  const first = new FilledWindow(options);
  const late = new FilledWindow({ ...options, name: 'audio_only', segments: 0 });
  const stream = { ...streamOnAir([]), windows: [first.window] };
  const { links, taken } = setUp([stream]);
  const replica = taken();
  stream.windows = [first.window, late.window];
  first.addPart();
  late.addSegment();
  links.deliver();
  same(replica, stream.windows);
});

test('a stream that nobody asked for in a minute is given up: it is not fed any more', () => {
  const { filled, stream } = filledStream();
  const { clock, links, take, taken } = setUp([stream]);
  taken();
  for (let i = 0; i < 10; i++) {
    clock.advance(20_000);
    taken();
  }
  clock.advance(60_000);
  filled.addPart();
  assert.notEqual(links.messagesToWorker, 0, 'a minute is not over since it was asked for');
  clock.advance(5_000);
  links.deliver();
  filled.addPart();
  assert.equal(links.messagesToWorker, 0);
  same(take(), stream.windows);
});

test('a stream that main releases is gone from the worker, with whatever is under way', () => {
  const { filled, stream } = filledStream();
  const streams = [stream];
  const { links, replicas, taken } = setUp(streams);
  const [window] = taken().windows;
  filled.window.end();
  links.deliver();
  assert.equal(window?.isEnded, true);
  assert.ok(replicas.find(PLAYBACK_ID)?.windows.length);
  streams.pop();
  filled.window.release();
  links.deliver();
  assert.equal(replicas.find(PLAYBACK_ID), undefined);
  assert.equal(window?.segment(1), undefined);
});

test('what was sent of a stream before main knew that it was given up is passed over', () => {
  const { filled, stream } = filledStream();
  const { clock, links, replicas, taken } = setUp([stream]);
  taken();
  clock.advance(60_000);
  filled.addSegment();
  clock.advance(5_000);
  replicas.find(PLAYBACK_ID);
  filled.addSegment();
  links.deliver();
  same(replicas.find(PLAYBACK_ID), stream.windows);
});

test('close() of the feed ends all feeding', () => {
  const { filled, stream } = filledStream();
  const { links, feed, taken } = setUp([stream]);
  taken();
  feed.close();
  filled.addSegment();
  assert.equal(links.messagesToWorker, 0);
});
