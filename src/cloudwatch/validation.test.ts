import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as v from 'valibot';
import { getMetricData } from './get-metric-data.ts';
import { listMetrics } from './list-metrics.ts';
import { listOf, structure, timestamp } from './shapes.ts';
import { validateCall } from './validation.ts';

const T0 = Date.UTC(2026, 0, 1, 12);
const range = { StartTime: T0 / 1000, EndTime: T0 / 1000 + 60 };

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Error);
    return `${error.name}: ${error.message}`;
  }
  return assert.fail('nothing was thrown');
}

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

describe('listOf()', () => {
  test('looks at no item of a list that has too many', () => {
    const seen: unknown[] = [];
    const item = v.pipe(
      v.unknown(),
      v.check((value) => seen.push(value) === 0),
    );
    const { issues } = v.safeParse(listOf(item, { max: 3 }), [{}, {}, {}, {}]);
    assert.deepEqual(
      issues?.map(({ message }) => message),
      ['has more than 3 items'],
    );
    assert.deepEqual(seen, []);
  });

  test('reads an empty text as an empty list', () => {
    assert.deepEqual(v.parse(listOf(v.string(), { max: 3 }), ''), []);
    assert.equal(v.is(listOf(v.string(), { min: 1, max: 3 }), ''), false);
  });
});

test('structure() takes null for an absent member', () => {
  const shape = structure({ a: v.optional(v.string()), b: v.optional(v.number(), 7) });
  assert.deepEqual(v.parse(shape, { a: null, b: null }), { b: 7 });
});

describe('timestamp', () => {
  const read = (text: string) => v.safeParse(timestamp, text).output;

  test('is in UTC where it names no zone, wherever the server is', () => {
    const zone = process.env['TZ'];
    try {
      for (process.env['TZ'] of ['America/New_York', 'UTC', 'Asia/Tokyo']) {
        for (const text of [
          ...['2026-01-01T12:00:00', '2026-01-01T12:00', '2026-01-01T12:00:00.000Z'],
          ...['2026-01-01T13:00:00+01:00', '2026-01-01T13:00:00+0100'],
        ]) {
          assert.equal(read(text), T0, `${text} in ${process.env['TZ']}`);
        }
        assert.equal(read('2026-01-01'), T0 - 12 * 3_600_000);
      }
    } finally {
      if (zone === undefined) delete process.env['TZ'];
      else process.env['TZ'] = zone;
    }
  });

  test('is ISO 8601, or nothing', () => {
    for (const text of ['foo 1', 'Jan 1 2026', '1', '2026-13-01T00:00:00Z', '2026-01-01T', '']) {
      assert.equal(v.is(timestamp, text), false, text);
    }
  });
});

describe('validateCall()', () => {
  test('says of a list that is too long one thing', () => {
    const queries = Array.from({ length: 501 }, () => ({}));
    assert.equal(
      messageOf(() => validateCall(getMetricData, { ...range, MetricDataQueries: queries })),
      `ValidationError: The value [${'"...",'.repeat(16)}"..... for parameter MetricDataQueries is invalid: has more than 500 items`,
    );
  });

  test('stops at the first mistake', () => {
    let looks = 0;
    const query = () => ({
      Id: 'm1',
      get MetricStat() {
        return looks++;
      },
    });
    const MetricDataQueries = Array.from({ length: 500 }, query);
    assert.match(
      messageOf(() => validateCall(getMetricData, { ...range, MetricDataQueries })),
      /^ValidationError: .* MetricDataQueries\.member\.1\.MetricStat /,
    );
    assert.ok(looks < 5, `${looks}`);
  });

  test('names a mistake that is nested deeper than the stack', () => {
    for (const MetricName of [nested(200_000), { Name: nested(200_000) }]) {
      assert.match(
        messageOf(() => validateCall(listMetrics, { MetricName })),
        /^InvalidParameterValueException: The value .{0,20}"\.\.\.".{0,2} for parameter MetricName/,
      );
    }
  });

  test('names what is missing, or null', () => {
    for (const input of [{}, { MetricDataQueries: null }]) {
      assert.equal(
        messageOf(() => validateCall(getMetricData, input)),
        'ValidationError: The parameter MetricDataQueries is required.',
      );
    }
  });
});
