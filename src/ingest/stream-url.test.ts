import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOurApp, parseStreamName } from './stream-url.ts';

test('isOurApp() accepts app with a slash or a query behind it', () => {
  for (const app of ['app', 'app/', 'app?x=y', 'app/?x=y/z']) assert.ok(isOurApp(app), app);
  for (const app of ['', 'live', 'App', 'app2', 'app/x', 'x/app', '?app']) {
    assert.ok(!isOurApp(app), app);
  }
});

test('parseStreamName() splits at the first question mark', () => {
  const { streamKey, parameters } = parseStreamName('sk_1?priority=2&x=a%20b?');
  assert.equal(streamKey, 'sk_1');
  assert.deepEqual(
    [...parameters],
    [
      ['priority', '2'],
      ['x', 'a b?'],
    ],
  );
  assert.deepEqual(parseStreamName('sk_1'), { streamKey: 'sk_1', parameters: new Map() });
});
