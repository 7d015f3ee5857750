import {
  PLAN_ID,
  REDRIVE_ID,
  REDRIVE_ITEM_STATUSES,
  type RedriveItemStatus,
  redriveControlSchema,
  redriveItemListSchema,
  redriveListSchema,
  redrivePlanSchema,
  redriveRequestSchema,
  redriveSchema,
} from '@darkroom/api';
import { MAX_PLAN_RENDERS } from '@darkroom/shared/redrives';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { operatorScope } from '../dead-letters/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import {
  getBodyBytes,
  noQuery,
  parseBodiesAsBytes,
  readQuery,
  requireBodyKind,
  resolveBaseUrl,
  wholeNumber,
} from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import {
  controlRedrive,
  listRedrives,
  planRedrive,
  REDRIVE_CONTROL_ACTIONS,
  type RedriveControlAction,
  type RedriveDeps,
  startRedrive,
} from './actions.ts';
import { findPlan, findRedrive } from './find-redrive.ts';
import { listItems } from './list-items.ts';
import { planResponse, redriveResponse } from './responses.ts';

/** Enough for all ids that a request can name. */
const MAX_BODY_BYTES = 128 * 1024;
const MAX_CONTROL_BYTES = 16 * 1024;

/** Everything below `/v1/redrives` and `/v1/redrive-plans`. A key of one tenant makes and sees only redrives of its tenant. */
export function registerRedrives(app: FastifyInstance, deps: RedriveDeps): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, '/v1/redrives', { GET: listEndpoint(deps), POST: createEndpoint(deps) });
  });
  registerEndpoints(app, '/v1/redrive-plans/:id', { GET: planEndpoint(deps) });
  registerEndpoints(app, '/v1/redrives/:id', { GET: getEndpoint(deps) });
  registerEndpoints(app, '/v1/redrives/:id/items', { GET: itemsEndpoint(deps) });
  app.register(async (scope) => {
    // These need no body. They accept an empty body of any kind.
    parseBodiesAsBytes(scope);
    for (const action of REDRIVE_CONTROL_ACTIONS) {
      registerEndpoints(scope, `/v1/redrives/:id/${action}`, { POST: controlEndpoint(deps, action) });
    }
  });
}

const createEndpoint = (deps: RedriveDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: createDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const body = readJsonBody(request, redriveRequestSchema);
    if (body.plan !== undefined) {
      const facts = await startRedrive(deps, request, { ...body, plan: body.plan });
      return await reply.code(202).send(redriveResponse(facts, resolveBaseUrl(request)));
    }
    const plan = await planRedrive(deps, request, body);
    return await reply.send(planResponse(plan));
  },
});

const planEndpoint = (deps: RedriveDeps): Endpoint => ({
  needs: 'operate',
  doc: planDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send(planResponse(await findPlan(deps, operatorScope(request), readId(request))));
  },
});

const listEndpoint = (deps: RedriveDeps): Endpoint => ({
  needs: 'operate',
  doc: listDoc,
  run: async (request, reply) => {
    const { limit = 20, cursor } = readQuery(listParams, request);
    const { facts, next } = await listRedrives(deps, request, { limit, cursor });
    const base = resolveBaseUrl(request);
    return await reply.send({
      object: 'list',
      data: facts.map((one) => redriveResponse(one, base)),
      next_cursor: next ?? null,
    });
  },
});

const getEndpoint = (deps: RedriveDeps): Endpoint => ({
  needs: 'operate',
  doc: getDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const facts = await findRedrive(deps, operatorScope(request), readId(request));
    return await reply.send(redriveResponse(facts, resolveBaseUrl(request)));
  },
});

const itemsEndpoint = (deps: RedriveDeps): Endpoint => ({
  needs: 'operate',
  doc: itemsDoc,
  run: async (request, reply) => {
    const { status: statuses, limit = 100, cursor: from = 0 } = readQuery(itemsParams, request);
    const facts = await findRedrive(deps, operatorScope(request), readId(request));
    return await reply.send(await listItems(deps.redrives, facts, { from, limit, statuses }));
  },
});

const controlEndpoint = (deps: RedriveDeps, action: RedriveControlAction): Endpoint => ({
  needs: 'operate',
  bodyLimit: MAX_CONTROL_BYTES,
  doc: controlDocs[action],
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { reason } = readControl(request);
    const facts = await controlRedrive(deps, request, { id: readId(request), action, reason });
    return await reply.code(202).send(redriveResponse(facts, resolveBaseUrl(request)));
  },
});

const readId = (request: FastifyRequest) => (request.params as { id: string }).id;

const readControl = (request: FastifyRequest): z.infer<typeof redriveControlSchema> =>
  getBodyBytes(request).length === 0 ? {} : readJsonBody(request, redriveControlSchema);

const isStatus = (text: string): text is RedriveItemStatus =>
  (REDRIVE_ITEM_STATUSES as readonly string[]).includes(text);

const listParams = z.object({
  limit: wholeNumber(1, 100).optional().meta({ description: 'Maximum number in a page; 20 by default.' }),
  cursor: z
    .string()
    .regex(/^\d{13}-[0-9a-f]{32}-[a-z0-9_=-]{1,63}$/, {
      error: 'expected the next_cursor of an earlier page',
    })
    .optional()
    .meta({ description: '`next_cursor` of the previous page.' }),
});

