import type { HttpHandler, HttpReply } from '../lib/http.ts';
import { isLocalRequest } from '../lib/local-request.ts';
import type { MetricsSources, prometheusRegistry } from './prometheus-registry.ts';

interface RegistryModule {
  readonly prometheusRegistry: typeof prometheusRegistry;
}

/** `local`: for programs on this machine. */
export type MetricsReaders = 'local' | 'public' | 'off';

/** `GET /metrics` in Prometheus' text format. Its library, 80 ms and 20 MB of a start, is loaded by the first scrape. */
export function metricsRoutes(
  readers: MetricsReaders,
  sources: MetricsSources,
  load: () => Promise<RegistryModule> = () => import('./prometheus-registry.ts'),
): HttpHandler {
  let registry: Promise<ReturnType<typeof prometheusRegistry>> | undefined;
  const scrape = async (): Promise<HttpReply> => {
    registry ??= load().then(
      (module) => module.prometheusRegistry(sources),
      (error: unknown) => {
        // The next scrape may find what this one did not: a file descriptor, say.
        registry = undefined;
        throw error;
      },
    );
    const prometheus = await registry;
    return text(200, await prometheus.metrics(), prometheus.contentType);
  };
  return (request) => {
    if (request.path !== '/metrics' || readers === 'off') return undefined;
    if (readers === 'local' && !isLocalRequest(request)) {
      return text(403, 'metrics are for this machine only: see IVORY_METRICS\n');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return text(405, 'method not allowed\n');
    }
    return scrape();
  };
}

function text(status: number, body: string, contentType = 'text/plain; charset=utf-8'): HttpReply {
  return { status, headers: { 'content-type': contentType, 'cache-control': 'no-store' }, body };
}
