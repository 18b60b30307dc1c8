import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ShapeDescription } from '../shapes/vocabulary.ts';

/** The folder beside the checkout where the published Smithy model of IVS may lie; it is not ours to distribute. */
const MODEL_FOLDER = new URL('../../../../shared/ivs/', import.meta.url);
const NAMESPACE = 'com.amazonaws.ivs#';

type Traits = Readonly<Record<string, unknown>>;
interface SmithyShape {
  readonly type: string;
  readonly traits?: Traits;
  readonly members?: Readonly<
    Record<string, { readonly target: string; readonly traits?: Traits }>
  >;
  readonly member?: { readonly target: string };
  readonly key?: { readonly target: string };
  readonly value?: { readonly target: string };
  readonly input?: { readonly target: string };
  readonly output?: { readonly target: string };
  readonly errors?: readonly { readonly target: string }[];
}

export interface ModelledOperation {
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly input: ShapeDescription;
  readonly output: ShapeDescription;
  readonly errors: readonly string[];
}

/** `undefined` where the model is not at hand. */
export function readSmithyModel(): ((operation: string) => ModelledOperation) | undefined {
  if (!existsSync(MODEL_FOLDER)) return undefined;
  const file = readdirSync(MODEL_FOLDER).find((name) => name.endsWith('.smithy.json'));
  if (file === undefined) return undefined;
  const { shapes } = JSON.parse(readFileSync(new URL(file, MODEL_FOLDER), 'utf8')) as {
    shapes: Record<string, SmithyShape>;
  };
  return (name) => describeOperation(shapes, name);
}

function describeOperation(shapes: Record<string, SmithyShape>, name: string): ModelledOperation {
  const operation = shapes[NAMESPACE + name];
  if (!operation) throw new Error(`the model has no operation ${name}`);
  const http = operation.traits?.['smithy.api#http'] as {
    method: string;
    uri: string;
    code?: number;
  };
  return {
    method: http.method,
    uri: http.uri,
    status: http.code ?? 200,
    input: describeShape(shapes, operation.input?.target),
    output: describeShape(shapes, operation.output?.target),
    errors: (operation.errors ?? []).map(({ target }) => target.replace(NAMESPACE, '')),
  };
}

function describeShape(
  shapes: Record<string, SmithyShape>,
  target: string | undefined,
): ShapeDescription {
  if (target === undefined || target === 'smithy.api#Unit')
    return { kind: 'structure', members: {} };
  const shape = shapes[target];
  if (!shape) throw new Error(`the model has no shape ${target}`);
  const recur = (inner: { target: string } | undefined) => describeShape(shapes, inner?.target);
  const length = shape.traits?.['smithy.api#length'] as { min?: number; max?: number } | undefined;
  switch (shape.type) {
    case 'string': {
      const values = shape.traits?.['smithy.api#enum'] as { value: string }[] | undefined;
      if (values) return { kind: 'enum', values: values.map(({ value }) => value) };
      const pattern = shape.traits?.['smithy.api#pattern'] as string | undefined;
      return {
        kind: 'text',
        ...(length?.min !== undefined && { minLength: length.min }),
        ...(length?.max !== undefined && { maxLength: length.max }),
        ...(pattern !== undefined && { pattern: new RegExp(pattern) }),
      };
    }
    case 'enum':
      return {
        kind: 'enum',
        values: Object.values(shape.members ?? {}).map(({ traits }) =>
          String(traits?.['smithy.api#enumValue']),
        ),
      };
    case 'integer':
    case 'long':
      return { kind: 'integer', ...(shape.traits?.['smithy.api#range'] as object) };
    case 'boolean':
      return { kind: 'boolean' };
    case 'timestamp':
      return { kind: 'timestamp' };
    case 'list':
      return {
        kind: 'list',
        item: recur(shape.member),
        ...(length?.min !== undefined && { minCount: length.min }),
        ...(length?.max !== undefined && { maxCount: length.max }),
      };
    case 'map':
      return {
        kind: 'map',
        key: textRules(recur(shape.key)),
        value: textRules(recur(shape.value)),
        ...(length?.max !== undefined && { maxCount: length.max }),
      };
    case 'structure': {
      const members = Object.entries(shape.members ?? {}).map(([name, { target, traits = {} }]) => [
        name,
        { shape: describeShape(shapes, target), isRequired: 'smithy.api#required' in traits },
      ]);
      return { kind: 'structure', members: Object.fromEntries(members) };
    }
    default:
      throw new Error(`unhandled type ${shape.type}`);
  }
}

function textRules(description: ShapeDescription) {
  if (description.kind !== 'text') throw new Error('a map of the model is of strings by strings');
  const { kind: _, ...rules } = description;
  return rules;
}
