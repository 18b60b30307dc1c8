import * as v from 'valibot';
import { identitiesOf, keptMetric, type MetricIdentity } from '../metrics/catalog.ts';
import { MINUTES_KEPT_MS } from '../metrics/metric-history.ts';
import type { SeriesCursor } from '../metrics/ports.ts';
import { CloudWatchError } from './errors.ts';
import { cloudWatchOperation } from './operation.ts';
import { listOf, metricName, namespace, nextToken, structure } from './shapes.ts';

/** "Up to 500 results are returned for any one call." */
const PAGE_SIZE = 500;
/** A series has up to this many names. */
const MAX_IDENTITIES = 2;
/** What is looked at for one page, where a filter lets little through: the page is shorter then, and has a token. */
const MAX_READS = 20;
const RECENTLY_MS = 3 * 3_600_000;

const dimensionFilter = structure({
  Name: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  Value: v.optional(v.pipe(v.string(), v.maxLength(1024))),
});

const input = structure({
  Namespace: v.optional(namespace),
  MetricName: v.optional(metricName),
  Dimensions: v.optional(listOf(dimensionFilter, { max: 10 }), []),
  RecentlyActive: v.optional(v.picklist(['PT3H'], 'must be PT3H')),
  NextToken: v.optional(nextToken),
});

export const listMetrics = cloudWatchOperation({
  name: 'ListMetrics',
  input,

  async run(asked, { tenant, history, clock, signal }) {
    const keptMs = asked.RecentlyActive ? RECENTLY_MS : MINUTES_KEPT_MS;
    const activeSinceMs = clock.nowMs() - keptMs;
    const found: MetricIdentity[] = [];
    let after = readToken(asked.NextToken);
    for (let reads = 0; reads < MAX_READS && found.length <= PAGE_SIZE / 2; reads++) {
      signal.throwIfAborted();
      const limit = Math.floor((PAGE_SIZE - found.length) / MAX_IDENTITIES);
      const series = await history.listSeries(tenant, { after, activeSinceMs, limit });
      found.push(...series.flatMap(identitiesOf).filter((identity) => matches(identity, asked)));
      after = series.length < limit ? undefined : series.at(-1);
      if (after === undefined) break;
    }
    return {
      Metrics: found.map((identity) => ({
        Namespace: identity.namespace,
        MetricName: identity.name,
        Dimensions: identity.dimensions.map(({ name: Name, value: Value }) => ({ Name, Value })),
      })),
      ...(after && { NextToken: writeToken(after) }),
    };
  },
});

/** "The dimensions to filter against. Only the dimension with names that match are returned": more of them do no harm. */
function matches(identity: MetricIdentity, filter: v.InferOutput<typeof input>): boolean {
  return (
    (filter.Namespace === undefined || filter.Namespace === identity.namespace) &&
    (filter.MetricName === undefined || filter.MetricName === identity.name) &&
    filter.Dimensions.every(({ Name, Value }) =>
      identity.dimensions.some(
        ({ name, value }) => name === Name && (Value === undefined || value === Value),
      ),
    )
  );
}

function writeToken({ metric, dimensions }: SeriesCursor): string {
  return Buffer.from(`${metric} ${dimensions}`).toString('base64url');
}

function readToken(token: string | undefined): SeriesCursor | undefined {
  if (!token) return undefined;
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const space = text.indexOf(' ');
  const kept = keptMetric({ namespace: 'AWS/IVS', name: text.slice(0, space), dimensions: [] });
  if (space === -1 || !kept) {
    throw new CloudWatchError(
      'InvalidParameterValueException',
      'The value for parameter NextToken is not one of this operation',
    );
  }
  return { metric: kept.metric, dimensions: text.slice(space + 1) };
}
