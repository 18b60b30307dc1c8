import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ChannelRecord, MultitrackInputConfiguration } from './channel.ts';
import { BitrateMeter, checkResolution, ingestLimits, ingestWarnings } from './ingest-limits.ts';

type Resolution = MultitrackInputConfiguration['maximumResolution'];

const FULL_HD_PICTURE = { width: 1920, height: 1080 };

function channelOf(type: ChannelRecord['type'], multitrack?: Resolution) {
  return {
    type,
    multitrackInputConfiguration: {
      enabled: multitrack !== undefined,
      policy: 'ALLOW' as const,
      maximumResolution: multitrack ?? 'FULL_HD',
    },
  };
}

function breachOf(width: number, height: number, multitrack?: Resolution) {
  const picture = { width, height };
  return checkResolution(ingestLimits(channelOf('STANDARD', multitrack), picture), picture);
}

describe('ingestLimits()', () => {
  test('lets 8.5 Mbps into the channels that are transcoded, 15 into multitrack', () => {
    for (const type of ['STANDARD', 'ADVANCED_SD', 'ADVANCED_HD'] as const) {
      assert.equal(ingestLimits(channelOf(type), FULL_HD_PICTURE).maxBitrateBps, 8_500_000, type);
    }
    for (const resolution of ['SD', 'HD', 'FULL_HD'] as const) {
      const { maxBitrateBps } = ingestLimits(channelOf('STANDARD', resolution), FULL_HD_PICTURE);
      assert.equal(maxBitrateBps, 15_000_000, resolution);
    }
  });

  test('lets 1.5 Mbps into BASIC up to 480p, upright or not, and 3.5 above', () => {
    const maxOf = (width: number, height: number) =>
      ingestLimits(channelOf('BASIC'), { width, height }).maxBitrateBps;
    assert.deepEqual([maxOf(852, 480), maxOf(480, 852), maxOf(256, 144)], Array(3).fill(1_500_000));
    assert.deepEqual([maxOf(858, 482), maxOf(1080, 1920)], [3_500_000, 3_500_000]);
  });
});

describe('checkResolution()', () => {
  test('lets the largest picture of each class in, lying and upright', () => {
    const largest: [number, number, Resolution?][] = [
      [1920, 1080],
      [1920, 1088],
      [1440, 1440],
      [864, 480, 'SD'],
      [1280, 720, 'HD'],
      [1920, 1080, 'FULL_HD'],
    ];
    for (const [width, height, resolution] of largest) {
      assert.equal(breachOf(width, height, resolution), undefined, `${width}x${height}`);
      assert.equal(breachOf(height, width, resolution), undefined, `${height}x${width}`);
    }
  });

  test('tells how far the area, or else the longer edge, is over the limit', () => {
    const limitName = 'Ingest Resolution';
    const total = { limitName, limitUnit: 'total pixels' };
    const edge = { limitName, limitUnit: 'pixels per edge' };
    assert.deepEqual(breachOf(2560, 1440), {
      ...total,
      limitValue: 2_100_000,
      exceededBy: 1_586_400,
    });
    assert.deepEqual(breachOf(720, 1922), { ...edge, limitValue: 1920, exceededBy: 2 });
    assert.deepEqual(breachOf(1282, 720, 'HD'), {
      ...total,
      limitValue: 921_600,
      exceededBy: 1440,
    });
    assert.deepEqual(breachOf(1300, 480, 'HD'), { ...edge, limitValue: 1280, exceededBy: 20 });
    assert.deepEqual(breachOf(866, 400, 'SD'), { ...edge, limitValue: 864, exceededBy: 2 });
  });
});

