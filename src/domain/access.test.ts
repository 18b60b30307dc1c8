import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowed, isOwnArn, rootOf, userOf } from './access.ts';
import { parsePolicy } from './iam/policy.ts';

const REQUEST = { action: 'ivs:GetChannel', resource: '*', context: () => undefined };

test('isAllowed() lets root do everything, and a user what its policies say', () => {
  const statement = { Effect: 'Allow', Action: 'ivs:GetChannel', Resource: '*' };
  const policy = parsePolicy({ Statement: statement }, 'policy', assert.fail);
  const may = (principal: ReturnType<typeof rootOf>) => isAllowed({ ...REQUEST, principal });
  assert.ok(may(rootOf('123456789012')));
  assert.ok(may(userOf('123456789012', 'ann', [policy])));
  assert.ok(!may(userOf('123456789012', 'ann', [])));
});

test('rootOf() and userOf() name the caller as IAM does', () => {
  assert.equal(rootOf('123456789012').arn, 'arn:aws:iam::123456789012:root');
  assert.equal(userOf('123456789012', 'ann', []).arn, 'arn:aws:iam::123456789012:user/ann');
});

test('isOwnArn() compares account and region', () => {
  const tenant = { accountId: '123456789012', region: 'us-west-2' };
  const cases: [string, boolean][] = [
    ['arn:aws:ivs:us-west-2:123456789012:channel/abcdABCDefgh', true],
    ['arn:aws:ivs:us-west-2:123456789012:stream-key/abcdABCDefgh', true],
    ['arn:aws:ivs:us-east-1:123456789012:channel/abcdABCDefgh', false],
    ['arn:aws:ivs:us-west-2:210987654321:channel/abcdABCDefgh', false],
    ['arn:aws:ivs:us-west-2:123456789012:nonsense/abcdABCDefgh', false],
    ['nonsense', false],
  ];
  for (const [arn, isOwn] of cases) assert.equal(isOwnArn(arn, tenant), isOwn, arn);
});
