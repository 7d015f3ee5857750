import {
  type ReconcileResponse,
  reconcileListSchema,
  reconcileRequestSchema,
  reconcileSchema,
} from '@darkroom/api';
import { utcDay } from '@darkroom/shared/render';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { getBodyBytes, noQuery, parseBodiesAsBytes, readQuery, wholeNumber } from '../http/index.ts';
import { parseJson } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { checkRequest, invalidRequest, ProblemError } from '../problems/index.ts';
import { type ReconcileDeps, type ReconcilePeriod, reconcile } from './reconcile.ts';
import { isReportId, listReports, readReport } from './report-store.ts';

const MAX_BODY_BYTES = 16 * 1024;
const DEFAULT_LIMIT = 20;
const DAY_MS = 86_400_000;
/** The spend index is listed from the first day of the period until today. */
const MAX_AGE_DAYS = 35;

/** Everything below `/v1/reconcile`. For operators of all tenants: the account with the provider belongs to all. */
export function registerReconcile(app: FastifyInstance, deps: ReconcileDeps): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/reconcile', { GET: listEndpoint(deps), POST: createEndpoint(deps) });
  });
  registerEndpoints(app, '/v1/reconcile/:id', { GET: getEndpoint(deps) });
}

const createEndpoint = (deps: ReconcileDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: createDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    return await reply.send(await reconcileRequested(deps, request, parseJson(getBodyBytes(request))));
  },
});

/** Checks a request, and carries it out. @throws {ProblemError} `invalid_request`, `no_balance_readings`. */
export async function reconcileRequested(
  deps: ReconcileDeps,
  request: FastifyRequest,
  value: unknown,
): Promise<ReconcileResponse> {
  const body = checkRequest(value, reconcileRequestSchema);
  return await reconcile(deps, request, readPeriod(body, deps.clock.now()), body);
}

function readPeriod(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  now: number,
): ReconcilePeriod {
  const last = to ?? utcDay(now);
  const period = { from: from ?? last, to: last };
  const first = utcDay(now - MAX_AGE_DAYS * DAY_MS);
  if (period.from < first || period.from > period.to || period.to > utcDay(now)) {
    const expected = `a day from ${first} to the day of to, which is today at the latest`;
    throw invalidRequest([{ field: 'from', expected, received: `${period.from} to ${period.to}` }]);
  }
  return period;
}

const listEndpoint = ({ store }: ReconcileDeps): Endpoint => ({
  needs: 'overseer',
  doc: listDoc,
  run: async (request, reply) => {
    const { limit = DEFAULT_LIMIT } = readQuery(listParams, request);
    const data = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      listReports(store, limit, signal),
    );
    return await reply.send({ object: 'list', data });
  },
});

const getEndpoint = ({ store }: ReconcileDeps): Endpoint => ({
  needs: 'overseer',
  doc: getDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { id } = request.params as { id: string };
    const report = isReportId(id)
      ? await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => readReport(store, id, signal))
      : undefined;
    if (!report)
      throw new ProblemError('reconciliation_not_found', 'There is no reconciliation with this id.');
    return await reply.send(report);
  },
});

const listParams = z.object({
  limit: wholeNumber(1, 100)
    .optional()
    .meta({ description: `Maximum number of reports; ${DEFAULT_LIMIT} by default.` }),
});

const listDoc = {
  operationId: 'listReconciliations',
  tags: ['Operations'],
  summary: 'List the latest reconciliations',
  requestParams: { query: listParams },
  responses: {
    '200': jsonResponse('The latest reports, newest first.', reconcileListSchema),
    ...problemResponses('invalid_request', 'store_unavailable'),
  },
};

const getDoc = {
  operationId: 'getReconciliation',
  tags: ['Operations'],
  summary: 'Get a reconciliation',
  requestParams: { path: z.object({ id: z.string().meta({ example: 'rec_17953632453491a2b3c4d' }) }) },
  responses: {
    '200': jsonResponse('The report.', reconcileSchema),
    ...problemResponses('invalid_request', 'reconciliation_not_found', 'store_unavailable'),
  },
};

const createDoc = {
  operationId: 'reconcile',
  tags: ['Operations'],
  summary: "Compare the books with the provider's balance",
  description: [
    "Compares what was bought and refunded in a period with the provider's balance before and after it. Workers read the",
    'balance every few minutes. The edges of the period are the last readings before them at which the balance did not move.',
    'If the difference proves that all or none of the unknown purchases were charged, and `resolve` is true, each of them is',
    'resolved as with `POST /v1/renders/{id}/statement`: purchases that were not charged are made; charged ones count as spent,',
    'and the image is bought again. Without a proof nothing is resolved, and `unknown` lists the purchases with the command that',
    'resolves each. Purchases that other programs make with the same account cannot be recognized: then do not resolve.',
  ].join(' '),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: reconcileRequestSchema,
        example: { top_ups: '50', resolve: false },
      },
    },
  },
  responses: {
    '200': jsonResponse('The report. It is kept.', reconcileSchema),
    ...problemResponses(
      'no_balance_readings',
      ...JSON_BODY_PROBLEMS,
      'queue_unavailable',
      'store_unavailable',
    ),
  },
};
