import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkBlockingRequest,
  DirectiveError,
  parseDeliveryDirectives,
} from './delivery-directives.ts';

const accepted: { query: string; directives: object }[] = [
  { query: '', directives: {} },
  { query: 'token=a&x=1', directives: {} },
  { query: '_HLS_msn=7', directives: { msn: 7 } },
  { query: '_HLS_msn=7&_HLS_part=0', directives: { msn: 7, part: 0 } },
  { query: '_HLS_part=3&_HLS_msn=0', directives: { msn: 0, part: 3 } },
  { query: 'a=b&_HLS_msn=007&_HLS_skip=YES', directives: { msn: 7, skip: 'YES' } },
  { query: '_HLS_skip=v2', directives: { skip: 'v2' } },
  { query: '_HLS_skip=NO', directives: {} },
  { query: '_HLS_push=1&_HLS_report=/a.m3u8&_HLS_', directives: {} },
  { query: '_HLS_push=1&_HLS_push=2', directives: {} },
  { query: 'x_HLS_msn=-1', directives: {} },
  { query: 'x=_HLS_msn=-1', directives: {} },
];

for (const { query, directives } of accepted) {
  test(`parseDeliveryDirectives() reads ${JSON.stringify(query)}`, () => {
    assert.deepEqual(parseDeliveryDirectives(query), directives);
  });
}

const refused = [
  '_HLS_part=1',
  '_HLS_part=1&_HLS_skip=YES',
  '_HLS_msn',
  '_HLS_msn=',
  '_HLS_msn=-1',
  '_HLS_msn=+1',
  '_HLS_msn=1.5',
  '_HLS_msn=1e3',
  '_HLS_msn=0x10',
  '_HLS_msn=%31',
  '_HLS_msn=NaN',
  '_HLS_msn=9999999999999999',
  '_HLS_msn=1&_HLS_part=x',
  '_HLS_msn=1&_HLS_msn=1',
  '_HLS_msn=1&_HLS_part=1&_HLS_part=1',
  '_HLS_skip=YES&_HLS_skip=v2',
];

for (const query of refused) {
  test(`parseDeliveryDirectives() refuses ${query}`, () => {
    assert.throws(() => parseDeliveryDirectives(query), DirectiveError);
  });
}

test('parseDeliveryDirectives() reads any query or throws DirectiveError', () => {
  const parameter = fc
    .tuple(
      fc.constantFrom('_HLS_msn', '_HLS_part', '_HLS_skip', '_HLS_x', ''),
      fc.oneof(fc.nat().map(String), fc.constantFrom('YES', 'v2', ''), fc.string()),
    )
    .map(([name, value]) => `${name}=${value}`);
  fc.assert(
    fc.property(fc.array(parameter, { maxLength: 4 }), (parameters) => {
      try {
        const { msn, part } = parseDeliveryDirectives(parameters.join('&'));
        assert.ok(msn === undefined || Number.isSafeInteger(msn));
        assert.ok(part === undefined || msn !== undefined);
      } catch (error) {
        if (!(error instanceof DirectiveError)) throw error;
      }
    }),
  );
});

// Segment 10 is complete, segment 11 has parts 0 to 2; 3 / 0.2 makes an Advance Part Limit of 15.
const edge = { lastMsn: 10, openPartCount: 3, partTargetSeconds: 0.2 };

const blocking = [
  { request: {}, isRefused: false },
  { request: { msn: 0 }, isRefused: false },
  { request: { msn: 12 }, isRefused: false },
  { request: { msn: 13 }, isRefused: true },
  { request: { msn: 13, part: 0 }, isRefused: true },
  { request: { msn: 11, part: 3 }, isRefused: false },
  { request: { msn: 11, part: 17 }, isRefused: false },
  { request: { msn: 11, part: 18 }, isRefused: true },
  { request: { msn: 12, part: 0 }, isRefused: false },
  { request: { msn: 12, part: 14 }, isRefused: false },
  { request: { msn: 12, part: 15 }, isRefused: true },
  // A part after the last of a complete segment is part 0 of the next.
  { request: { msn: 10, part: 1000 }, isRefused: false },
];

for (const { request, isRefused } of blocking) {
  test(`checkBlockingRequest() ${isRefused ? 'refuses' : 'lets wait'} ${JSON.stringify(request)}`, () => {
    const check = () => checkBlockingRequest(request, edge);
    if (isRefused) assert.throws(check, DirectiveError);
    else check();
  });
}

test('checkBlockingRequest() lets a client be three parts ahead where a part lasts a second or more', () => {
  const slow = { lastMsn: 10, openPartCount: 0, partTargetSeconds: 2 };
  checkBlockingRequest({ msn: 11, part: 2 }, slow);
  assert.throws(() => checkBlockingRequest({ msn: 11, part: 3 }, slow), DirectiveError);
});

test('checkBlockingRequest() works before the first complete segment', () => {
  const start = { lastMsn: -1, openPartCount: 1, partTargetSeconds: 0.2 };
  checkBlockingRequest({ msn: 0, part: 1 }, start);
  checkBlockingRequest({ msn: 1 }, start);
  assert.throws(() => checkBlockingRequest({ msn: 2 }, start), DirectiveError);
});
