import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AccessKeyRing, parseAccessKeyFile } from './access-key-file.ts';
import { rootAccessKey } from './credentials.ts';

const ACCOUNT_ID = '123456789012';
const POLICY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'ivs:*', Resource: '*' }],
};
const ANN = {
  accessKeyId: 'AKIAANN0000000000000',
  secretAccessKey: 'the-secret-of-ann',
  userName: 'ann',
  policies: [POLICY],
};

const fileOf = (...accessKeys: unknown[]) => JSON.stringify({ accessKeys });
const problemsOf = (text: string) => parseAccessKeyFile(text, ACCOUNT_ID).problems;

describe('parseAccessKeyFile()', () => {
  test('reads users, and roots of other accounts', () => {
    const root = {
      accessKeyId: 'AKIAROOT000000000000',
      secretAccessKey: 'the-secret-of-root',
      accountId: '210987654321',
      root: true,
    };
    const { keys, problems } = parseAccessKeyFile(fileOf(ANN, root), ACCOUNT_ID);
    assert.deepEqual(problems, []);
    const ann = keys.get(ANN.accessKeyId);
    assert.equal(ann?.principal.arn, `arn:aws:iam::${ACCOUNT_ID}:user/ann`);
    assert.equal(ann?.principal.isRoot, false);
    assert.equal(keys.get(root.accessKeyId)?.principal.arn, 'arn:aws:iam::210987654321:root');
  });

  test('says everything that is wrong, a line each, and shows no secret', () => {
    const problems = [
      'nonsense the-secret-of-ann',
      '[]',
      fileOf('ann'),
      fileOf({ ...ANN, secretAccessKey: 'short', accessKeyId: 'ann', accountId: '1' }),
      fileOf({ ...ANN, userName: 'a b', policies: POLICY }),
      fileOf({ ...ANN, root: true }),
      fileOf({ ...ANN, root: 'yes', admin: true }),
      fileOf(ANN, ANN),
      fileOf({ ...ANN, policies: [{ Statement: [{ ...POLICY.Statement[0], Effect: 'Alow' }] }] }),
    ].flatMap(problemsOf);
    assert.deepEqual(problems, [
      'the file is not JSON',
      'the file must be an object with a list "accessKeys"',
      'accessKeys[0] must be an object',
      'accessKeys[0].accessKeyId must be 16 to 128 letters, digits or _',
      'accessKeys[0].secretAccessKey must be 8 to 128 printable ASCII characters without spaces',
      'accessKeys[0].accountId must be 12 digits',
      'accessKeys[0].userName must be 1 to 64 letters, digits or _+=,.@-',
      'accessKeys[0].policies must be a list of policy documents',
      'accessKeys[0] is of root, which has no userName and which no policies limit',
      'accessKeys[0].admin is not one of accessKeyId, secretAccessKey, accountId, userName, root, policies',
      'accessKeys[0].root must be true or false',
      'accessKeys[1].accessKeyId AKIAANN0000000000000 is there twice',
      'accessKeys[0].policies[0].Statement[0].Effect must be "Allow" or "Deny", got "Alow"',
    ]);
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.json(), (text) => void parseAccessKeyFile(text, ACCOUNT_ID)));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(ANN)), fc.anything()), (entry) => {
        problemsOf(fileOf({ ...ANN, ...entry }));
      }),
    );
  });
});

describe('AccessKeyRing', () => {
  const ROOT = {
    accessKeyId: 'AKIAROOT000000000001',
    secretAccessKey: 'the-secret-of-root',
    accountId: ACCOUNT_ID,
  };
  const ringOf = () => new AccessKeyRing(rootAccessKey(ROOT), ACCOUNT_ID);

  test('load() replaces all keys but root’s', () => {
    const ring = ringOf();
    assert.deepEqual(ring.load(fileOf(ANN)), []);
    assert.ok(ring.find(ANN.accessKeyId) && ring.find(ROOT.accessKeyId));
    assert.deepEqual(ring.load(fileOf()), []);
    assert.equal(ring.find(ANN.accessKeyId), undefined);
    assert.ok(ring.find(ROOT.accessKeyId));
  });

  test('load() keeps the keys where the file is wrong', () => {
    const ring = ringOf();
    ring.load(fileOf(ANN));
    const bob = { ...ANN, accessKeyId: 'AKIABOB0000000000000' };
    assert.equal(ring.load(fileOf({ ...bob, userName: '' })).length, 1);
    assert.equal(ring.load(fileOf(bob, { ...ANN, accessKeyId: ROOT.accessKeyId })).length, 1);
    assert.ok(ring.find(ANN.accessKeyId));
    assert.equal(ring.find(bob.accessKeyId), undefined);
  });

  test('load() takes a file that is gone for one without keys', () => {
    const ring = ringOf();
    ring.load(fileOf(ANN));
    assert.deepEqual(ring.load(undefined), []);
    assert.equal(ring.find(ANN.accessKeyId), undefined);
    assert.ok(ring.find(ROOT.accessKeyId));
  });
});
