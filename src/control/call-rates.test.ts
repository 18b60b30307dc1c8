import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CallRates, callRateExceeded } from './call-rates.ts';

function ratesAt(startMs = 0) {
  const clock = { timeMs: startMs, monotonicMs: () => clock.timeMs };
  return { clock, rates: new CallRates(clock) };
}

const takeMany = (rates: CallRates, key: string, rate: number, count: number): number =>
  Array.from({ length: count }, () => rates.take(key, rate)).filter(Boolean).length;

describe('CallRates', () => {
  test('take() lets one second’s worth through at once, and refuses the next', () => {
    const { rates } = ratesAt();
    assert.equal(takeMany(rates, 'a', 5, 8), 5);
  });

  test('take() refills one call after another, not all at once', () => {
    const { rates, clock } = ratesAt();
    takeMany(rates, 'a', 5, 5);
    clock.timeMs += 199;
    assert.ok(!rates.take('a', 5));
    clock.timeMs += 1;
    assert.ok(rates.take('a', 5));
    assert.ok(!rates.take('a', 5));
    clock.timeMs += 1000;
    assert.equal(takeMany(rates, 'a', 5, 8), 5);
  });

  test('take() takes nothing where it refuses', () => {
    const { rates, clock } = ratesAt();
    takeMany(rates, 'a', 1, 100);
    clock.timeMs += 1000;
    assert.ok(rates.take('a', 1));
  });

  test('take() counts every key by itself', () => {
    const { rates } = ratesAt();
    assert.ok(rates.take('a', 1));
    assert.ok(!rates.take('a', 1));
    assert.ok(rates.take('b', 1));
  });

  test('take() never lets more through than a bucket and what refilled it, whenever the calls come', () => {
    const waits = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 });
    const start = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 155 }), start, waits, (rate, startMs, waitsMs) => {
        const { rates, clock } = ratesAt(startMs);
        let passed = 0;
        for (const waitMs of waitsMs) {
          clock.timeMs += waitMs;
          if (rates.take('a', rate)) passed++;
          const elapsedMs = clock.timeMs - startMs;
          assert.ok(passed <= rate + Math.ceil((elapsedMs * rate) / 1000));
        }
      }),
    );
  });

  test('take() forgets buckets that are full, and has an end to what it remembers', () => {
    const { rates, clock } = ratesAt();
    for (let n = 0; n < 50_000; n++) {
      rates.take(`busy ${n}`, 1);
      assert.ok(rates.size <= 20_000);
    }
    clock.timeMs += 10_000;
    rates.take('one', 1);
    assert.equal(rates.size, 1, 'all but the one that was just taken from');
  });
});

test('callRateExceeded() has the words and the name of IVS', () => {
  const error = callRateExceeded('PutMetadata', 5, 'resource: arn:aws:ivs:us-west-2:1:channel/a');
  assert.equal(error.status, 429);
  assert.equal(
    `${error.name}: ${error.message}`,
    'ThrottlingException: Operation: ivs:PutMetadata exceeded call rate: 5 for resource: arn:aws:ivs:us-west-2:1:channel/a',
  );
});
