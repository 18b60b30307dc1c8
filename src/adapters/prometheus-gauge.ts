import { Gauge, type Registry } from 'prom-client';

/** One number without labels, asked for at each scrape. */
export function registerGauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number,
): void {
  const gauge: Gauge = new Gauge({
    ...{ name, help, registers: [registry] },
    collect: () => gauge.set(read()),
  });
}
