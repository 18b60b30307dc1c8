import * as v from 'valibot';

/**
 * The words in which the API's shapes are declared. A shape is a valibot schema: validation and types come from it. It
 * also carries its constraints as data (`describe`), so that a test can hold it against the model of IVS.
 *
 * What the model leaves to the protocol is settled here: `null` is an absent member, unknown members are ignored, the
 * length of a string is its number of Unicode code points, and a pattern must match as a whole.
 */
export type Shape = v.GenericSchema<unknown, unknown>;
export type StructureShape = v.GenericSchema<unknown, Record<string, unknown>>;

export interface TextRules {
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Must be anchored, and free of nested repetition: it runs over whatever a caller sends. */
  readonly pattern?: RegExp;
}

export interface ListRules {
  readonly minCount?: number;
  readonly maxCount?: number;
}

export interface NumberRules {
  readonly min?: number;
  readonly max?: number;
}

/** What a shape is, as plain data. */
export type ShapeDescription =
  | ({ readonly kind: 'text' } & TextRules)
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | ({ readonly kind: 'integer' } & NumberRules)
  | { readonly kind: 'boolean' }
  | { readonly kind: 'timestamp' }
  | ({ readonly kind: 'list'; readonly item: ShapeDescription } & ListRules)
  | {
      readonly kind: 'map';
      readonly key: TextRules;
      readonly value: TextRules;
      readonly maxCount?: number;
    }
  | { readonly kind: 'structure'; readonly members: Readonly<Record<string, MemberDescription>> };

export interface MemberDescription {
  readonly shape: ShapeDescription;
  readonly isRequired: boolean;
}

/** Kept on the schema as valibot metadata, in functions where the description needs other shapes. */
type ShapeMetadata = { readonly describe: () => ShapeDescription };

const described = <Value>(
  describe: () => ShapeDescription,
): v.MetadataAction<Value, ShapeMetadata> => v.metadata({ describe });

export const text = (rules: TextRules = {}) =>
  v.pipe(
    v.string('Member must be a string'),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      for (const message of brokenTextRules(dataset.value, rules)) addIssue({ message });
    }),
    described(() => ({ kind: 'text', ...rules })),
  );

export const choice = <const Values extends readonly string[]>(values: Values) =>
  v.pipe(
    v.picklist(values, `Member must satisfy enum value set: [${values.join(', ')}]`),
    described(() => ({ kind: 'enum', values })),
  );

/** A choice, or '' for none of them, which the model leaves out where its text says it. */
export const choiceOrEmpty = <const Values extends readonly string[]>(values: Values) =>
  v.pipe(
    v.picklist([...values, ''], `Member must satisfy enum value set: [${values.join(', ')}]`),
    described(() => ({ kind: 'enum', values })),
  );

export const integer = (rules: NumberRules = {}) =>
  v.pipe(
    v.number('Member must be an integer'),
    v.safeInteger('Member must be an integer'),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const { min, max } = rules;
      if (min !== undefined && dataset.value < min) {
        addIssue({ message: `Member must have value greater than or equal to ${min}` });
      }
      if (max !== undefined && dataset.value > max) {
        addIssue({ message: `Member must have value less than or equal to ${max}` });
      }
    }),
    described(() => ({ kind: 'integer', ...rules })),
  );

export const boolean = () =>
  v.pipe(
    v.boolean('Member must be a boolean'),
    described(() => ({ kind: 'boolean' })),
  );

/** RFC 3339, as `formatTimestamp` writes it. No operation takes one as input. */
export const timestamp = () =>
  v.pipe(
    v.string('Member must be a timestamp'),
    v.isoTimestamp('Member must be a timestamp'),
    described(() => ({ kind: 'timestamp' })),
  );

/** For lists that the model leaves open: nobody has more countries or origins, and a body has room for 100,000 empty texts. */
const MAX_ITEMS = 10_000;