const itemsParams = z.object({
  status: z
    .string()
    .refine((text) => text.split(',').every(isStatus), {
      error: `expected one or more of ${REDRIVE_ITEM_STATUSES.join(', ')}, separated by commas`,
    })
    .transform((text) => text.split(',').filter(isStatus))
    .optional()
    .meta({
      override: { type: 'array', items: { type: 'string', enum: [...REDRIVE_ITEM_STATUSES] }, minItems: 1 },
      description: 'One or more, separated by commas.',
      param: { style: 'form', explode: false },
      example: ['failed', 'skipped'],
    }),
  limit: wholeNumber(1, 500).optional().meta({ description: 'Maximum number in a page; 100 by default.' }),
  cursor: wholeNumber(0, MAX_PLAN_RENDERS)
    .optional()
    .meta({
      override: { type: 'string' },
      description: '`next_cursor` of the previous page, with the same filter.',
    }),
});

const redriveIdParam = z.object({
  id: z.string().regex(REDRIVE_ID).meta({ example: 'rdv_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7' }),
});
const planIdParam = z.object({
  id: z.string().regex(PLAN_ID).meta({ example: 'rdp_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7' }),
});

const TAGS = ['Dead letters'];

const createDoc = {
  operationId: 'createRedrive',
  tags: TAGS,
  summary: 'Plan a redrive, or execute a plan',
  description: [
    'With `dry_run`, it makes a plan: a fixed set of failed renders, how many are bought again, and the price. Renders',
    'that fail later are not in it. With `plan`, it executes exactly this plan at `rate` renders per second. A render that',
    'has changed since the plan is skipped. A plan is executed once: the same request again answers with its redrive.',
  ].join(' '),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: redriveRequestSchema,
        examples: {
          plan: { value: { filter: { code: 'upstream_unreachable' }, dry_run: true } },
          execution: {
            value: {
              plan: 'rdp_0a1b2c3d4e5f60718293a4b5c6d7e8f9',
              rate: 20,
              max_spend: '12.50',
              reason: 'The provider is back.',
            },
          },
        },
      },
    },
  },
  responses: {
    '200': jsonResponse('The plan.', redrivePlanSchema),
    '202': jsonResponse('The redrive. A worker executes it.', redriveSchema),
    ...problemResponses(
      ...JSON_BODY_PROBLEMS,
      'plan_not_found',
      'plan_expired',
      'plan_executed',
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};

const planDoc = {
  operationId: 'getRedrivePlan',
  tags: TAGS,
  summary: 'Get a plan',
  requestParams: { path: planIdParam },
  responses: {
    '200': jsonResponse('The plan.', redrivePlanSchema),
    ...problemResponses('plan_not_found', 'invalid_request', 'store_unavailable'),
  },
};

const listDoc = {
  operationId: 'listRedrives',
  tags: TAGS,
  summary: 'List the redrives',
  description: 'The latest first. A page may be short or empty and still have a `next_cursor`.',
  requestParams: { query: listParams },
  responses: {
    '200': jsonResponse('A page of redrives.', redriveListSchema),
    ...problemResponses('invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const getDoc = {
  operationId: 'getRedrive',
  tags: TAGS,
  summary: 'Get a redrive',
  description: '`done` and `failed` count renders that have ended, not renders that were started.',
  requestParams: { path: redriveIdParam },
  responses: {
    '200': jsonResponse('The redrive.', redriveSchema),
    ...problemResponses('redrive_not_found', 'invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const itemsDoc = {
  operationId: 'listRedriveItems',
  tags: TAGS,
  summary: 'List the renders of a redrive',
  description: 'Each with its status, and the reason if it was skipped or failed again.',
  requestParams: { path: redriveIdParam, query: itemsParams },
  responses: {
    '200': jsonResponse('A page of renders.', redriveItemListSchema),
    ...problemResponses('redrive_not_found', 'invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const controlDoc = (operationId: string, summary: string, description: string) => ({
  operationId,
  tags: TAGS,
  summary,
  description,
  requestParams: { path: redriveIdParam },
  requestBody: {
    content: {
      'application/json': { schema: redriveControlSchema, example: { reason: 'wait for the shop' } },
    },
  },
  responses: {
    '202': jsonResponse('The redrive.', redriveSchema),
    ...problemResponses(
      'redrive_not_found',
      'redrive_ended',
      ...JSON_BODY_PROBLEMS.filter((code) => code !== 'empty_body'),
      'queue_unavailable',
      'store_unavailable',
    ),
  },
});

const controlDocs = {
  pause: controlDoc(
    'pauseRedrive',
    'Pause a redrive',
    'Within about a second it starts no more renders. Renders that it has started go on.',
  ),
  resume: controlDoc('resumeRedrive', 'Resume a redrive', 'It goes on at its pace, without a burst.'),
  cancel: controlDoc(
    'cancelRedrive',
    'Cancel a redrive',
    'It starts no more renders. Renders that it has started go on, and it ends when they have ended.',
  ),
};
