import assert from 'node:assert/strict';
import { describe as suite, test } from 'node:test';
import { OPERATIONS } from './operation-table.ts';
import { describe, type ShapeDescription, type TextRules } from './shapes/vocabulary.ts';
import { validateInput } from './validation.ts';

/** A value put in the place of one member, and what makes it special. */
interface Variant {
  readonly value: unknown;
  readonly why: string;
}

/** Every constraint that any operation declares, kept to the limit and broken by one. */
for (const operation of OPERATIONS) {
  const input = describe(operation.input);
  suite(operation.name, () => {
    for (const { path, shape, isRequired } of membersOf(input)) {
      const name = path.join('.');
      for (const { value, why } of allowed(shape)) {
        test(`accepts ${name} ${why}`, () => {
          validateInput(operation, withMember(input, path, value));
        });
      }
      for (const { value, why } of forbidden(shape)) {
        test(`refuses ${name} ${why}`, () => {
          assert.throws(() => validateInput(operation, withMember(input, path, value)), {
            name: 'ValidationException',
            message: new RegExp(`at '${name.replaceAll('.', '\\.')}[.'\\d]`),
          });
        });
      }
      if (!isRequired) continue;
      test(`refuses to do without ${name}`, () => {
        assert.throws(() => validateInput(operation, withMember(input, path, undefined)), {
          name: 'ValidationException',
          message: `${operation.name}.${name} is a required attribute`,
        });
      });
    }
  });
}

function requiredMembers(shape: ShapeDescription): string[] {
  if (shape.kind !== 'structure') return [];
  return Object.keys(shape.members).filter((name) => shape.members[name]?.isRequired);
}

interface MemberAt {
  /** `1.member` stands for the first item of a list, as in AWS's messages. */
  readonly path: readonly string[];
  readonly shape: ShapeDescription;
  readonly isRequired: boolean;
}

function membersOf(shape: ShapeDescription, path: readonly string[] = []): MemberAt[] {
  if (shape.kind === 'list') return membersOf(shape.item, [...path, '1.member']);
  if (shape.kind !== 'structure') return [];
  return Object.entries(shape.members).flatMap(([name, member]) => {
    const at = { path: [...path, name], ...member };
    return [at, ...membersOf(member.shape, at.path)];
  });
}

/** The smallest input that has the member, with `value` in it; without it where that is `undefined`. */
function withMember(
  shape: ShapeDescription,
  [name, ...rest]: readonly string[],
  value: unknown,
): unknown {
  if (name === undefined) return value;
  if (shape.kind === 'list') return [withMember(shape.item, rest, value)];
  const { [name]: _replaced, ...others } = sample(shape) as Record<string, unknown>;
  const member = shape.kind === 'structure' ? shape.members[name] : undefined;
  assert.ok(member);
  const changed = withMember(member.shape, rest, value);
  return changed === undefined ? others : { ...others, [name]: changed };
}

/** The smallest input that is accepted. */
function sample(shape: ShapeDescription): unknown {
  switch (shape.kind) {
    case 'text':
      return sampleText(shape);
    case 'enum':
      return shape.values[0];
    case 'integer':
      return shape.min ?? 0;
    case 'boolean':
      return false;
    case 'timestamp':
      return '2026-01-01T00:00:00Z';
    case 'list':
      return Array.from({ length: shape.minCount ?? 0 }, () => sample(shape.item));
    case 'map':
      return {};
    case 'structure':
      return Object.fromEntries(
        requiredMembers(shape).map((name) => [name, sample(shape.members[name]?.shape ?? shape)]),
      );
  }
}