/** Items of a list that breaks its rules are not looked at. */
export const list = <Item extends Shape>(item: Item, rules: ListRules = {}) =>
  v.pipe(
    v.custom<readonly unknown[]>(Array.isArray, 'Member must be a list'),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const bounded = { maxCount: MAX_ITEMS, ...rules };
      for (const message of brokenCountRules(dataset.value.length, bounded)) addIssue({ message });
    }),
    v.array(item),
    described(() => ({ kind: 'list', item: describe(item), ...rules })),
  );

/** Strings by strings. Not valibot's record, which drops a key named `constructor`: a tag may be named so. */
export const map = (rules: { key: TextRules; value: TextRules; maxCount: number }) =>
  v.pipe(
    v.custom<Record<string, string>>(isJsonObject, 'Member must be a map'),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const entries = Object.entries<unknown>(dataset.value);
      for (const message of brokenCountRules(entries.length, rules)) addIssue({ message });
      for (const [key, value] of entries.slice(0, rules.maxCount)) {
        for (const message of brokenTextRules(key, rules.key)) {
          addIssue({ input: key, message: `Map keys must satisfy constraint: [${message}]` });
        }
        const broken =
          typeof value === 'string'
            ? brokenTextRules(value, rules.value)
            : ['Member must be a string'];
        for (const message of broken) {
          addIssue({ input: value, message: `Map value must satisfy constraint: [${message}]` });
        }
      }
    }),
    described(() => ({ kind: 'map', ...rules })),
  );

/** A member not wrapped in `optional` is required. */
export const structure = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.custom<Record<string, unknown>>(isJsonObject, 'Member must be a structure'),
    v.transform(withoutNullMembers),
    v.object(entries),
    described(() => ({ kind: 'structure', members: describeMembers(entries) })),
  );

export const optional = <Member extends Shape>(member: Member) => v.exactOptional(member);

export function describe(shape: Shape): ShapeDescription {
  const { describe } = v.getMetadata(shape as never) as Partial<ShapeMetadata>;
  if (!describe) throw new Error('invariant broken: a shape is made by the functions of this file');
  return describe();
}

function describeMembers(entries: v.ObjectEntries): Record<string, MemberDescription> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, member]) => {
      const isRequired = member.type !== 'exact_optional';
      const wrapped = isRequired ? member : (member as v.ExactOptionalSchema<Shape, never>).wrapped;
      return [name, { isRequired, shape: describe(wrapped) }];
    }),
  );
}

function brokenTextRules(value: string, { minLength, maxLength, pattern }: TextRules): string[] {
  const broken: string[] = [];
  const length = codePointCount(value);
  if (minLength !== undefined && length < minLength) {
    broken.push(`Member must have length greater than or equal to ${minLength}`);
  }
  if (maxLength !== undefined && length > maxLength) {
    broken.push(`Member must have length less than or equal to ${maxLength}`);
  }
  if (pattern && !pattern.test(value)) {
    broken.push(`Member must satisfy regular expression pattern: ${pattern.source}`);
  }
  return broken;
}

function brokenCountRules(count: number, { minCount, maxCount }: ListRules): string[] {
  const broken: string[] = [];
  if (minCount !== undefined && count < minCount) {
    broken.push(`Member must have length greater than or equal to ${minCount}`);
  }
  if (maxCount !== undefined && count > maxCount) {
    broken.push(`Member must have length less than or equal to ${maxCount}`);
  }
  return broken;
}

/** "The length of a string is the number of Unicode scalar values" (Smithy 2.0, length trait). */
function codePointCount(value: string): number {
  let count = value.length;
  for (let i = 0; i < value.length; i++) {
    if ((value.codePointAt(i) ?? 0) > 0xffff) {
      count--;
      i++;
    }
  }
  return count;
}

export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function withoutNullMembers(value: Record<string, unknown>): Record<string, unknown> {
  if (!Object.values(value).includes(null)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}
