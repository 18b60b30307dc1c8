import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTargetFile } from './target-file.ts';

const SECRET = 'a secret of 16 characters';
const HOOK = { name: 'hook', type: 'webhook', url: 'https://a.example/ivs?x=1', secret: SECRET };
const BUS = { name: 'bus', type: 'eventbridge', eventBusName: 'default', region: 'us-east-1' };

const parse = (...targets: unknown[]) => parseTargetFile(JSON.stringify({ targets }));

describe('parseTargetFile()', () => {
  test('reads targets, with what they do not say filled in', () => {
    const { targets, problems } = parse(
      { ...HOOK, pattern: { source: ['aws.ivs'] } },
      { ...HOOK, name: 'other', secret: [SECRET, `${SECRET}2`], timeoutSeconds: 3 },
      BUS,
      {
        ...{ ...BUS, name: 'local', endpoint: 'http://127.0.0.1:4566', source: 'aws.ivs' },
        ...{ accessKeyId: 'a', secretAccessKey: 'b' },
      },
    );
    assert.deepEqual(problems, []);
    const [hook, other, bus, local] = targets.map(
      ({ fingerprint: _fingerprint, pattern: _pattern, ...rest }) => rest,
    );
    assert.deepEqual(hook, {
      ...{ name: 'hook', type: 'webhook', url: 'https://a.example/ivs?x=1' },
      ...{ secrets: [SECRET], timeoutMs: 10_000 },
    });
    assert.deepEqual(other, {
      ...{ ...hook, name: 'other' },
      ...{ secrets: [SECRET, `${SECRET}2`], timeoutMs: 3000 },
    });
    assert.deepEqual(bus, {
      ...{ ...BUS, source: 'ivory.ivs', endpoint: undefined, credentials: undefined },
    });
    assert.deepEqual(local, {
      ...{ ...BUS, name: 'local', source: 'aws.ivs', endpoint: 'http://127.0.0.1:4566/' },
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    assert.ok(targets[0]?.pattern?.matches({ source: 'aws.ivs' }));
    assert.equal(targets[1]?.pattern, undefined);
    assert.equal(new Set(targets.map(({ fingerprint }) => fingerprint)).size, 4);
  });

  test('says everything that is wrong, and no secret', () => {
    for (const [entry, problem] of [
      ['text', 'targets[0] must be an object'],
      [{ ...HOOK, type: 'smtp' }, 'targets[0].type must be webhook or eventbridge'],
      [{ ...HOOK, name: 'a/b' }, 'targets[0].name must be 1 to 64 letters, digits or _.-'],
      [{ ...HOOK, url: 'ftp://a' }, /^targets\[0\]\.url must be an http or https address/],
      [{ ...HOOK, url: 'https://u:p@a' }, /^targets\[0\]\.url must be/],
      [{ ...HOOK, secret: 'short' }, /^targets\[0\]\.secret must be a text of 16/],
      [{ ...HOOK, secret: [SECRET, SECRET, SECRET] }, /secret must be/],
      [{ ...HOOK, timeoutSeconds: 61 }, /timeoutSeconds must be a number from 1 to 60/],
      [{ ...HOOK, regoin: 'a' }, /^targets\[0\]\.regoin is not one of name, type, pattern, url/],
      [
        { ...HOOK, pattern: { a: 1 } },
        'targets[0].pattern.a must be a list of values, or an object',
      ],
      [{ ...BUS, eventBusName: '' }, /eventBusName must be/],
      [{ ...BUS, region: 'Mars' }, /region must be/],
      [{ ...BUS, accessKeyId: 'a' }, /must have accessKeyId and secretAccessKey, or neither/],
      [{ ...BUS, accessKeyId: 1, secretAccessKey: 2 }, /as texts/],
      [{ ...BUS, endpoint: 'local' }, /endpoint must be/],
    ] as const) {
      const { problems } = parse(entry);
      assert.equal(problems.length, 1, problems.join('\n'));
      if (typeof problem === 'string') assert.equal(problems[0], problem);
      else assert.match(problems[0]!, problem);
      assert.doesNotMatch(problems[0]!, /a secret of/);
    }
    assert.deepEqual(parse(HOOK, HOOK).problems, ['targets[1].name hook is there twice']);
    assert.equal(
      parse(...Array.from({ length: 101 }, () => HOOK)).problems[0],
      'targets must be at most 100',
    );
    assert.deepEqual(parseTargetFile('{').problems, ['the file is not JSON']);
    assert.deepEqual(parseTargetFile('[]').problems, [
      'the file must be an object with a list "targets"',
    ]);
  });
});