function sampleText({ pattern, minLength = 0 }: TextRules, length = minLength): string {
  const source = pattern?.source.replaceAll('\\/', '/') ?? '';
  const [, service = '', type = 'channel'] =
    /\^arn:aws:(\w+):.*?:(?:\[a-z-\]\+|([a-zA-Z-]+))\/\[/.exec(source) ?? [];
  const start = service
    ? `arn:aws:${service}:us-west-2:123456789012:${type}/a`
    : source.startsWith('^st-')
      ? 'st-'
      : '';
  return length === 0 && source.includes('^$') ? '' : start.padEnd(length, 'a');
}

function allowed(shape: ShapeDescription): Variant[] {
  switch (shape.kind) {
    case 'text': {
      const { maxLength } = shape;
      return maxLength === undefined
        ? []
        : [{ value: sampleText(shape, maxLength), why: `of ${maxLength} characters` }];
    }
    case 'enum':
      return shape.values.map((value) => ({ value, why: value }));
    case 'integer':
      return [shape.min, shape.max].flatMap((value) =>
        value === undefined ? [] : [{ value, why: `${value}` }],
      );
    case 'boolean':
      return [true, false].map((value) => ({ value, why: `${value}` }));
    case 'list': {
      const { maxCount } = shape;
      return maxCount === undefined
        ? []
        : [{ value: repeat(maxCount, sample(shape.item)), why: `of ${maxCount} items` }];
    }
    case 'map':
      return [
        { value: entries(shape.maxCount ?? 1), why: `of ${shape.maxCount} entries` },
        { value: { ['😀'.repeat(shape.key.maxLength ?? 1)]: '' }, why: 'with the longest key' },
        { value: { a: '😀'.repeat(shape.value.maxLength ?? 1) }, why: 'with the longest value' },
      ];
    case 'structure':
    case 'timestamp':
      return [];
  }
}

function forbidden(shape: ShapeDescription): Variant[] {
  switch (shape.kind) {
    case 'text':
      return [
        { value: 1, why: 'as a number' },
        ...tooShort(shape),
        ...tooLong(shape),
        ...(shape.pattern
          ? [{ value: sampleText(shape, 26).replace(/.$/, '!'), why: 'with !' }]
          : []),
        ...(shape.pattern ? [{ value: `${sampleText(shape, 26)}\n`, why: 'with a line end' }] : []),
      ];
    case 'enum':
      return [
        { value: 'NONSENSE', why: 'NONSENSE' },
        { value: String(shape.values[0]).toLowerCase(), why: 'in lower case' },
      ];
    case 'integer':
      return [
        { value: '1', why: 'as text' },
        { value: 1.5, why: 'as a fraction' },
        ...(shape.min === undefined ? [] : [{ value: shape.min - 1, why: `${shape.min - 1}` }]),
        ...(shape.max === undefined ? [] : [{ value: shape.max + 1, why: `${shape.max + 1}` }]),
      ];
    case 'boolean':
      return [{ value: 'true', why: 'as text' }];
    case 'list': {
      const { minCount = 0, maxCount } = shape;
      const variants = forbidden(shape.item).map<Variant>(({ value, why }) => ({
        value: [value],
        why: `with an item ${why}`,
      }));
      if (minCount > 0)
        variants.push({ value: repeat(minCount - 1, ''), why: 'with too few items' });
      if (maxCount !== undefined) {
        variants.push({
          value: repeat(maxCount + 1, sample(shape.item)),
          why: 'with too many items',
        });
      }
      return [...variants, { value: 'a', why: 'as text' }];
    }
    case 'map':
      return [
        { value: entries((shape.maxCount ?? 0) + 1), why: 'with one entry too many' },
        { value: { '': 'a' }, why: 'with an empty key' },
        { value: { ['a'.repeat((shape.key.maxLength ?? 0) + 1)]: '' }, why: 'with too long a key' },
        {
          value: { a: 'a'.repeat((shape.value.maxLength ?? 0) + 1) },
          why: 'with too long a value',
        },
        { value: { a: 1 }, why: 'with a number as value' },
        { value: [], why: 'as a list' },
      ];
    case 'structure':
      return [
        { value: [], why: 'as a list' },
        { value: 'a', why: 'as text' },
      ];
    case 'timestamp':
      return [];
  }
}

function tooShort(rules: TextRules): Variant[] {
  const { minLength = 0 } = rules;
  return minLength > 0 ? [{ value: 'a'.repeat(minLength - 1), why: 'one character short' }] : [];
}

function tooLong(rules: TextRules): Variant[] {
  const { maxLength } = rules;
  if (maxLength === undefined) return [];
  return [{ value: sampleText(rules, maxLength + 1), why: 'one character too long' }];
}

function repeat(length: number, value: unknown): unknown[] {
  return Array.from({ length }, () => value);
}

function entries(count: number): Record<string, string> {
  return Object.fromEntries(repeat(count, '').map((_, i) => [`key${i}`, '']));
}
