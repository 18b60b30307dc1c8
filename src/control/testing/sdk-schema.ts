import * as sdk from '@aws-sdk/client-ivs';

/** A shape without its constraints: the SDK knows none. */
export type Skeleton =
  | 'string'
  | 'number'
  | 'boolean'
  | 'timestamp'
  | { readonly list: Skeleton }
  | { readonly map: Skeleton }
  | { readonly members: Readonly<Record<string, Skeleton>>; readonly required: readonly string[] };

export interface SdkOperation {
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly input: Skeleton;
  readonly output: Skeleton;
}

/** In alphabetical order. */
export function sdkOperationNames(): string[] {
  const commands = Object.keys(sdk).filter((name) => /^[A-Z]\w+Command$/.test(name));
  return commands.map((name) => name.replace(/Command$/, '')).sort();
}

/** What the JavaScript SDK will send and read. Its schemas are tuples; the first element tells the kind. */
export function sdkOperation(name: string): SdkOperation {
  const schema = (sdk as unknown as Record<string, unknown>)[`${name}$`];
  if (!Array.isArray(schema)) throw new Error(`the SDK has no operation ${name}`);
  const [, , , traits, input, output] = schema;
  const [method, uri, status] = traits.http;
  return { method, uri, status, input: skeletonOf(input), output: skeletonOf(output) };
}

const LIST_OF = 64;
const MAP_OF = 128;
const SIMPLE = new Map<number, Skeleton>([
  [0, 'string'],
  [1, 'number'],
  [2, 'boolean'],
  [5, 'timestamp'],
]);

function skeletonOf(schema: unknown): Skeleton {
  if (typeof schema === 'function') return skeletonOf(schema());
  if (schema === 'unit') return { members: {}, required: [] };
  if (typeof schema === 'number') {
    if (schema & LIST_OF) return { list: skeletonOf(schema & ~LIST_OF) };
    if (schema & MAP_OF) return { map: skeletonOf(schema & ~MAP_OF) };
    const simple = SIMPLE.get(schema);
    if (simple) return simple;
  }
  if (Array.isArray(schema)) {
    // [schema, traits]: a member, or a reference with traits.
    if (schema.length === 2) return skeletonOf(schema[0]);
    const [kind, , , , ...rest] = schema;
    if (kind === 0) return skeletonOf(rest[0]);
    if (kind === 1) return { list: skeletonOf(rest[0]) };
    if (kind === 3) return structureOf(rest[0], rest[1], rest[2] ?? 0);
  }
  throw new Error(`unhandled schema ${String(schema)}`);
}

/** Required members come first. Members that are headers of the reply are no part of its body. */
function structureOf(names: string[], schemas: unknown[], requiredCount: number): Skeleton {
  const members = names.flatMap((name, i) =>
    isHeader(schemas[i]) ? [] : [[name, skeletonOf(schemas[i])] as const],
  );
  return { members: Object.fromEntries(members), required: names.slice(0, requiredCount) };
}

function isHeader(schema: unknown): boolean {
  const traits: unknown = Array.isArray(schema) ? schema[1] : undefined;
  return typeof traits === 'object' && traits !== null && 'httpHeader' in traits;
}
