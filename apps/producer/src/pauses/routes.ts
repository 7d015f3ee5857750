import {
  type CreatePauseRequest,
  createPauseSchema,
  PAUSABLE_QUEUES,
  PAUSE_NAME,
  pauseListSchema,
  pauseSchema,
} from '@darkroom/api';
import { queuePauseName, type SubmissionPause } from '@darkroom/shared/control';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import { DATA_VERSION, randomHex } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { PauseBook } from '../backends/index.ts';
import { operatorScope } from '../dead-letters/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { noQuery, parseBodiesAsBytes, readQuery, requireBodyKind } from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';
import type { RenderReadDeps } from '../renders/index.ts';
import { letThroughEndpoint } from './let-through.ts';
import { pauseResponse, queuePauseResponse } from './responses.ts';

export interface PauseDeps {
  pauses: PauseBook;
  read: RenderReadDeps;
  clock: Clock;
  auditor: Auditor;
}

const MAX_BODY_BYTES = 16 * 1024;

/** Everything below `/v1/pauses`. A key of one tenant pauses, sees and ends only pauses of its own tenant. */
export function registerPauses(app: FastifyInstance, deps: PauseDeps): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, '/v1/pauses', { GET: listEndpoint(deps), POST: createEndpoint(deps) });
    registerEndpoints(scope, '/v1/renders/:id/let-through', { POST: letThroughEndpoint(deps) });
  });
  app.register(async (scope) => {
    // It needs no body, and accepts an empty body of any kind.
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/pauses/:name/resume', { POST: endEndpoint(deps) });
  });
}

const listEndpoint = ({ pauses }: PauseDeps): Endpoint => ({
  needs: 'operate',
  doc: listDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { submission, queues } = await pauses.list();
    const tenant = operatorScope(request);
    const visible = submission.filter(({ scope }) => tenant === ALL_TENANTS || scope.tenant === tenant);
    const ofQueues = tenant === ALL_TENANTS ? queues.map(queuePauseResponse) : [];
    return await reply.send({ object: 'list', data: [...ofQueues, ...visible.map(pauseResponse)] });
  },
});

const createEndpoint = ({ pauses, clock, auditor }: PauseDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: createDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const pause = readPause(request, clock.now());
    if (!(await pauses.add(pause)))
      throw new ProblemError('pause_exists', `There is a pause with the name ${pause.name}.`);
    const { tenant = ALL_TENANTS } = pause.scope;
    const target = { kind: 'pause', id: pause.name } as const;
    await auditor.record(request, {
      action: 'pause.create',
      target,
      tenant,
      reason: pause.reason,
      after: describe(pause),
    });
    return await reply.code(201).send(pauseResponse(pause));
  },
});

const endEndpoint = ({ pauses, auditor }: PauseDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: endDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { name } = request.params as { name: string };
    const own = operatorScope(request);
    const queue = PAUSABLE_QUEUES.find((one) => queuePauseName(one) === name);
    if (queue) return await reply.send(await endQueuePause(queue));
    const pause = PAUSE_NAME.test(name) ? await pauses.find(name) : undefined;
    if (!pause || (own !== ALL_TENANTS && pause.scope.tenant !== own)) throw notFound();
    await pauses.remove(name);
    await auditor.record(request, {
      action: 'pause.end',
      target: { kind: 'pause', id: name },
      tenant: pause.scope.tenant ?? ALL_TENANTS,
      before: describe(pause),
    });
    return await reply.send(pauseResponse(pause));

    async function endQueuePause(one: (typeof PAUSABLE_QUEUES)[number]) {
      const paused = (await pauses.list()).queues.find((found) => found.queue === one);
      if (!paused || own !== ALL_TENANTS) throw notFound();
      await pauses.resumeQueue(one);
      await auditor.record(request, {
        action: 'queue.resume',
        target: { kind: 'queue', id: one },
        tenant: ALL_TENANTS,
        before: {
          paused: true,
          ...(paused.record ? { actor: paused.record.actor, reason: paused.record.reason } : {}),
        },
        after: { paused: false },
      });
      return queuePauseResponse(paused);
    }
  },
});

