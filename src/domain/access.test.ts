import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowed, isOwnArn } from './access.ts';

const ACTION = { action: 'ivs:GetChannel', resources: ['*'] };

test('isAllowed() lets root do everything and nobody else anything', () => {
  const arn = 'arn:aws:iam::123456789012:root';
  assert.equal(isAllowed({ ...ACTION, principal: { accountId: '1', isRoot: true, arn } }), true);
  assert.equal(isAllowed({ ...ACTION, principal: { accountId: '1', isRoot: false, arn } }), false);
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
