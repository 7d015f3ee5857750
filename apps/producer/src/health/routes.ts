import type { FastifyInstance } from 'fastify';
import { resource } from '../http/resource.ts';
import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

/** Probes for whoever runs us. */
export function healthRoutes(
  app: FastifyInstance,
  deps: { metrics: Metrics; readiness: () => Promise<Readiness> },
): void {
  // Alive means that this process answers: what it stands on is readiness.
  resource(app, '/healthz', {
    GET: { needs: 'anyone', run: async (_request, reply) => await reply.send({ status: 'ok' }) },
  });
  resource(app, '/readyz', {
    GET: {
      needs: 'anyone',
      run: async (_request, reply) => {
        const { ready, checks } = await deps.readiness();
        return await reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', checks });
      },
    },
  });
  resource(app, '/metrics', {
    // Its labels name the tenants.
    GET: {
      needs: 'house',
      run: async (_request, reply) => {
        const { text, contentType } = await deps.metrics.page();
        return await reply.type(contentType).send(text);
      },
    },
  });
}
