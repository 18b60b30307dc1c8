import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProtocolViolation } from '../../lib/protocol-violation.ts';
import { decodeQueryForm, queryErrorResponse, queryResponse } from './query-protocol.ts';

describe('decodeQueryForm()', () => {
  test('makes a tree of names with dots, and lists of members in the order of their numbers', () => {
    const form = [
      'Action=GetMetricData',
      'Queries.member.10.Id=b',
      'Queries.member.2.Id=a+b',
      'Queries.member.2.Stat.Dimensions.member.1.Name=Chan%26nel',
      'Empty=',
    ].join('&');
    assert.deepEqual(decodeQueryForm(form), {
      Action: 'GetMetricData',
      Queries: [{ Id: 'a b', Stat: { Dimensions: [{ Name: 'Chan&nel' }] } }, { Id: 'b' }],
      Empty: '',
    });
  });

  test('refuses parameters that contradict each other, too many and too deep ones', () => {
    for (const form of [
      'a=1&a=2',
      'a=1&a.b=2',
      'a.b=1&a=2',
      `${'a.'.repeat(16)}a=1`,
      `${'a.'.repeat(9)}a=1`,
      '&a='.repeat(10_001),
      Array.from({ length: 2500 }, (_, i) => `a.${i}.b.c.d.e=1`).join('&'),
    ]) {
      assert.throws(() => decodeQueryForm(form), ProtocolViolation, form.slice(0, 40));
    }
  });

  test('throws nothing but ProtocolViolation, and touches no prototype', () => {
    const name = fc.array(fc.constantFrom('a', 'member', '1', '__proto__', 'constructor', ''), {
      maxLength: 18,
    });
    fc.assert(
      fc.property(fc.array(name), (names) => {
        try {
          decodeQueryForm(names.map((segments) => `${segments.join('.')}=x`).join('&'));
        } catch (error) {
          assert.ok(error instanceof ProtocolViolation, String(error));
        }
        assert.deepEqual(Object.keys(Object.prototype), []);
      }),
    );
  });
});

test('queryResponse() and queryErrorResponse() write the XML that AWS documents', () => {
  const envelope = { requestId: 'id-1', namespace: 'urn:x' };
  const output = {
    Label: 'a<b&"c"\u0007',
    Values: [1.5, 2],
    Times: [new Date(0)],
    Nothing: undefined,
    Empty: [],
  };
  assert.equal(
    queryResponse('Get', output, envelope),
    '<GetResponse xmlns="urn:x"><GetResult><Label>a&lt;b&amp;&quot;c&quot;</Label>' +
      '<Values><member>1.5</member><member>2</member></Values>' +
      '<Times><member>1970-01-01T00:00:00.000Z</member></Times><Empty></Empty></GetResult>' +
      '<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></GetResponse>',
  );
  const error = { code: 'InvalidAction', message: 'no', isSenderFault: true };
  assert.equal(
    queryErrorResponse(error, envelope),
    '<ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>InvalidAction</Code>' +
      '<Message>no</Message></Error><RequestId>id-1</RequestId></ErrorResponse>',
  );
});
