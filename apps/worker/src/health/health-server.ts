import Fastify from 'fastify';
import type { Metrics } from '../stage/metrics.ts';
import type { WorkMonitor } from './work-monitor.ts';

/** `/healthz` (does work move), `/readyz` (can it), `/metrics`. */
export async function startHealthServer(options: {
  host: string;
  port: number;
  pulse: WorkMonitor;
  metrics: Metrics;
  storeAnswers(): Promise<boolean>;
}): Promise<{ url: string; close(): Promise<void> }> {
  const app = Fastify({ logger: false });
  app.get('/healthz', (_request, reply) => {
    const pulse = options.pulse.report();
    return reply.code(pulse.alive ? 200 : 503).send({ status: pulse.alive ? 'ok' : 'stuck', ...pulse });
  });
  app.get('/readyz', async (_request, reply) => {
    const pulse = options.pulse.report();
    const store = await options.storeAnswers();
    const ready = pulse.ready && store;
    const reason = pulse.reason ?? (store ? undefined : 'the object store does not answer');
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', reason });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(options.metrics.registry.contentType).send(await options.metrics.registry.metrics()),
  );
  const url = await app.listen({ host: options.host, port: options.port });
  return { url, close: () => app.close() };
}
