import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { MemoryOutbox } from '../../test/support/memory-outbox.ts';
import { DeliveryFailure } from '../domain/delivery-failure.ts';
import { silentLogger } from '../lib/logger.ts';
import { MAX_WINDOW_EVENTS } from './delivery-window.ts';
import { EventDispatcher } from './dispatcher.ts';
import type { Envelope } from './envelope.ts';
import { parseEventPattern } from './event-pattern.ts';
import type { EventTarget } from './ports.ts';
import type { TargetConfig } from './target-file.ts';

const HOUR_MS = 3_600_000;

type Answer = (envelope: Envelope, signal: AbortSignal) => Promise<void> | void;

const TAKE: Answer = () => {};
const REFUSE: Answer = () => {
  throw new DeliveryFailure('it answered 410', { isFinal: true });
};
const FAIL: Answer = () => {
  throw new Error('it is away');
};
const HANG: Answer = (_, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')));
  });

const NEVER_SETTLE: Answer = () => new Promise(() => {});

/** A target that does what a test says, and remembers what came. */
class ScriptedTarget implements EventTarget {
  answer: Answer = TAKE;
  readonly attempted: string[] = [];
  readonly taken: string[] = [];
  isDisposed = false;

  async deliver(envelope: Envelope, signal: AbortSignal): Promise<void> {
    this.attempted.push(envelope.id);
    await this.answer(envelope, signal);
    this.taken.push(envelope.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
  }
}

function configOf(name: string, pattern?: object, secret = 'a'): TargetConfig {
  return {
    type: 'webhook',
    name,
    url: 'http://a.example/',
    secrets: [],
    timeoutMs: 1000,
    pattern: pattern && parseEventPattern(pattern),
    fingerprint: JSON.stringify({ name, pattern, secret }),
  };
}

function setUp(outbox?: MemoryOutbox) {
  const clock = new FakeClock();
  const box = outbox ?? new MemoryOutbox(clock);
  const targets = new Map<string, ScriptedTarget>();
  const target = (name: string) => {
    const known = targets.get(name) ?? new ScriptedTarget();
    targets.set(name, known);
    return known;
  };
  const dispatcher = new EventDispatcher({
    outbox: box,
    createTarget: ({ name }) => target(name),
    clock,
    // The longest pause that jitter allows.
    random: (count) => new Uint8Array(count).fill(255),
    log: silentLogger,
  });
  /** Lets what is under way come to rest, `ms` later. */
  const settle = async (ms = 0) => {
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    if (ms > 0) clock.advance(ms);
    for (let turn = 0; turn < 20; turn++) await setImmediate();
  };
  return { clock, outbox: box, dispatcher, target, settle };
}

const ids = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `id-${from + n}`);

