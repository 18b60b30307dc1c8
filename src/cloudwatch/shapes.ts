import * as v from 'valibot';
import { isJsonObject, withoutNullMembers } from '../control/shapes/vocabulary.ts';
import type { Dimension, MetricIdentity } from '../metrics/catalog.ts';

/**
 * Members as all three protocols bring them: numbers, booleans and timestamps are texts in the query protocol, and a
 * timestamp is a number in JSON and a date in CBOR.
 */

const boundedText = (maxLength: number) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(maxLength));

export const integer = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.regex(/^[0-9]{1,10}$/), v.transform(Number))]),
  v.integer(),
  v.minValue(1),
);

export const flag = v.union([
  v.boolean(),
  v.pipe(
    v.picklist(['true', 'false']),
    v.transform((text) => text === 'true'),
  ),
]);

const MAX_EPOCH_MS = Date.UTC(9999, 11, 31);

/** ISO 8601; what has no zone is UTC, as AWS takes it, wherever the server is. */
const ISO_TIME =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?$/;

function parseIsoTime(text: string): number {
  const time = ISO_TIME.exec(text);
  const isZoneless = text.includes('T') && time?.groups?.['zone'] === undefined;
  return time ? Date.parse(isZoneless ? `${text}Z` : text) : Number.NaN;
}

/** Milliseconds since the Unix epoch. */
export const timestamp = v.pipe(
  v.union([
    v.pipe(
      v.number(),
      v.transform((seconds) => seconds * 1000),
    ),
    v.pipe(
      v.date(),
      v.transform((date) => date.getTime()),
    ),
    v.pipe(v.string(), v.maxLength(64), v.transform(parseIsoTime)),
  ]),
  v.check((timeMs) => timeMs >= 0 && timeMs <= MAX_EPOCH_MS, 'is not a time'),
  v.transform(Math.round),
);

/** A member that is null is absent, as Smithy has it. */
export const structure = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.unknown(),
    v.transform((value) => (isJsonObject(value) ? withoutNullMembers(value) : value)),
    v.object(entries),
  );

/**
 * A list without items is an empty text in the query protocol. How many there are is looked at before they are: a body has room
 * for many more than any operation takes.
 */
export function listOf<Item extends v.GenericSchema>(
  item: Item,
  limits: { min?: number; max: number },
) {
  return v.pipe(
    v.unknown(),
    v.transform((value) => (value === '' ? [] : value)),
    v.check(
      (value) => !Array.isArray(value) || value.length <= limits.max,
      `has more than ${limits.max} items`,
    ),
    v.array(item),
    v.minLength(limits.min ?? 0),
  );
}

export const metricName = boundedText(255);
export const namespace = boundedText(255);
export const nextToken = v.pipe(v.string(), v.maxLength(1024));

const dimension = structure({ Name: boundedText(255), Value: boundedText(1024) });
export const dimensions = listOf(dimension, { max: 30 });

export const metric = structure({
  Namespace: namespace,
  MetricName: metricName,
  Dimensions: v.optional(dimensions, []),
});

export const unit = v.optional(boundedText(32));

export function identityOf(input: v.InferOutput<typeof metric>): MetricIdentity {
  return {
    namespace: input.Namespace,
    name: input.MetricName,
    dimensions: input.Dimensions.map(
      ({ Name: name, Value: value }): Dimension => ({ name, value }),
    ),
  };
}

/** "For high-resolution metrics … 1, 5, 10, 20, 30, 60, or any multiple of 60." */
export function isPeriod(seconds: number): boolean {
  return [1, 5, 10, 20, 30].includes(seconds) || seconds % 60 === 0;
}
