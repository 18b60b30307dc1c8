import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PageTokens } from './pagination.ts';

const SECRET = Buffer.alloc(32, 1);
const LISTING = {
  operation: 'ListChannels',
  tenant: { accountId: '123456789012', region: 'us-west-2' },
  filter: { name: 'a' },
};
const refusal = { name: 'ValidationException', message: /nextToken/ };

const tokens = new PageTokens(SECRET);
const tokenOf = (cursor: string) => tokens.write(LISTING, cursor).nextToken ?? '';

describe('PageTokens', () => {
  test('read() gives back what write() was given, for any cursor', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (cursor) => {
        const nextToken = tokenOf(cursor);
        assert.match(nextToken, /^[a-zA-Z0-9+/=_-]{1,1024}$/);
        assert.deepEqual(tokens.read(LISTING, nextToken, 5), { limit: 5, after: cursor });
      }),
    );
  });

  test('read() takes a token of before a restart', () => {
    const restarted = new PageTokens(Buffer.from(SECRET));
    assert.deepEqual(restarted.read(LISTING, tokenOf('x'), 5), { limit: 5, after: 'x' });
  });

  test('read() starts at the beginning without a token, and with an empty one', () => {
    assert.deepEqual(tokens.read(LISTING, undefined, 5), { limit: 5 });
    assert.deepEqual(tokens.read(LISTING, '', 5), { limit: 5 });
  });

  test('write() gives nothing on the last page', () => {
    assert.deepEqual(tokens.write(LISTING, undefined), {});
  });

  test('read() refuses a token of which any character was changed', () => {
    const token = tokenOf('2026-01-01 arn');
    for (let i = 0; i < token.length; i++) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      assert.throws(() => tokens.read(LISTING, changed, 5), refusal);
    }
    for (const nonsense of ['x', '====', `${token}=`, token.slice(4)]) {
      assert.throws(() => tokens.read(LISTING, nonsense, 5), refusal);
    }
  });

  test('read() refuses a token of another operation, tenant, filter or key', () => {
    const token = tokenOf('x');
    const others = [
      { ...LISTING, operation: 'ListStreams' },
      { ...LISTING, tenant: { ...LISTING.tenant, region: 'us-east-1' } },
      { ...LISTING, tenant: { ...LISTING.tenant, accountId: '210987654321' } },
      { ...LISTING, filter: { name: 'b' } },
      { ...LISTING, filter: {} },
    ];
    for (const other of others) assert.throws(() => tokens.read(other, token, 5), refusal);
    const otherKey = new PageTokens(Buffer.alloc(32, 2));
    assert.throws(() => otherKey.read(LISTING, token, 5), refusal);
  });
});