const notFound = () => new ProblemError('pause_not_found', 'There is no pause with this name.');

/** The values of a pause for the audit log. */
const describe = ({ scope, owner, until, since }: SubmissionPause) => ({
  ...(scope as Record<string, string>),
  owner,
  since: new Date(since).toISOString(),
  ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
});

/** @throws {ProblemError} `invalid_request`. */
function readPause(request: FastifyRequest, now: number): SubmissionPause {
  const body = readJsonBody(request, createPauseSchema);
  const { reason, owner, run, model } = body;
  const until = body.until === undefined ? undefined : Date.parse(body.until);
  if (until !== undefined && until <= now)
    throw invalidRequest([
      { field: 'until', expected: 'a time in the future', received: 'a time that is over' },
    ]);
  const tenant = readTenant(request, body);
  const actor = describeCaller(request.caller);
  return {
    version: DATA_VERSION,
    name: readName(body, tenant),
    scope: {
      ...(tenant === undefined ? {} : { tenant }),
      ...(run === undefined ? {} : { run }),
      ...(model === undefined ? {} : { model }),
    },
    reason,
    owner: owner ?? actor,
    actor,
    since: now,
    ...(until === undefined ? {} : { until }),
  };
}

/** A key of one tenant pauses only this tenant. */
function readTenant(request: FastifyRequest, { tenant }: CreatePauseRequest): string | undefined {
  const own = operatorScope(request);
  if (own === ALL_TENANTS) return tenant;
  if (tenant === undefined || tenant === own) return own;
  throw invalidRequest([{ field: 'tenant', expected: "this key's own tenant", received: 'another tenant' }]);
}

function readName({ name, run, model }: CreatePauseRequest, tenant: string | undefined): string {
  if (name === undefined) {
    const subject = (tenant ?? run ?? model ?? 'all').toLowerCase().replace(/[^a-z0-9]+/g, '-');
    return `${subject.slice(0, 50).replace(/^-|-$/g, '') || 'pause'}-${randomHex(3)}`;
  }
  if (!name.startsWith('queue-')) return name;
  const expected = 'a name that does not start with queue-, because these are the pauses of queues';
  throw invalidRequest([{ field: 'name', expected, received: name }]);
}

const listDoc = {
  operationId: 'listPauses',
  tags: ['Operations'],
  summary: 'List the pauses that stand',
  description: 'Pauses of submission, and pauses of whole queues.',
  responses: {
    '200': jsonResponse('All pauses that stand.', pauseListSchema),
    ...problemResponses('invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const createDoc = {
  operationId: 'createPause',
  tags: ['Operations'],
  summary: 'Pause the submission of renders',
  description: [
    'No worker submits a render that matches `tenant`, `run` and `model`; without them, no render at all. Renders that',
    'are at the provider go on. Pauses stack: a render is submitted when the last one that holds it back has ended. They',
    'are kept in the object store, so they survive restarts, deployments and the loss of the queue. All workers obey within',
    'a second. No deadline of a waiting render runs, and other renders are not held up.',
  ].join(' '),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: createPauseSchema,
        example: { reason: 'Wrong prompt template', tenant: 'acme', name: 'acme-template', owner: 'ann' },
      },
    },
  },
  responses: {
    '201': jsonResponse('The pause stands.', pauseSchema),
    ...problemResponses('pause_exists', ...JSON_BODY_PROBLEMS, 'store_unavailable'),
  },
};

const endDoc = {
  operationId: 'endPause',
  tags: ['Operations'],
  summary: 'End a pause',
  description:
    'Renders that no other pause holds back go on at once. The response is the pause as it was. The name of the pause of a queue ends that.',
  requestParams: { path: z.object({ name: z.string().meta({ example: 'acme-template' }) }) },
  responses: {
    '200': jsonResponse('The pause has ended.', pauseSchema),
    ...problemResponses(
      'pause_not_found',
      'body_too_large',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