describe('EventDispatcher', () => {
  test('delivers what comes, in order, and remembers how far it came', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    outbox.append('a');
    await dispatcher.use([configOf('hook')]);
    await settle();
    assert.deepEqual(target('hook').taken, [], 'a new target begins with what comes');
    for (let n = 0; n < 250; n++) outbox.append('a');
    await settle();
    assert.deepEqual(target('hook').taken, ids(2, 251));
    await settle(250);
    assert.equal(outbox.cursors.get('hook'), 251);
    const reads = outbox.reads;
    await settle(5000);
    assert.equal(outbox.reads, reads, 'nobody asks while there is nothing');
    outbox.append('a');
    await settle();
    await dispatcher[Symbol.asyncDispose]();
    assert.equal(outbox.cursors.get('hook'), 252, 'an orderly end does not wait for the next time');
    assert.ok(target('hook').isDisposed);
  });

  test('keeps the order of a channel over failures, and other channels go on', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    const hook = target('hook');
    hook.answer = ({ id }) => (id === 'id-1' ? FAIL : TAKE)({} as Envelope, {} as AbortSignal);
    for (const channel of ['a', 'b', 'a', undefined, 'b']) outbox.append(channel);
    await settle();
    assert.deepEqual(hook.taken, ['id-2', 'id-4', 'id-5']);
    await settle(250);
    assert.equal(outbox.cursors.get('hook'), 0, 'not past what it has not had');
    hook.answer = TAKE;
    await settle(1000);
    assert.deepEqual(hook.taken, ['id-2', 'id-4', 'id-5', 'id-1', 'id-3']);
    await settle(250);
    assert.equal(outbox.cursors.get('hook'), 5);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('a dead target and one that hangs hold up no other', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('dead'), configOf('hanging'), configOf('well')]);
    target('dead').answer = FAIL;
    target('hanging').answer = HANG;
    for (let n = 0; n < 500; n++) outbox.append(`channel${n % 50}`);
    await settle();
    assert.equal(target('well').taken.length, 500);
    assert.ok(target('hanging').attempted.length <= 16, 'so many at once');
    const closing = dispatcher[Symbol.asyncDispose]();
    await settle(2000);
    await closing;
    assert.deepEqual([...outbox.cursors.values()], [0, 0, 500]);
  });

  test('an attempt that never settles is one that failed, and ends with its target', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    target('hook').answer = NEVER_SETTLE;
    outbox.append('a');
    await settle();
    target('hook').answer = TAKE;
    await settle(90_000);
    await settle(1000);
    assert.deepEqual(target('hook').taken, ['id-1']);

    target('hook').answer = NEVER_SETTLE;
    outbox.append('a');
    await settle();
    const changed = dispatcher.use([configOf('hook', undefined, 'b')]);
    await settle(1000);
    await changed;
    await settle();
    assert.deepEqual(target('hook').attempted, ['id-1', 'id-1', 'id-2', 'id-2']);
    const closing = dispatcher[Symbol.asyncDispose]();
    await settle(1000);
    await closing;
  });

  test('pauses twice as long after each failure, a minute at most, or as long as it is asked to', async () => {
    const { clock, outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    const attemptedAtMs: number[] = [];
    target('hook').answer = () => {
      attemptedAtMs.push(clock.monotonicMs());
      throw new DeliveryFailure('busy', {
        isFinal: false,
        ...(attemptedAtMs.length === 9 && { retryAfterMs: 90_000_000 }),
        ...(attemptedAtMs.length === 1 && { retryAfterMs: 3000 }),
      });
    };
    outbox.append('a');
    for (let second = 0; second < 400; second++) await settle(1000);
    const pauses = attemptedAtMs.slice(1).map((at, n) => (at - attemptedAtMs[n]!) / 1000);
    assert.deepEqual(pauses.slice(0, 9), [3, 2, 4, 8, 16, 32, 60, 60, 60]);
    const closing = dispatcher[Symbol.asyncDispose]();
    await closing;
  });

  test('gives an event up that is refused five times, and goes on with the next', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    const hook = target('hook');
    hook.answer = ({ id }, signal) => (id === 'id-1' ? REFUSE : TAKE)({} as Envelope, signal);
    outbox.append('a');
    outbox.append('a');
    for (let second = 0; second < 20; second++) await settle(1000);
    assert.deepEqual(hook.attempted, [...Array(5).fill('id-1'), 'id-2']);
    const [letter] = outbox.letters;
    assert.deepEqual(
      [letter?.target, letter?.event.id, letter?.reason, letter?.attempts, letter?.isReplaying],
      ['hook', 'id-1', 'it answered 410', 5, false],
    );
    assert.deepEqual(await dispatcher.measurements(), [
      {
        ...{ name: 'hook', delivered: 1, failed: 5, deadLettered: 1, lost: 0 },
        ...{ pending: 0, lagMs: 0, deadLetters: 1 },
      },
    ]);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('gives up what it could not deliver for a day, and tries what is older once', async () => {
    const { clock, outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    target('hook').answer = FAIL;
    outbox.append('a');
    await settle();
    for (let hour = 0; hour < 25; hour++) await settle(HOUR_MS);
    assert.equal(outbox.letters.length, 1);
    outbox.cursors.set('late', 0);
    clock.advance(HOUR_MS);
    target('late').answer = TAKE;
    await dispatcher.use([configOf('hook'), configOf('late')]);
    await settle();
    assert.deepEqual(target('late').taken, ['id-1']);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('delivers dead letters once more, however many, and forgets those that were taken', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    const hook = target('hook');
    hook.answer = REFUSE;
    for (let n = 0; n < 230; n++) outbox.append(`channel${n % 10}`);
    for (let second = 0; second < 500; second++) await settle(1000);
    assert.equal(outbox.letters.length, 230);
    hook.answer = ({ id }, signal) => (id === 'id-3' ? REFUSE : TAKE)({} as Envelope, signal);
    outbox.append('channel0');
    assert.equal(await outbox.replayDeadLetters({}), 230);
    dispatcher.replay();
    for (let second = 0; second < 30; second++) await settle(1000);
    assert.equal(hook.taken.length, 230);
    assert.deepEqual(
      outbox.letters.map(({ event, isReplaying }) => [event.id, isReplaying]),
      [['id-3', false]],
    );
    await dispatcher[Symbol.asyncDispose]();
  });

  test('takes up a replay that a crash cut off', async () => {
    const first = setUp();
    await first.dispatcher.use([configOf('hook')]);
    first.target('hook').answer = REFUSE;
    first.outbox.append('a');
    for (let second = 0; second < 20; second++) await first.settle(1000);
    await first.outbox.replayDeadLetters({ target: 'hook' });
    const second = setUp(first.outbox);
    await second.dispatcher.use([configOf('hook')]);
    await second.settle();
    assert.deepEqual(second.target('hook').taken, ['id-1']);
    assert.deepEqual(first.outbox.letters, []);
  });

  test('after a crash, delivers again from what was written down, with the same ids', async () => {
    const first = setUp();
    await first.dispatcher.use([configOf('hook')]);
    first.target('hook').answer = ({ id }, signal) =>
      (id === 'id-3' ? FAIL : TAKE)({} as Envelope, signal);
    for (const channel of ['a', 'b', 'c', 'a', 'c']) first.outbox.append(channel);
    await first.settle(250);
    assert.deepEqual(first.target('hook').taken, ['id-1', 'id-2', 'id-4']);
    // It is just not there any more.
    const second = setUp(first.outbox);
    await second.dispatcher.use([configOf('hook')]);
    await second.settle(250);
    assert.deepEqual(second.target('hook').taken.toSorted(), ['id-3', 'id-4', 'id-5']);
    assert.equal(first.outbox.cursors.get('hook'), 5);
  });

  test('is ahead of a channel that fails by so many events and no more', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([
      configOf('hook', { resources: [{ suffix: { 'equals-ignore-case': 'A' } }, { suffix: 'b' }] }),
    ]);
    const hook = target('hook');
    hook.answer = ({ id }, signal) => (id === 'id-1' ? FAIL : TAKE)({} as Envelope, signal);
    outbox.append('a');
    for (let n = 0; n < 3 * MAX_WINDOW_EVENTS; n++) outbox.append(n % 3 === 0 ? 'b' : 'unwanted');
    await settle();
    assert.ok(hook.taken.length >= 850 && hook.taken.length < MAX_WINDOW_EVENTS);
    hook.answer = TAKE;
    await settle(2000);
    assert.equal(hook.taken.length, MAX_WINDOW_EVENTS + 1);
    await settle(250);
    assert.equal(outbox.cursors.get('hook'), 3 * MAX_WINDOW_EVENTS + 1);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('gives up the events of a channel that holds up the others, as dead letters in their order', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    const hook = target('hook');
    const isStuck = ({ resources: [arn] }: Envelope) => arn?.endsWith(':channel/0') === true;
    hook.answer = (envelope, signal) => (isStuck(envelope) ? FAIL : TAKE)(envelope, signal);
    const wanted = [];
    for (let n = 0; n < 3000; n++) wanted.push(outbox.append(`${n % 51}`));
    for (let second = 0; second < 120; second++) await settle(1000);
    const others = wanted.filter(({ channel }) => channel?.name !== '0');
    assert.equal(hook.taken.length, others.length);
    const givenUp = outbox.letters.map(({ event }) => event.sequence);
    assert.ok(givenUp.length > 0 && givenUp.length < wanted.length - others.length);
    assert.deepEqual(
      givenUp,
      givenUp.toSorted((a, b) => a - b),
    );
    const [letter] = outbox.letters;
    assert.equal(letter?.reason, 'its channel held up the others: it is away');
    assert.equal(letter.isReplaying, false);
    const cursor = outbox.cursors.get('hook') ?? 0;
    assert.ok(cursor > 2000, 'what is left holds up nobody');
    hook.answer = TAKE;
    await settle(60_000);
    assert.equal(hook.taken.length + givenUp.length, 3000);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('gives up nothing for a target that takes nothing, however much waits', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    // It goes away while several are under way: what they came to says nothing of a channel.
    let answers = 0;
    target('hook').answer = () =>
      (++answers % 2 === 1 && answers < 16 ? TAKE : FAIL)({} as Envelope, {} as AbortSignal);
    for (let n = 0; n < 2000; n++) outbox.append(`${n % 51}`);
    for (let second = 0; second < 300; second++) await settle(1000);
    assert.deepEqual(outbox.letters, []);
    target('hook').answer = TAKE;
    for (let second = 0; second < 61; second++) await settle(1000);
    assert.equal(target('hook').taken.length, 2000);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('dead letters of a channel that still fails hold up those of no other', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    const hook = target('hook');
    const isStuck = ({ resources: [arn] }: Envelope) => arn?.endsWith(':channel/bad') === true;
    hook.answer = (envelope, signal) => (isStuck(envelope) ? FAIL : TAKE)(envelope, signal);
    const letter = { target: 'hook', reason: 'a', attempts: 5, failedAtMs: 0, isReplaying: true };
    const events = Array.from({ length: 1500 }, (_, n) => outbox.append(n < 1200 ? 'bad' : 'good'));
    await outbox.addDeadLetters(events.map((event) => ({ ...letter, event })));
    await dispatcher.use([configOf('hook')]);
    outbox.append('good');
    for (let second = 0; second < 30; second++) await settle(1000);
    assert.equal(hook.taken.length, 301);
    assert.ok(outbox.letters.every(({ event }) => event.channel?.name === 'bad'));
    assert.equal(outbox.letters.length, 1200);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('a dead letter goes with the delivery of its event, where a crash had left it behind the cursor', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    outbox.cursors.set('hook', 0);
    const [first, second] = [outbox.append('a'), outbox.append('b')];
    const letter = { reason: 'a', attempts: 5, failedAtMs: 0, isReplaying: false };
    await outbox.addDeadLetters([
      { ...letter, target: 'hook', event: first },
      { ...letter, target: 'another', event: second },
    ]);
    await dispatcher.use([configOf('hook')]);
    await settle();
    assert.deepEqual(target('hook').taken.toSorted(), ['id-1', 'id-2']);
    assert.deepEqual(
      outbox.letters.map((left) => left.target),
      ['another'],
    );
    await dispatcher[Symbol.asyncDispose]();
  });

  test('measurements() counts no replay as waiting', async () => {
    const { clock, outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    target('hook').answer = REFUSE;
    outbox.append('a');
    for (let second = 0; second < 20; second++) await settle(1000);
    await outbox.replayDeadLetters({});
    target('hook').answer = FAIL;
    dispatcher.replay();
    await settle();
    clock.advance(5000);
    assert.equal((await dispatcher.measurements())[0]?.lagMs, 0);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('counts what the outbox has dropped, and goes on with what there is', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    outbox.cursors.set('hook', 0);
    for (let n = 0; n < 10; n++) outbox.append('a');
    outbox.events = outbox.events.slice(7);
    await dispatcher.use([configOf('hook')]);
    await settle();
    assert.deepEqual(target('hook').taken, ids(8, 10));
    assert.equal((await dispatcher.measurements())[0]?.lost, 7);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('has what every wanted target lacks kept, one that it could not begin with, too', async () => {
    const { outbox, dispatcher } = setUp();
    await dispatcher.use([configOf('first')]);
    outbox.isBroken = true;
    await dispatcher.use([configOf('first'), configOf('second')]);
    await dispatcher.trim();
    assert.deepEqual(outbox.trimmedBy?.targets, ['first', 'second']);
    assert.ok(outbox.trimmedBy.maxWaitingEvents >= 10 * outbox.trimmedBy.maxEvents);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('delivers what a pattern wants, and is past the rest', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('starts', { detail: { event_name: ['Stream Start'] } })]);
    for (const name of ['Session Created', 'Stream Start', 'Stream End'] as const) {
      outbox.append('a', name);
    }
    await settle(250);
    assert.deepEqual(target('starts').taken, ['id-2']);
    assert.equal(outbox.cursors.get('starts'), 3);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('a changed target goes on where it was, one that is the same is left alone', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('changed'), configOf('same'), configOf('gone')]);
    for (const name of ['changed', 'same']) target(name).answer = FAIL;
    outbox.append('a');
    await settle();
    for (const name of ['changed', 'same']) target(name).answer = TAKE;
    await dispatcher.use([configOf('changed', undefined, 'b'), configOf('same')]);
    outbox.append('b');
    await settle();
    assert.deepEqual(target('changed').taken, ['id-1', 'id-2']);
    assert.deepEqual(target('same').taken, ['id-2'], 'still in its pause');
    assert.deepEqual(target('gone').taken, ['id-1']);
    // It comes back: what it missed is still there.
    await dispatcher.use([configOf('gone')]);
    await settle();
    assert.deepEqual(target('gone').taken, ['id-1', 'id-2']);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('goes on when the store is well again', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    outbox.isBroken = true;
    outbox.append('a');
    await settle();
    assert.deepEqual(target('hook').taken, []);
    outbox.isBroken = false;
    await settle(1000);
    assert.deepEqual(target('hook').taken, ['id-1']);
    outbox.isBroken = true;
    await settle(250);
    outbox.isBroken = false;
    await settle(250);
    assert.equal(outbox.cursors.get('hook'), 1);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('begins with a target when the store is well again, and with those that it could ask about', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('first')]);
    outbox.isBroken = true;
    await dispatcher.use([configOf('first'), configOf('second')]);
    outbox.isBroken = false;
    outbox.append('a');
    await settle();
    assert.deepEqual(target('first').taken, ['id-1']);
    await settle(5000);
    outbox.append('a');
    await settle();
    assert.deepEqual(target('second').taken, ['id-2']);
    await dispatcher[Symbol.asyncDispose]();
  });

  test('forget() drops what waits, and goes on with what comes', async () => {
    const { outbox, dispatcher, target, settle } = setUp();
    await dispatcher.use([configOf('hook')]);
    target('hook').answer = FAIL;
    outbox.append('a');
    await settle();
    outbox.events = [];
    await dispatcher.forget();
    target('hook').answer = TAKE;
    outbox.append('a');
    await settle(10_000);
    assert.deepEqual(target('hook').taken, ['id-2']);
    await dispatcher[Symbol.asyncDispose]();
  });
});
