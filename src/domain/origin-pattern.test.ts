import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowsOrigin, isOriginPattern } from './origin-pattern.ts';

const CASES: readonly (readonly [pattern: string, origin: string, isAllowed: boolean])[] = [
  ['https://example.com', 'https://example.com', true],
  ['https://Example.com', 'https://example.com', true],
  ['https://example.com:443', 'https://example.com', true],
  ['http://example.com:80', 'http://example.com', true],
  ['https://example.com:80', 'https://example.com', false],
  ['https://example.com', 'http://example.com', false],
  ['https://example.com', 'https://example.com:8443', false],
  ['https://example.com:8443', 'https://example.com:8443', true],
  ['https://example.com', 'https://www.example.com', false],
  ['https://example.com', 'https://example.com.evil.net', false],
  ['https://*.example.com', 'https://www.example.com', true],
  ['https://*.example.com', 'https://a.b.example.com', true],
  ['https://*.example.com', 'https://example.com', false],
  ['https://*.example.com', 'https://.example.com', false],
  ['https://*.example.com', 'https://evilexample.com', false],
  ['https://*.example.com', 'https://evil.net/.example.com', false],
  ['https://*.example.com', 'https://evil.net:1@a.example.com', false],
  ['https://*.example.com', 'http://www.example.com', false],
  ['https://*.example.com', 'https://www.example.com:8443', false],
  ['https://*.example.com:8443', 'https://www.example.com:8443', true],
  ['http://[::1]:3000', 'http://[::1]:3000', true],
  ['http://localhost:3000', 'http://localhost:3000', true],
  ['null', 'null', true],
  ['https://example.com', 'null', false],
  ['https://example.com', '', false],
  // Two headers, as a server joins them.
  ['https://example.com', 'https://evil.net, https://example.com', false],
];

for (const [pattern, origin, isAllowed] of CASES) {
  test(`allowsOrigin() ${isAllowed ? 'takes' : 'refuses'} '${origin}' for ${pattern}`, () => {
    assert.equal(allowsOrigin([pattern], origin), isAllowed);
    assert.equal(allowsOrigin(['https://other.net', pattern], origin), isAllowed);
  });
}

test('allowsOrigin() takes everyone without patterns, and everyone without an origin', () => {
  assert.equal(allowsOrigin([], 'https://anywhere.net'), true);
  assert.equal(allowsOrigin(['https://example.com'], undefined), true);
});

test('isOriginPattern() takes what can match, and nothing with a path, a user or a wildcard elsewhere', () => {
  for (const text of ['https://*.a.com', 'app://x', 'null', 'http://127.0.0.1:65535']) {
    assert.equal(isOriginPattern(text), true, text);
  }
  for (const text of [
    '',
    '*',
    'a.com',
    'https://a.com/',
    'https://a.*.com',
    'https://u@a.com',
    'http://a:65536',
  ]) {
    assert.equal(isOriginPattern(text), false, text);
  }
});
