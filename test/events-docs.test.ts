import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { signWebhook } from '../src/adapters/webhook-signature.ts';
import { parseTargetFile } from '../src/events/target-file.ts';
import { ROOT } from './support/source-tree.ts';

const guide = readFileSync(path.join(ROOT, 'docs/events.md'), 'utf8');
const blocksOf = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n(.+?)^\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code,
  );

const SECRET = 'the secret of the receiver';
const BODY = JSON.stringify({ detail: { channel_name: 'ünïcode 漢' } });
const now = Date.now();

/** What a receiver is sent, and whether it is to believe it. */
const CASES: readonly (readonly [body: string, signature: string, isFromIvory: boolean])[] = [
  [BODY, signWebhook(BODY, [SECRET], now), true],
  [BODY, signWebhook(BODY, ['another secret', SECRET], now), true],
  [BODY, signWebhook(BODY, [SECRET, 'another secret'], now), true],
  [BODY, signWebhook(BODY, ['another secret'], now), false],
  [`${BODY} `, signWebhook(BODY, [SECRET], now), false],
  [BODY, signWebhook(BODY, [SECRET], now - 301_000), false],
  [BODY, signWebhook(BODY, [SECRET], now + 310_000), false],
  [
    BODY,
    signWebhook(BODY, [SECRET], now).replace(/t=\d+/, `t=${Math.floor(now / 1000) + 1}`),
    false,
  ],
  [BODY, signWebhook(BODY, [SECRET], now).replace(/t=\d+,/, ''), false],
  [BODY, signWebhook(BODY, [SECRET], now).replace('v1=', 'v0='), false],
  [BODY, '', false],
  [BODY, 'v1,t', false],
];

test('the guide checks signatures in Node.js as they are made', async () => {
  const code = blocksOf('js').find((block) => block.includes('isFromIvory'));
  const module = await import(`data:text/javascript,${encodeURIComponent(code!)}`);
  for (const [body, signature, expected] of CASES) {
    assert.equal(module.isFromIvory(body, signature, SECRET), expected, signature);
    assert.equal(module.isFromIvory(Buffer.from(body), signature, SECRET), expected);
  }
});

test('the guide checks signatures in Python as they are made', () => {
  const [code] = blocksOf('python');
  const script = `${code}
import json, sys
cases = json.load(sys.stdin)
json.dump([is_from_ivory(body.encode(), signature, ${JSON.stringify(SECRET)}) for body, signature, _ in cases], sys.stdout)`;
  const answers = execFileSync('python3', ['-c', script], { input: JSON.stringify(CASES) });
  assert.deepEqual(
    JSON.parse(answers.toString()),
    CASES.map(([, , expected]) => expected),
  );
});

test("the guide's targets and patterns are such", () => {
  const documents = blocksOf('json').map((text) => JSON.parse(text));
  const files = documents.filter((document) => 'targets' in document);
  const patterns = documents.filter((document) => !('targets' in document || 'id' in document));
  assert.deepEqual([files.length, patterns.length], [1, 1]);
  for (const pattern of patterns) {
    for (const target of files[0].targets) files.push({ targets: [{ ...target, pattern }] });
  }
  for (const file of files) {
    const { problems, targets } = parseTargetFile(JSON.stringify(file));
    assert.deepEqual(problems, []);
    assert.ok(targets.length > 0);
  }
  const [envelope] = documents;
  assert.ok(parseTargetFile(JSON.stringify(files[1])).targets[0]?.pattern?.matches(envelope));
});
