import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseEventPattern } from './event-pattern.ts';
import { PatternError } from './value-test.ts';

const EVENT = {
  version: '0',
  'detail-type': 'IVS Stream State Change',
  source: 'aws.ivs',
  region: 'us-east-1',
  resources: ['arn:aws:ivs:us-east-1:123456789012:channel/aAbBcCdDeEfF', 'second'],
  detail: {
    event_name: 'Stream Start',
    channel_name: '',
    limit_value: 300,
    flag: true,
    nothing: null,
    empty: [],
    address: '10.0.0.7',
    path: 'ivs/v1/a*b/c\\d',
    people: [
      { name: 'ann', age: 30 },
      { name: 'bob', age: 40 },
    ],
  },
};

const matches = (pattern: unknown, event: object = EVENT) =>
  parseEventPattern(pattern).matches(event);
const detail = (name: string, ...elements: unknown[]) => matches({ detail: { [name]: elements } });

describe('parseEventPattern()', () => {
  test('matches where every member has one of the values', () => {
    assert.ok(matches({ source: ['aws.ivs'], detail: { event_name: ['x', 'Stream Start'] } }));
    assert.ok(!matches({ source: ['aws.ivs'], detail: { event_name: ['Stream End'] } }));
    assert.ok(!matches({ source: ['AWS.IVS'] }), 'case counts');
    assert.ok(!matches({ missing: ['x'] }));
    assert.ok(detail('channel_name', ''));
    assert.ok(detail('limit_value', 300.0) && !detail('limit_value', '300'));
    assert.ok(detail('flag', true) && !detail('flag', 'true') && !detail('flag', false));
    assert.ok(detail('nothing', null) && !detail('flag', null));
  });

  test('matches a list where one of its values will do', () => {
    assert.ok(matches({ resources: ['second'] }));
    assert.ok(matches({ resources: [{ prefix: 'arn:aws:ivs:' }] }));
    assert.ok(!matches({ resources: ['third'] }));
    assert.ok(matches({ detail: { people: { name: ['ann'], age: [30] } } }));
    assert.ok(!matches({ detail: { people: { name: ['ann'], age: [40] } } }), 'of one element');
  });

  test('knows the operators on text', () => {
    assert.ok(
      detail('event_name', { prefix: 'Stream ' }) && !detail('event_name', { prefix: 's' }),
    );
    assert.ok(detail('event_name', { prefix: { 'equals-ignore-case': 'STREAM' } }));
    assert.ok(detail('event_name', { suffix: 'Start' }) && !detail('event_name', { suffix: 'x' }));
    assert.ok(detail('event_name', { suffix: { 'equals-ignore-case': 'START' } }));
    assert.ok(detail('event_name', { 'equals-ignore-case': 'stream start' }));
    assert.ok(!detail('event_name', { 'equals-ignore-case': 'stream' }));
    assert.ok(!detail('limit_value', { prefix: '3' }), 'a number is no text');
    assert.ok(detail('address', { cidr: '10.0.0.0/24' }));
    assert.ok(!detail('address', { cidr: '10.0.1.0/24' }) && !detail('path', { cidr: '::/0' }));
  });

  test('knows wildcards, and characters that are none', () => {
    for (const wildcard of ['*', 'Stream*', '*Start', 'S*m*t', 'Stream Start', '*ea*']) {
      assert.ok(detail('event_name', { wildcard }), wildcard);
    }
    for (const wildcard of ['', 'Stream', '*End', 'S*x*t', 'Stream Start*t']) {
      assert.ok(!detail('event_name', { wildcard }), wildcard);
    }
    assert.ok(detail('path', { wildcard: 'ivs/*/a\\*b/c\\\\d' }));
    assert.ok(!detail('event_name', { wildcard: 'Stream\\*' }));
  });

  test('knows numbers', () => {
    assert.ok(detail('limit_value', { numeric: ['=', 300] }));
    assert.ok(detail('limit_value', { numeric: ['>', 0, '<=', 300] }));
    assert.ok(!detail('limit_value', { numeric: ['>', 0, '<', 300] }));
    assert.ok(!detail('limit_value', { numeric: ['>=', 301] }));
    assert.ok(!detail('event_name', { numeric: ['>', 0] }));
  });

  test('knows anything-but, of what is there', () => {
    assert.ok(detail('event_name', { 'anything-but': 'Stream End' }));
    assert.ok(!detail('event_name', { 'anything-but': ['Stream End', 'Stream Start'] }));
    assert.ok(!detail('event_name', { 'anything-but': { prefix: 'Stream' } }));
    assert.ok(detail('event_name', { 'anything-but': { suffix: ['End', 'Failure'] } }));
    assert.ok(
      !detail('event_name', { 'anything-but': { 'equals-ignore-case': ['stream START'] } }),
    );
    assert.ok(!detail('event_name', { 'anything-but': { wildcard: '*Start' } }));
    assert.ok(!detail('missing', { 'anything-but': 'x' }));
    assert.ok(detail('limit_value', { 'anything-but': [1, 2] }));
  });

  test('knows whether a leaf is there', () => {
    assert.ok(detail('event_name', { exists: true }) && !detail('event_name', { exists: false }));
    assert.ok(detail('missing', { exists: false }) && !detail('missing', { exists: true }));
    assert.ok(detail('nothing', { exists: true }), 'null is a value');
    assert.ok(matches({ missing: { deeper: [{ exists: false }] } }));
    assert.ok(detail('missing', { exists: false }, 'x'));
  });

  test('knows $or, beside other members', () => {
    const either = [{ source: ['x'] }, { detail: { limit_value: [{ numeric: ['>', 1] }] } }];
    assert.ok(matches({ $or: either }));
    assert.ok(matches({ region: ['us-east-1'], $or: either }));
    assert.ok(!matches({ region: ['eu-west-1'], $or: either }));
    assert.ok(!matches({ $or: [{ source: ['x'] }, { source: ['y'] }] }));
    assert.ok(matches({ detail: { $or: [{ flag: [false] }, { nothing: [null] }] } }));
  });

  test('refuses what is no pattern, and says where', () => {
    for (const [pattern, message] of [
      [[], 'pattern must be an object'],
      [null, 'pattern must be an object'],
      [{}, 'pattern must not be empty'],
      [{ source: 'aws.ivs' }, 'pattern.source must be a list of values, or an object'],
      [{ source: [] }, 'pattern.source must not be empty'],
      [{ source: [[]] }, 'pattern.source[0] must be an object with one operator'],
      [{ a: [{ prefix: 1 }] }, 'pattern.a[0].prefix must be a text'],
      [{ a: [{ like: 'x' }] }, 'pattern.a[0].like is not an operator of event patterns'],
      [{ a: [{ prefix: 'a', suffix: 'b' }] }, 'pattern.a[0] must be an object with one operator'],
      [{ a: [{ exists: 'yes' }] }, 'pattern.a[0].exists must be true or false'],
      [{ a: [{ cidr: '10.0.0.1' }] }, /must be a range of addresses/],
      [{ a: [{ numeric: ['>'] }] }, /must be a list such as/],
      [{ a: [{ numeric: ['!', 1] }] }, /must be one of = < <= > >=/],
      [{ a: [{ numeric: ['<', 5, '>', 0] }] }, /lower limit first/],
      [{ a: [{ numeric: ['<', 6e9] }] }, /within ±5000000000/],
      [{ a: [{ wildcard: 'a**b' }] }, /two \* in a row/],
      [{ a: [{ wildcard: 'a\\b' }] }, /before neither/],
      [{ a: [{ 'anything-but': ['x', 1] }] }, /must be texts, or numbers/],
      [{ a: [{ 'anything-but': [] }] }, /must not be empty/],
      [{ a: [{ 'anything-but': { exists: true } }] }, /can not be within anything-but/],
      [{ $or: [{ a: ['b'] }] }, /at least two patterns/],
      [{ a: ['x'.repeat(4100)] }, /at most 4096 characters/],
    ] as const) {
      assert.throws(
        () => parseEventPattern(pattern),
        (error: Error) =>
          error instanceof PatternError &&
          (typeof message === 'string' ? error.message === message : message.test(error.message)),
        JSON.stringify(pattern).slice(0, 100),
      );
    }
  });

  test('matches every event by the pattern of its own values, and by none of another value', () => {
    const name = fc.stringMatching(/^[a-z]{1,6}$/);
    const leaf = fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant(null));
    const event = fc.dictionary(name, fc.dictionary(name, leaf, { minKeys: 1 }), { minKeys: 1 });
    const ownPattern = (of: Record<string, Record<string, unknown>>) =>
      Object.fromEntries(
        Object.entries(of).map(([key, members]) => [
          key,
          Object.fromEntries(Object.entries(members).map(([inner, value]) => [inner, [value]])),
        ]),
      );
    fc.assert(
      fc.property(event, (of) => {
        assert.ok(matches(ownPattern(of), of));
        const [key = '', members = {}] = Object.entries(of)[0] ?? [];
        const [inner = ''] = Object.keys(members);
        assert.ok(!matches(ownPattern({ [key]: { [inner]: 'none' } }), { other: of }));
        const changed = { ...of, [key]: { ...members, [inner]: { not: 'a leaf' } } };
        assert.ok(!matches(ownPattern(of), changed));
      }),
    );
  });

  test('a wildcard matches what its stars are replaced by, as a regular expression does', () => {
    const text = fc.stringMatching(/^[ab]{0,12}$/);
    const wildcard = fc.stringMatching(/^[ab*]{1,8}$/).filter((each) => !each.includes('**'));
    fc.assert(
      fc.property(text, wildcard, (value, pattern) => {
        const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(value);
        assert.equal(matches({ a: [{ wildcard: pattern }] }, { a: value }), expected);
      }),
    );
  });

  test('throws nothing but PatternError, whatever it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          parseEventPattern(value).matches(EVENT);
        } catch (error) {
          assert.ok(error instanceof PatternError, String(error));
        }
      }),
    );
  });
});
