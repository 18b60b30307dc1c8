import assert from 'node:assert/strict';
import { describe as suite, test } from 'node:test';
import * as v from 'valibot';
import {
  boolean,
  choice,
  describe,
  integer,
  list,
  map,
  optional,
  type Shape,
  structure,
  text,
} from './vocabulary.ts';

const messagesOf = (shape: Shape, value: unknown): string[] =>
  v.safeParse(shape, value).issues?.map(({ message }) => message) ?? [];

suite('text()', () => {
  test('counts code points, not UTF-16 units', () => {
    assert.deepEqual(messagesOf(text({ maxLength: 2 }), '😀😀'), []);
    assert.deepEqual(messagesOf(text({ minLength: 2 }), '😀'), [
      'Member must have length greater than or equal to 2',
    ]);
    assert.deepEqual(messagesOf(text({ maxLength: 1 }), '\ud83dx'), [
      'Member must have length less than or equal to 1',
    ]);
  });

  test('tells every constraint that is broken', () => {
    assert.deepEqual(messagesOf(text({ maxLength: 2, pattern: /^[a-z]*$/ }), 'ABC'), [
      'Member must have length less than or equal to 2',
      'Member must satisfy regular expression pattern: ^[a-z]*$',
    ]);
  });

  test('does not let a line end slip past the end of a pattern', () => {
    assert.equal(messagesOf(text({ pattern: /^[a-z]*$/ }), 'abc\n').length, 1);
  });
});

suite('integer()', () => {
  test('refuses fractions, text and what a double cannot hold', () => {
    for (const value of [1.5, '1', true, 2 ** 53]) {
      assert.deepEqual(messagesOf(integer(), value), ['Member must be an integer']);
    }
    assert.deepEqual(messagesOf(integer({ min: 1, max: 100 }), 101), [
      'Member must have value less than or equal to 100',
    ]);
  });
});

suite('structure()', () => {
  const shape = structure({ name: optional(text()), flag: boolean() });

  test('ignores members it does not know, and takes null for absent', () => {
    assert.deepEqual(v.parse(shape, { flag: true, name: null, other: 1 }), { flag: true });
    assert.equal(messagesOf(shape, { flag: null }).length, 1);
  });

  test('is not a list', () => {
    assert.deepEqual(messagesOf(shape, []), ['Member must be a structure']);
  });
});

suite('list()', () => {
  test('counts its items and refuses null among them', () => {
    const shape = list(text(), { minCount: 1, maxCount: 2 });
    assert.equal(messagesOf(shape, []).length, 1);
    assert.equal(messagesOf(shape, ['a', 'b', 'c']).length, 1);
    assert.deepEqual(messagesOf(shape, ['a', null]), ['Member must be a string']);
    assert.deepEqual(messagesOf(shape, { 0: 'a' }), ['Member must be a list']);
  });

  test('looks at no item of a list that is too long, with or without a limit of the model', () => {
    const items = Array.from({ length: 85_000 }, () => null);
    for (const rules of [{ maxCount: 2 }, {}]) {
      assert.equal(messagesOf(list(text(), rules), items).length, 1);
    }
  });
});

suite('map()', () => {
  const shape = map({ key: { minLength: 1 }, value: { maxLength: 2 }, maxCount: 2 });

  test('keeps keys that every object has as members', () => {
    const tags = JSON.parse('{"__proto__":"x","constructor":"y"}');
    assert.equal(JSON.stringify(v.parse(shape, tags)), '{"__proto__":"x","constructor":"y"}');
  });

  test('checks keys, values and count', () => {
    assert.equal(messagesOf(shape, { '': 'x' }).length, 1);
    assert.equal(messagesOf(shape, { a: 'xxx' }).length, 1);
    assert.equal(messagesOf(shape, { a: null }).length, 1);
    assert.equal(messagesOf(shape, { a: '', b: '', c: '' }).length, 1);
    assert.deepEqual(messagesOf(shape, ['a']), ['Member must be a map']);
  });
});

test('describe() gives the constraints back as data', () => {
  const shape = structure({
    type: choice(['A', 'B']),
    names: optional(list(text({ maxLength: 3 }), { maxCount: 5 })),
  });
  assert.deepEqual(describe(shape), {
    kind: 'structure',
    members: {
      type: { isRequired: true, shape: { kind: 'enum', values: ['A', 'B'] } },
      names: {
        isRequired: false,
        shape: { kind: 'list', item: { kind: 'text', maxLength: 3 }, maxCount: 5 },
      },
    },
  });
});
