import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { registerEndpoints } from '../endpoint.ts';
import { jsonResponse, problemResponse, problemResponses } from '../openapi/index.ts';
import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

/** Probes for whoever runs us. */
export function registerHealth(
  app: FastifyInstance,
  deps: { metrics: Metrics; readiness: () => Promise<Readiness> },
): void {
  // Alive means that this process answers: what it stands on is readiness.
  registerEndpoints(app, '/healthz', {
    GET: {
      needs: 'anyone',
      doc: healthDoc,
      run: async (_request, reply) => await reply.send({ status: 'ok' }),
    },
  });
  registerEndpoints(app, '/readyz', {
    GET: {
      needs: 'anyone',
      doc: readyDoc,
      run: async (_request, reply) => {
        const { ready, checks } = await deps.readiness();
        return await reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', checks });
      },
    },
  });
  registerEndpoints(app, '/metrics', {
    // Its labels name the tenants.
    GET: {
      needs: 'house',
      doc: metricsDoc,
      run: async (_request, reply) => {
        const { text, contentType } = await deps.metrics.read();
        return await reply.type(contentType).send(text);
      },
    },
  });
}

const unreadable = { '400': problemResponse('The request cannot be read.', ['bad_request']) };

const healthDoc = {
  operationId: 'getHealth',
  tags: ['House'],
  summary: 'Whether this process answers',
  responses: {
    '200': {
      description: 'It does.',
      content: {
        'application/json': {
          schema: z.strictObject({ status: z.literal('ok') }),
          example: { status: 'ok' },
        },
      },
    },
    ...unreadable,
  },
};

const part = z.enum(['ok', 'unavailable']);
const readiness = z.strictObject({ status: part, checks: z.strictObject({ queue: part, store: part }) });
const ready = (description: string, example: z.infer<typeof readiness>) => ({
  description,
  content: { 'application/json': { schema: readiness, example } },
});

const readyDoc = {
  operationId: 'getReadiness',
  tags: ['House'],
  summary: 'Whether queue and store answer, too',
  description: 'They are asked once a second at the most, however many ask here.',
  responses: {
    '200': ready('Both do.', { status: 'ok', checks: { queue: 'ok', store: 'ok' } }),
    ...unreadable,
    '503': ready('One does not.', { status: 'unavailable', checks: { queue: 'ok', store: 'unavailable' } }),
  },
};

const metricsDoc = {
  operationId: 'getMetrics',
  tags: ['House'],
  summary: 'What happened here, in numbers',
  responses: {
    '200': jsonResponse("Prometheus's text format.", z.string(), { type: 'text/plain' }),
    ...problemResponses(),
  },
};