describe('BitrateMeter', () => {
  const MAX_BPS = 8_000_000;
  /** What is exactly at the limit for one second. */
  const SECOND_AT_LIMIT = MAX_BPS / 8;

  /** Every 100 ms of [fromMs, toMs). */
  function run(
    meter: BitrateMeter,
    { fromMs, toMs, pace }: { fromMs: number; toMs: number; pace: number },
  ): void {
    for (let nowMs = fromMs; nowMs < toMs; nowMs += 100) {
      meter.received((SECOND_AT_LIMIT * pace) / 10, nowMs);
    }
  }

  test('lets pass what is at the limit for as long as it likes', () => {
    const meter = new BitrateMeter();
    for (let nowMs = 500; nowMs < 100_500; nowMs += 1000) {
      run(meter, { fromMs: nowMs, toMs: nowMs + 1000, pace: 1 });
      assert.equal(meter.check(nowMs + 1000, MAX_BPS), undefined);
    }
  });

  test('judges nothing before ten seconds have passed, and then the ten seconds', () => {
    const meter = new BitrateMeter();
    assert.equal(meter.check(0, MAX_BPS), undefined);
    run(meter, { fromMs: 700, toMs: 10_700, pace: 1.25 });
    assert.equal(meter.check(10_699, MAX_BPS), undefined);
    assert.deepEqual(meter.check(10_700, MAX_BPS), {
      limitName: 'Ingest Bitrate',
      limitValue: 8_000_000,
      exceededBy: 2_000_000,
      limitUnit: 'bits per second',
    });
  });

  test('beginAnew() leaves out what comes at once after a stall of the process, and judges ten seconds later', () => {
    const meter = new BitrateMeter();
    run(meter, { fromMs: 0, toMs: 20_000, pace: 0.9 });
    // Three seconds in which nobody read.
    meter.received(SECOND_AT_LIMIT * 1.8, 23_000);
    meter.beginAnew(23_000);
    meter.received(SECOND_AT_LIMIT * 0.9, 23_001);
    for (let nowMs = 23_000; nowMs < 60_000; nowMs += 1000) {
      run(meter, { fromMs: nowMs, toMs: nowMs + 1000, pace: 0.9 });
      assert.equal(meter.check(nowMs + 1000, MAX_BPS), undefined, `${nowMs}`);
    }
    meter.beginAnew(60_000);
    run(meter, { fromMs: 60_000, toMs: 71_000, pace: 1.25 });
    assert.equal(meter.check(71_000, MAX_BPS)?.exceededBy, 2_000_000);
  });

  test('evens out the burst of a start, and of a stall within the window', () => {
    const meter = new BitrateMeter();
    meter.received(SECOND_AT_LIMIT * 2, 0);
    for (let nowMs = 0; nowMs < 40_000; nowMs += 1000) {
      // Nothing for four seconds, and then all of it at once.
      const isStalled = nowMs >= 20_000 && nowMs < 24_000;
      if (nowMs === 24_000) meter.received(SECOND_AT_LIMIT * 4 * 0.7, nowMs);
      if (!isStalled) run(meter, { fromMs: nowMs, toMs: nowMs + 1000, pace: 0.7 });
      assert.equal(meter.check(nowMs + 1000, MAX_BPS), undefined, `${nowMs}`);
    }
  });

  test('notices within ten seconds that the bit rate rose, and that it fell', () => {
    const meter = new BitrateMeter();
    run(meter, { fromMs: 0, toMs: 20_000, pace: 0.5 });
    run(meter, { fromMs: 20_000, toMs: 25_000, pace: 2 });
    assert.equal(meter.check(25_000, MAX_BPS)?.exceededBy, MAX_BPS * 0.25);
    run(meter, { fromMs: 25_000, toMs: 35_000, pace: 0.5 });
    assert.equal(meter.check(35_000, MAX_BPS), undefined);
  });

  test('measures against the limit it is given, which changes with the picture', () => {
    const meter = new BitrateMeter();
    run(meter, { fromMs: 0, toMs: 10_000, pace: 1 });
    assert.equal(meter.check(10_000, MAX_BPS), undefined);
    assert.equal(meter.check(10_000, MAX_BPS - 1)?.exceededBy, 1);
  });

  test('agrees with the sum over the last ten whole seconds, whatever came when', () => {
    const arrivals = fc.array(
      fc.record({
        gapMs: fc.oneof(fc.nat(400), fc.nat(30_000)),
        byteLength: fc.nat(5_000_000),
      }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(arrivals, fc.nat(15_000), fc.nat(1_000_000), (gaps, restMs, startMs) => {
        const meter = new BitrateMeter();
        let nowMs = startMs;
        const received = gaps.map(({ gapMs, byteLength }) => {
          nowMs += gapMs;
          meter.received(byteLength, nowMs);
          return { atMs: nowMs, byteLength };
        });
        const firstMs = received[0]!.atMs;
        const second = Math.floor((nowMs + restMs - firstMs) / 1000);
        const inWindow = received
          .map(({ atMs, byteLength }) => ({ at: Math.floor((atMs - firstMs) / 1000), byteLength }))
          .filter(({ at }) => at < second && at >= second - 10);
        const byteLength = inWindow.reduce((sum, part) => sum + part.byteLength, 0);
        const expected = second < 10 ? 0 : Math.max(0, Math.round(byteLength * 0.8));
        assert.equal(meter.check(nowMs + restMs, 0)?.exceededBy ?? 0, expected);
      }),
    );
  });
});

describe('ingestWarnings()', () => {
  const namesOf = (framesPerSecond: number, keyframeIntervalSeconds: number) =>
    ingestWarnings({ framesPerSecond, keyframeIntervalSeconds }).map(({ name }) => name);

  test('is silent on what is allowed, and on what is not known', () => {
    assert.deepEqual(namesOf(60, 2), []);
    assert.deepEqual(namesOf(60.06, 10.01), []);
    assert.deepEqual(namesOf(0, 0), []);
  });

  test('names a frame rate over 60 and keyframes more than 10 s apart, with the value', () => {
    assert.deepEqual(namesOf(120, 2), ['frame-rate']);
    assert.deepEqual(namesOf(30, 10.1), ['keyframe-interval']);
    const [rate, interval] = ingestWarnings({
      framesPerSecond: 72.04,
      keyframeIntervalSeconds: 20,
    });
    assert.match(rate?.text ?? '', /sends 72 frames per second/);
    assert.match(interval?.text ?? '', /a keyframe every 20 s/);
  });
});
