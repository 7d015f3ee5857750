import {
  PAUSABLE_QUEUES,
  type PausableQueue,
  pauseRequestSchema,
  type QueueResponse,
  queueListSchema,
  queueSchema,
} from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { Pause } from '@darkroom/shared/queues';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { PauseBook, RenderQueue } from '../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { parseBodiesAsBytes } from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { ProblemError } from '../problems/index.ts';

interface QueueDeps {
  queue: RenderQueue;
  pauses: PauseBook;
  clock: Clock;
  auditor: Auditor;
}

const MAX_BODY_BYTES = 16 * 1024;

/** Everything below `/v1/queues`. For operators of all tenants. */
export function registerQueues(app: FastifyInstance, deps: QueueDeps): void {
  registerEndpoints(app, '/v1/queues', { GET: listEndpoint(deps) });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/queues/:queue/pause', { POST: pauseEndpoint(deps) });
    registerEndpoints(scope, '/v1/queues/:queue/resume', { POST: resumeEndpoint(deps) });
  });
}

const listEndpoint = ({ queue }: QueueDeps): Endpoint => ({
  needs: 'operator',
  doc: listDoc,
  run: async (_request, reply) => {
    const { pauses } = await queue.readStops();
    const data = PAUSABLE_QUEUES.map((name) =>
      queueResponse(
        name,
        pauses.find((pause) => pause.queue === name),
      ),
    );
    return await reply.send({ object: 'list', data });
  },
});

const pauseEndpoint = ({ queue, pauses, clock, auditor }: QueueDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: pauseDoc,
  run: async (request, reply) => {
    const name = readQueueName(request);
    const { reason } = readJsonBody(request, pauseRequestSchema);
    const actor = describeCaller(request.caller);
    const before = await readPause(queue, name);
    const record = await pauses.pauseQueue(name, { actor, reason, now: clock.now() });
    await auditor.record(request, {
      action: 'queue.pause',
      target: { kind: 'queue', id: name },
      tenant: ALL_TENANTS,
      reason,
      before,
      after: { paused: true, reason },
    });
    return await reply.send(queueResponse(name, { queue: name, record }));
  },
});

const resumeEndpoint = ({ queue, pauses, auditor }: QueueDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: resumeDoc,
  run: async (request, reply) => {
    const name = readQueueName(request);
    const before = await readPause(queue, name);
    await pauses.resumeQueue(name);
    await auditor.record(request, {
      action: 'queue.resume',
      target: { kind: 'queue', id: name },
      tenant: ALL_TENANTS,
      before,
      after: { paused: false },
    });
    return await reply.send(queueResponse(name, undefined));
  },
});

/** The pause of a queue, for the audit log. */
async function readPause(queue: RenderQueue, name: PausableQueue) {
  const { pauses } = await queue.readStops();
  const pause = pauses.find((one) => one.queue === name);
  if (!pause) return { paused: false };
  const { record } = pause;
  return { paused: true, ...(record ? { actor: record.actor, reason: record.reason } : {}) };
}

function queueResponse(name: PausableQueue, pause: Pause | undefined): QueueResponse {
  if (!pause) return { object: 'queue', name, paused: null };
  const { record } = pause;
  const paused = record
    ? { actor: record.actor, reason: record.reason, since: new Date(record.since).toISOString() }
    : { actor: null, reason: null, since: null };
  return { object: 'queue', name, paused };
}

function readQueueName(request: FastifyRequest): PausableQueue {
  const { queue } = request.params as { queue: string };
  const name = PAUSABLE_QUEUES.find((one) => one === queue);
  if (!name)
    throw new ProblemError('queue_not_found', 'There is no queue with this name that can be paused.');
  return name;
}

const queueParam = z.object({ queue: z.enum(PAUSABLE_QUEUES).meta({ example: 'submit' }) });

const listDoc = {
  operationId: 'listQueues',
  tags: ['Operations'],
  summary: 'List the queues and their pauses',
  responses: {
    '200': jsonResponse('All queues that can be paused.', queueListSchema),
    ...problemResponses('queue_unavailable'),
  },
};

const pauseDoc = {
  operationId: 'pauseQueue',
  tags: ['Operations'],
  summary: 'Pause a queue',
  description:
    'No worker starts a job of this queue until an operator resumes it. Running jobs finish. Renders that wait for it say so in `waiting_for`. Pausing again replaces the reason.',
  requestParams: { path: queueParam },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: pauseRequestSchema,
        example: { reason: 'The provider has announced maintenance until 18:00.' },
      },
    },
  },
  responses: {
    '200': jsonResponse('The queue is paused.', queueSchema),
    ...problemResponses('queue_not_found', ...JSON_BODY_PROBLEMS, 'queue_unavailable'),
  },
};

const resumeDoc = {
  operationId: 'resumeQueue',
  tags: ['Operations'],
  summary: 'Resume a queue',
  description: 'Ends the pause, also that of another operator. A queue that is not paused stays as it is.',
  requestParams: { path: queueParam },
  responses: {
    '200': jsonResponse('The queue is not paused.', queueSchema),
    ...problemResponses('queue_not_found', 'body_too_large', 'queue_unavailable'),
  },
};
