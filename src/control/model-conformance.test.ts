import assert from 'node:assert/strict';
import { describe as suite, test } from 'node:test';
import { API_ERRORS } from '../domain/errors.ts';
import { OPERATIONS } from './operation-table.ts';
import { describe, type ShapeDescription } from './shapes/vocabulary.ts';
import { type Skeleton, sdkOperation, sdkOperationNames } from './testing/sdk-schema.ts';
import { readSmithyModel } from './testing/smithy-model.ts';

/** The members that IVS has and the published Smithy model, which is older, has not. */
const NEWER_MEMBERS = new Set(['adConfigurationArn', 'filterByAdConfigurationArn']);
/** Likewise the errors of the batch operations, and this one. */
const NEWER_ERRORS = new Set(['ServiceUnavailable']);
/** The pattern that no ARN can match; see `taggableArn`. */
const IMPOSSIBLE_PATTERN = /\[a-z-\]\//;

/** Likewise these operations. */
const NEWER_OPERATIONS = new Set([
  'CreateAdConfiguration',
  'DeleteAdConfiguration',
  'GetAdConfiguration',
  'InsertAdBreak',
  'ListAdConfigurations',
  'UpdateAdConfiguration',
]);

const model = readSmithyModel();

test('OPERATIONS are those of the AWS SDK', () => {
  assert.deepEqual(OPERATIONS.map(({ name }) => name).sort(), sdkOperationNames());
});

suite('every operation, held against the schemas of the AWS SDK', () => {
  for (const operation of OPERATIONS) {
    const { name } = operation;
    test(`${name} has the path, the members and the types of the SDK`, () => {
      const expected = sdkOperation(name);
      const { method, uri, status } = operation;
      assert.deepEqual(
        { method, uri, status },
        { method: expected.method, uri: expected.uri, status: expected.status },
      );
      assert.deepEqual(skeletonOf(describe(operation.input)), sorted(expected.input));
      const output = skeletonOf(describe(operation.output));
      assert.deepEqual(withoutRequired(output), withoutRequired(expected.output));
      assertAtLeastRequired(output, expected.output, name);
    });
  }
});

suite('every operation, held against the Smithy model', {
  skip: !model && 'no model beside the checkout',
}, () => {
  for (const operation of OPERATIONS) {
    const { name } = operation;
    if (NEWER_OPERATIONS.has(name)) continue;
    test(`${name} has the constraints of the model, none weaker and none stronger`, () => {
      const expected = model?.(name);
      assert.ok(expected);
      assert.deepEqual(
        { method: operation.method, uri: operation.uri },
        { method: expected.method, uri: expected.uri },
      );
      assert.deepEqual(
        comparable(withoutNewer(describe(operation.input))),
        comparable(expected.input),
      );
    });

    test(`${name} declares the errors of the model`, () => {
      const declared = operation.errors.filter((error) => !NEWER_ERRORS.has(error));
      const expected = model?.(name).errors ?? [];
      // The batch operations had no modelled errors when this model was published.
      if (expected.length > 0) assert.deepEqual([...declared].sort(), [...expected].sort());
      for (const error of operation.errors) assert.ok(error in API_ERRORS);
    });
  }
});

function skeletonOf(shape: ShapeDescription): Skeleton {
  switch (shape.kind) {
    case 'text':
    case 'enum':
      return 'string';
    case 'integer':
      return 'number';
    case 'boolean':
    case 'timestamp':
      return shape.kind;
    case 'list':
      return { list: skeletonOf(shape.item) };
    case 'map':
      return { map: 'string' };
    case 'structure': {
      const members = Object.entries(shape.members);
      return sorted({
        members: Object.fromEntries(
          members.map(([name, member]) => [name, skeletonOf(member.shape)]),
        ),
        required: members.filter(([, { isRequired }]) => isRequired).map(([name]) => name),
      });
    }
  }
}

function sorted(skeleton: Skeleton): Skeleton {
  return mapStructures(skeleton, (required) => [...required].sort());
}

function withoutRequired(skeleton: Skeleton): Skeleton {
  return mapStructures(skeleton, () => []);
}

function mapStructures(
  skeleton: Skeleton,
  change: (required: readonly string[]) => readonly string[],
): Skeleton {
  if (typeof skeleton === 'string') return skeleton;
  if ('list' in skeleton) return { list: mapStructures(skeleton.list, change) };
  if ('map' in skeleton) return { map: mapStructures(skeleton.map, change) };
  return {
    members: Object.fromEntries(
      Object.entries(skeleton.members).map(([name, member]) => [
        name,
        mapStructures(member, change),
      ]),
    ),
    required: change(skeleton.required),
  };
}

/** Ours may promise more than the SDK relies on. */
function assertAtLeastRequired(ours: Skeleton, expected: Skeleton, path: string): void {
  if (typeof ours === 'string' || typeof expected === 'string') return;
  if ('list' in ours && 'list' in expected) {
    return assertAtLeastRequired(ours.list, expected.list, `${path}[]`);
  }
  if (!('members' in ours) || !('members' in expected)) return;
  for (const name of expected.required) assert.ok(ours.required.includes(name), `${path}.${name}`);
  for (const [name, member] of Object.entries(ours.members)) {
    assertAtLeastRequired(member, expected.members[name] ?? 'string', `${path}.${name}`);
  }
}

function withoutNewer(shape: ShapeDescription): ShapeDescription {
  if (shape.kind !== 'structure') return shape;
  const members = Object.entries(shape.members).filter(([name]) => !NEWER_MEMBERS.has(name));
  return { kind: 'structure', members: Object.fromEntries(members) };
}

/** Constraints that say the same in other words become the same. */
function comparable(shape: ShapeDescription): unknown {
  switch (shape.kind) {
    case 'structure':
      return Object.fromEntries(
        Object.entries(shape.members)
          .map(([name, member]) => [name, { ...member, shape: comparable(member.shape) }] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    case 'list': {
      const { item, minCount = 0, ...rest } = shape;
      return { ...rest, minCount, item: comparable(item) };
    }
    case 'text': {
      const { minLength = 0, pattern, ...rest } = shape;
      return { ...rest, minLength, pattern: pattern && comparablePattern(pattern) };
    }
    case 'map':
      return {
        ...shape,
        key: comparable({ kind: 'text', ...shape.key }),
        value: comparable({ kind: 'text', ...shape.value }),
      };
    case 'enum':
      return [...shape.values].sort();
    default:
      return shape;
  }
}

/** The model writes `^^$|^arn…$$`, and a pattern that matches nothing. */
function comparablePattern({ source }: RegExp): string {
  return source
    .replaceAll('\\/', '/')
    .replace(/^\^\^/, '^')
    .replace(/\$\$$/, '$')
    .replace(IMPOSSIBLE_PATTERN, '[a-z-]+/');
}
