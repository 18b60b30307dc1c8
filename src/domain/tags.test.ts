import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTags, MAX_TAGS, mergeTags, withoutTags } from './tags.ts';

const refusal = { name: 'ValidationException' };

test('checkTags() accepts every character of the alphabet, in any script', () => {
  checkTags({ 'Größe 名前_.:/=+-@': '', constructor: 'é 1' });
});

test('checkTags() refuses the reserved prefix in any case', () => {
  for (const key of ['aws:name', 'AWS:x', 'Aws:']) {
    assert.throws(() => checkTags({ [key]: 'x' }), refusal);
  }
  checkTags({ 'my:aws:name': 'aws:value' });
});

test('checkTags() refuses characters outside the alphabet in keys and values', () => {
  assert.throws(() => checkTags({ 'a<b': 'x' }), refusal);
  assert.throws(() => checkTags({ a: 'x\n' }), refusal);
});

test('mergeTags() replaces a value and keeps the others', () => {
  assert.deepEqual(mergeTags({ a: '1', b: '2' }, { b: '3', c: '4' }), { a: '1', b: '3', c: '4' });
});

test('mergeTags() counts what would be there: 50 are allowed, 51 are not', () => {
  const full = Object.fromEntries(Array.from({ length: MAX_TAGS }, (_, i) => [`k${i}`, 'v']));
  assert.deepEqual(Object.keys(mergeTags(full, { k0: 'new' })).length, MAX_TAGS);
  assert.throws(() => mergeTags(full, { one: 'more' }), refusal);
});

test('mergeTags() keeps a tag that is named as a member of every object', () => {
  const added = JSON.parse('{"__proto__":"x","constructor":"y"}');
  assert.equal(JSON.stringify(mergeTags({}, added)), '{"__proto__":"x","constructor":"y"}');
});

test('withoutTags() ignores keys that are not there', () => {
  assert.deepEqual(withoutTags({ a: '1', b: '2' }, ['b', 'z']), { a: '1' });
});
