import { WAIT_CAUSES } from '@darkroom/api';
import type { ExpiringImages } from '@darkroom/shared/queues';
import { listWaitCauses } from '@darkroom/shared/snapshot';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type QueueStateReader, type WaitConditionsReader, withFallback } from '../backends/index.ts';
import type { ReadExpiringImages } from '../dead-letters/index.ts';
import { registerEndpoints } from '../endpoint.ts';
import { jsonResponse, problemResponse, problemResponses } from '../openapi/index.ts';
import type { CatalogueAlarm, Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

/** How long a scrape waits for the images that expire soon. */
const EXPIRING_MS = 2_000;

/** Probes and metrics. */
export function registerHealth(
  app: FastifyInstance,
  deps: {
    metrics: Metrics;
    readiness: () => Promise<Readiness>;
    waiting: WaitConditionsReader;
    queueState: QueueStateReader;
    readExpiring: ReadExpiringImages;
    /** Of scheduled catalogues. */
    openAlarms(): readonly CatalogueAlarm[];
  },
): void {
  // Health: this process answers. Readiness: the queue and the store answer, too.
  registerEndpoints(app, '/healthz', {
    GET: {
      needs: 'anyone',
      doc: healthDoc,
      run: async (_request, reply) =>
        // Not read here: this process is healthy while the queue is away.
        await reply.send({ status: 'ok', waiting_for: listWaitCauses(deps.waiting.latest()) }),
    },
  });
  registerEndpoints(app, '/readyz', {
    GET: {
      needs: 'anyone',
      doc: readyDoc,
      run: async (_request, reply) => {
        const [{ ready, ...rest }, waiting, incomplete] = await Promise.all([
          deps.readiness(),
          deps.waiting.read(),
          readIncomplete(deps.queueState),
        ]);
        return await reply.code(ready ? 200 : 503).send({
          status: ready ? 'ok' : 'unavailable',
          ...rest,
          ...(incomplete ? { restoring: true } : {}),
          waiting_for: listWaitCauses(waiting),
        });
      },
    },
  });
  registerEndpoints(app, '/metrics', {
    // For operators, because the labels contain the names of tenants.
    GET: {
      needs: 'operator',
      doc: metricsDoc,
      run: async (_request, reply) => {
        const { text, contentType } = await deps.metrics.read(
          await deps.waiting.read(),
          deps.openAlarms(),
          await readIncomplete(deps.queueState),
          await withFallback<ExpiringImages | undefined>(EXPIRING_MS, deps.readExpiring(), undefined),
        );
        return await reply.type(contentType).send(text);
      },
    },
  });
}

/** How long a probe waits for the state of the queue. */
const STATE_DEADLINE_MS = 1_000;

/** @returns `undefined` while the queue or the store is away. */
const readIncomplete = (queueState: QueueStateReader): Promise<boolean | undefined> =>
  withFallback<boolean | undefined>(STATE_DEADLINE_MS, queueState.isIncomplete(), undefined);

/** Only the causes: probes need no key, so they do not show who paused a queue, and why. */
const waitCauses = z.array(z.enum(WAIT_CAUSES)).meta({
  description: 'Why renders wait at this moment. It does not make a probe fail.',
});

const unreadable = { '400': problemResponse('The request cannot be read.', ['bad_request']) };

const healthDoc = {
  operationId: 'getHealth',
  tags: ['Operations'],
  summary: 'Get the health of this process',
  responses: {
    '200': {
      description: 'This process answers.',
      content: {
        'application/json': {
          schema: z.strictObject({ status: z.literal('ok'), waiting_for: waitCauses }),
          example: { status: 'ok', waiting_for: [] },
        },
      },
    },
    ...unreadable,
  },
};

const part = z.enum(['ok', 'unavailable']);
const readiness = z.strictObject({
  status: part,
  checks: z.strictObject({ queue: part, store: part }),
  waiting_for: waitCauses,
  restoring: z.literal(true).optional().meta({
    description:
      'Present while renders are restored after a loss of the queue. It does not make a probe fail.',
  }),
  reason: z
    .string()
    .optional()
    .describe('Present if Redis refuses the user, the password or a command: what to change.'),
});
const readinessResponse = (description: string, example: z.infer<typeof readiness>) => ({
  description,
  content: { 'application/json': { schema: readiness, example } },
});

const readyDoc = {
  operationId: 'getReadiness',
  tags: ['Operations'],
  summary: 'Get the readiness of queue and store',
  description: 'The queue and the store are checked at most once per second, for any number of calls.',
  responses: {
    '200': readinessResponse('Both answer.', {
      status: 'ok',
      checks: { queue: 'ok', store: 'ok' },
      waiting_for: ['paused'],
    }),
    ...unreadable,
    '503': readinessResponse('At least one does not answer.', {
      status: 'unavailable',
      checks: { queue: 'ok', store: 'unavailable' },
      waiting_for: ['store'],
    }),
  },
};

const metricsDoc = {
  operationId: 'getMetrics',
  tags: ['Operations'],
  summary: 'Get metrics for Prometheus',
  responses: {
    '200': jsonResponse("Prometheus's text format.", z.string(), { type: 'text/plain' }),
    ...problemResponses(),
  },
};
