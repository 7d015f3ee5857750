import { isLoopbackHost, isOwnHost } from '@darkroom/shared/net';
import Fastify from 'fastify';
import type { Metrics } from '../stage/index.ts';
import type { WorkMonitor } from './work-monitor.ts';

/** Serves `/healthz` (does work move), `/readyz` (can it move) and `/metrics`. */
export async function startHealthServer(options: {
  host: string;
  port: number;
  monitor: WorkMonitor;
  metrics: Metrics;
  isStoreReachable(): Promise<boolean>;
}): Promise<{ url: string; close(): Promise<void> }> {
  const app = Fastify({ logger: false });
  // Other machines may use any name. On this machine, a page of another site must not read the metrics.
  const local = isLoopbackHost(options.host);
  app.addHook('onRequest', async (request, reply) => {
    if (!local || isOwnHost(request.headers.host, [options.host])) return;
    return reply.code(421).send({
      status: 'misdirected request',
      reason: `Host: expected localhost or ${options.host}, received another name`,
    });
  });
  app.get('/healthz', (_request, reply) => {
    const report = options.monitor.report();
    return reply.code(report.alive ? 200 : 503).send({ status: report.alive ? 'ok' : 'stuck', ...report });
  });
  app.get('/readyz', async (_request, reply) => {
    const store = await options.isStoreReachable();
    options.monitor.noteStore(!store);
    const report = options.monitor.report();
    const ready = report.ready && store;
    const reason = report.reason ?? (store ? undefined : 'the object store does not answer');
    return reply.code(ready ? 200 : 503).send({
      status: ready ? 'ready' : 'not ready',
      reason,
      waiting_for: report.waiting_for,
    });
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(options.metrics.registry.contentType).send(await options.metrics.registry.metrics()),
  );
  const url = await app.listen({ host: options.host, port: options.port });
  return { url, close: () => app.close() };
}
