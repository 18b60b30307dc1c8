import { Counter, Gauge, type Registry } from 'prom-client';
import type { TargetMeasurements } from '../events/dispatcher.ts';

const GAUGES: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (target: TargetMeasurements) => number;
}[] = [
  {
    name: 'ivory_events_pending',
    help: 'Events that the target has not had.',
    value: ({ pending }) => pending,
  },
  {
    name: 'ivory_event_lag_seconds',
    help: 'How long the oldest event that the target has not had has waited.',
    value: ({ lagMs }) => lagMs / 1000,
  },
  {
    name: 'ivory_event_dead_letters',
    help: 'Events that the target did not take, kept to be replayed.',
    value: ({ deadLetters }) => deadLetters,
  },
];

const COUNTERS: typeof GAUGES = [
  {
    name: 'ivory_events_delivered_total',
    help: 'Events that the target has taken.',
    value: ({ delivered }) => delivered,
  },
  {
    name: 'ivory_event_delivery_failures_total',
    help: 'Attempts to deliver an event that failed.',
    value: ({ failed }) => failed,
  },
  {
    name: 'ivory_event_dead_letters_total',
    help: 'Events that were given up.',
    value: ({ deadLettered }) => deadLettered,
  },
  {
    name: 'ivory_events_lost_total',
    help: 'Events that were too many to be kept until the target had them.',
    value: ({ lost }) => lost,
  },
];

/** How the targets of events are doing, each under its name. */
export function registerEventMetrics(
  registry: Registry,
  targets: () => Promise<readonly TargetMeasurements[]>,
): void {
  // A scrape asks for all metrics at once: one measurement serves them.
  let measuring: Promise<readonly TargetMeasurements[]> | undefined;
  const measure = () => {
    measuring ??= targets().finally(() => {
      measuring = undefined;
    });
    return measuring;
  };
  const common = { registers: [registry], labelNames: ['target'] };
  for (const [Metric, metrics] of [[Gauge, GAUGES] as const, [Counter, COUNTERS] as const]) {
    for (const { value, ...options } of metrics) {
      const metric: Gauge | Counter = new Metric({
        ...{ ...options, ...common },
        collect: async () => {
          const measured = await measure();
          metric.reset();
          for (const target of measured) metric.inc({ target: target.name }, value(target));
        },
      });
    }
  }
}
