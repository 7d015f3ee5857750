import {
  type DeadLetterListResponse,
  deadLetterDetailSchema,
  deadLetterListSchema,
  deadLetterSummarySchema,
  discardRequestSchema,
  discardSchema,
} from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { noQuery, parseBodiesAsBytes, readQuery, requireBodyKind, resolveBaseUrl } from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { idParam } from '../renders/index.ts';
import {
  type DeadLetterDeps,
  discardSelected,
  findDeadLetter,
  forecastContext,
  listSelected,
  summarizeSelected,
} from './actions.ts';
import { listParams, operatorScope, readListQuery, readSummaryQuery, summaryParams } from './filter.ts';
import { deadLetterDetail, deadLetterResponse } from './responses.ts';

/** Enough for all ids that a request can name. */
const MAX_BODY_BYTES = 128 * 1024;

/** Everything below `/v1/dead-letters`. A key of one tenant sees and discards only the dead letters of its tenant. */
export function registerDeadLetters(app: FastifyInstance, deps: DeadLetterDeps): void {
  registerEndpoints(app, '/v1/dead-letters', { GET: listEndpoint(deps) });
  registerEndpoints(app, '/v1/dead-letters/summary', { GET: summaryEndpoint(deps) });
  registerEndpoints(app, '/v1/dead-letters/:id', { GET: getEndpoint(deps) });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, '/v1/dead-letters/discard', { POST: discardEndpoint(deps) });
  });
}

const listEndpoint = (deps: DeadLetterDeps): Endpoint => ({
  needs: 'operate',
  doc: listDoc,
  run: async (request, reply) => {
    const { page, total, next } = await listSelected(deps, readListQuery(request));
    const base = resolveBaseUrl(request);
    const context = forecastContext(deps);
    const list: DeadLetterListResponse = {
      object: 'list',
      data: page.map((letter) => deadLetterResponse(letter, base, context)),
      total,
      next_cursor: next ?? null,
    };
    return await reply.send(list);
  },
});

const summaryEndpoint = (deps: DeadLetterDeps): Endpoint => ({
  needs: 'operate',
  doc: summaryDoc,
  run: async (request, reply) => {
    const { matches, groupBy } = readSummaryQuery(request);
    return await reply.send(await summarizeSelected(deps, operatorScope(request), { matches, groupBy }));
  },
});

const getEndpoint = (deps: DeadLetterDeps): Endpoint => ({
  needs: 'operate',
  doc: getDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { letter, whole } = await findDeadLetter(deps, request);
    return await reply.send(deadLetterDetail(letter, whole, resolveBaseUrl(request), forecastContext(deps)));
  },
});

const discardEndpoint = (deps: DeadLetterDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: discardDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const discard = await discardSelected(deps, request, readJsonBody(request, discardRequestSchema));
    return await reply.send(discard);
  },
});

const TAGS = ['Dead letters'];

const listDoc = {
  operationId: 'listDeadLetters',
  tags: TAGS,
  summary: 'List the dead letters',
  description:
    'The latest failure first. All filters must match. A render that is redriven at the moment has no open dead letter. A key of one tenant sees only the dead letters of its tenant.',
  requestParams: { query: listParams },
  responses: {
    '200': jsonResponse('A page of dead letters.', deadLetterListSchema),
    ...problemResponses('invalid_request', 'queue_unavailable'),
  },
};

const summaryDoc = {
  operationId: 'summarizeDeadLetters',
  tags: TAGS,
  summary: 'Group the dead letters',
  description:
    'Groups by reason: the code and the message without ids, numbers, addresses and URLs. So 2,000 failures with three causes are three groups. Other groups: by run, tenant, model or failed step.',
  requestParams: { query: summaryParams },
  responses: {
    '200': jsonResponse('The groups, the largest first.', deadLetterSummarySchema),
    ...problemResponses('invalid_request', 'queue_unavailable', 'store_unavailable'),
  },
};

const getDoc = {
  operationId: 'getDeadLetter',
  tags: TAGS,
  summary: 'Get a dead letter',
  description: 'With its causes, its request, and the failures before earlier redrives.',
  requestParams: { path: idParam },
  responses: {
    '200': jsonResponse('The dead letter.', deadLetterDetailSchema),
    ...problemResponses('dead_letter_not_found', 'invalid_request', 'queue_unavailable'),
  },
};

const discardDoc = {
  operationId: 'discardDeadLetters',
  tags: TAGS,
  summary: 'Discard dead letters',
  description:
    'Removes dead letters that need no redrive. The ledger keeps the note. The renders stay failed, and a discarded dead letter does not come back. One call discards at most 1,000: repeat it while `remaining` is not 0.',
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: discardRequestSchema,
        example: { filter: { code: 'content_policy_violation' }, note: 'The shop changes these prompts.' },
      },
    },
  },
  responses: {
    '200': jsonResponse('What was discarded.', discardSchema),
    ...problemResponses(...JSON_BODY_PROBLEMS, 'queue_unavailable', 'store_unavailable'),
  },
};
