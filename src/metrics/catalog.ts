/**
 * The metrics of IVS as CloudWatch knows them.
 * Source: https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/stream-health.html
 */
interface MetricDefinition {
  readonly unit: 'Count' | 'Count/Second' | 'Bits/Second' | 'Seconds';
  /** 1: a high-resolution metric, which has a point a second. */
  readonly resolutionSeconds: 1 | 60;
  /** Whether it is also told of each track. One picture and one sound come in: they are Track0. */
  readonly hasTracks: boolean;
}

const DEFINITIONS = {
  ConcurrentViews: { unit: 'Count', resolutionSeconds: 60, hasTracks: false },
  ConcurrentStreams: { unit: 'Count', resolutionSeconds: 60, hasTracks: false },
  IngestVideoBitrate: { unit: 'Bits/Second', resolutionSeconds: 1, hasTracks: true },
  IngestAudioBitrate: { unit: 'Bits/Second', resolutionSeconds: 1, hasTracks: true },
  IngestBitrate: { unit: 'Bits/Second', resolutionSeconds: 1, hasTracks: false },
  IngestFramerate: { unit: 'Count/Second', resolutionSeconds: 1, hasTracks: true },
  KeyframeInterval: { unit: 'Seconds', resolutionSeconds: 1, hasTracks: true },
  LiveDeliveredTime: { unit: 'Seconds', resolutionSeconds: 60, hasTracks: false },
  LiveInputTime: { unit: 'Seconds', resolutionSeconds: 60, hasTracks: false },
  RecordedTime: { unit: 'Seconds', resolutionSeconds: 60, hasTracks: false },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof DEFINITIONS;

export const metricDefinition = (name: MetricName): MetricDefinition => DEFINITIONS[name];

export interface Dimension {
  readonly name: string;
  readonly value: string;
}

/** A metric as CloudWatch's API names it. */
export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: readonly Dimension[];
}

/** What is kept: `dimensions` is canonical text, see `dimensionsText`. */
export interface KeptMetric {
  readonly metric: MetricName;
  readonly dimensions: string;
}

const NAMESPACE = 'AWS/IVS';
const USAGE_NAMESPACE = 'AWS/Usage';
const USAGE_METRIC = 'ResourceCount';
const TRACK: Dimension = { name: 'Track', value: 'Track0' };
/** What quota alarms watch: https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/service-quotas.html */
const USAGE_RESOURCES: readonly MetricName[] = ['ConcurrentStreams', 'ConcurrentViews'];

/** `Channel=abcdABCDefgh,ViewerCountryCode=DE`: in the order of the names. None: ''. */
export function dimensionsText(dimensions: readonly Dimension[]): string {
  return dimensions
    .map(({ name, value }) => `${name}=${value}`)
    .sort()
    .join(',');
}

/** What is kept of a metric under one of its names; `undefined` where there is nothing of the kind. */
export function keptMetric(identity: MetricIdentity): KeptMetric | undefined {
  const { namespace, name, dimensions } = identity;
  if (namespace === USAGE_NAMESPACE && name === USAGE_METRIC) return keptUsage(dimensions);
  if (namespace !== NAMESPACE || !isMetricName(name)) return undefined;
  const isTrack = (dimension: Dimension) => dimension.name === TRACK.name;
  const track = dimensions.find(isTrack);
  if (!track) return { metric: name, dimensions: dimensionsText(dimensions) };
  if (track.value !== TRACK.value || !metricDefinition(name).hasTracks) return undefined;
  const others = dimensions.filter((dimension) => !isTrack(dimension));
  return others.length === 0 ? undefined : { metric: name, dimensions: dimensionsText(others) };
}

function keptUsage(dimensions: readonly Dimension[]): KeptMetric | undefined {
  const text = dimensionsText(dimensions);
  const metric = USAGE_RESOURCES.find((name) => text === dimensionsText(usageDimensions(name)));
  return metric && { metric, dimensions: '' };
}

/** Every name under which CloudWatch shows what is kept. */
export function identitiesOf({ metric, dimensions }: KeptMetric): readonly MetricIdentity[] {
  const own = parseDimensions(dimensions);
  const identities = [{ namespace: NAMESPACE, name: metric, dimensions: own }];
  if (own.length > 0 && metricDefinition(metric).hasTracks) {
    identities.push({ namespace: NAMESPACE, name: metric, dimensions: [...own, TRACK] });
  }
  if (own.length > 0 || !USAGE_RESOURCES.includes(metric)) return identities;
  const usage = { namespace: USAGE_NAMESPACE, name: USAGE_METRIC };
  return [...identities, { ...usage, dimensions: usageDimensions(metric) }];
}

function usageDimensions(resource: MetricName): Dimension[] {
  return [
    { name: 'Class', value: 'None' },
    { name: 'Resource', value: resource },
    { name: 'Service', value: 'IVS' },
    { name: 'Type', value: 'Resource' },
  ];
}

function parseDimensions(text: string): Dimension[] {
  if (text === '') return [];
  return text.split(',').map((pair) => {
    const [name = '', value = ''] = pair.split('=');
    return { name, value };
  });
}

function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(DEFINITIONS, name);
}
