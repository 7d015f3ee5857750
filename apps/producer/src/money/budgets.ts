import {
  BUDGET_NAME,
  type BudgetResponse,
  budgetListSchema,
  budgetRequestSchema,
  budgetSchema,
} from '@darkroom/api';
import {
  type Budget,
  type BudgetUse,
  readBudgets,
  readBudgetUse,
  removeBudget,
  writeBudget,
} from '@darkroom/shared/budgets';
import type { Engine } from '@darkroom/shared/engine';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import { formatDollars, parseDollars } from '@darkroom/shared/snapshot';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { parseBodiesAsBytes } from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';

export interface BudgetDeps {
  store: ObjectStore;
  engine: Engine;
  clock: Clock;
  auditor: Auditor;
}

const MAX_BODY_BYTES = 16 * 1024;

/** Everything below `/v1/budgets`. For operators of all tenants. */
export function registerBudgets(app: FastifyInstance, deps: BudgetDeps): void {
  registerEndpoints(app, '/v1/budgets', { GET: listEndpoint(deps) });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/budgets/:name', {
      GET: getEndpoint(deps),
      PUT: setEndpoint(deps),
      DELETE: removeEndpoint(deps),
    });
  });
}

const listEndpoint = (deps: BudgetDeps): Endpoint => ({
  needs: 'operator',
  doc: listDoc,
  run: async (_request, reply) => {
    const data = (await readUse(deps)).map(budgetResponse);
    return await reply.send({ object: 'list', data });
  },
});

const getEndpoint = (deps: BudgetDeps): Endpoint => ({
  needs: 'operator',
  doc: getDoc,
  run: async (request, reply) => await reply.send(budgetResponse(await findUse(deps, readName(request)))),
});

const setEndpoint = (deps: BudgetDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: setDoc,
  run: async (request, reply) => {
    const name = readName(request);
    const { limit, per = 'day', tenant, run, reason } = readJsonBody(request, budgetRequestSchema);
    const before = (await readAll(deps)).find((budget) => budget.name === name);
    const now = deps.clock.now();
    const scope = { per, ...(tenant === undefined ? {} : { tenant }), ...(run === undefined ? {} : { run }) };
    if (before && (before.per !== per || before.tenant !== tenant || before.run !== run)) {
      const expected = `the scope that budget ${name} has, or another name; unset it first to change its scope`;
      throw invalidRequest([{ field: 'per', expected, received: 'another per, tenant or run' }]);
    }
    const budget: Budget = {
      name,
      ...scope,
      limitMicros: parseDollars(limit),
      since: before?.since ?? now,
      setAt: now,
      actor: describeCaller(request.caller),
      ...(reason === undefined ? {} : { reason }),
    };
    await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => writeBudget(deps.store, budget, signal));
    await deps.auditor.record(request, {
      action: 'budget.set',
      target: { kind: 'budget', id: name },
      tenant: tenant ?? ALL_TENANTS,
      reason,
      before: before ? describeLimit(before) : { limit: null },
      after: describeLimit(budget),
    });
    return await reply.send(budgetResponse(await findUse(deps, name)));
  },
});

const removeEndpoint = (deps: BudgetDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: MAX_BODY_BYTES,
  doc: removeDoc,
  run: async (request, reply) => {
    const use = await findUse(deps, readName(request));
    const { budget } = use;
    await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      removeBudget(deps.store, budget.name, signal),
    );
    await deps.auditor.record(request, {
      action: 'budget.unset',
      target: { kind: 'budget', id: budget.name },
      tenant: budget.tenant ?? ALL_TENANTS,
      before: describeLimit(budget),
      after: { limit: null },
    });
    return await reply.send(budgetResponse(use));
  },
});

const describeLimit = ({ limitMicros, per, tenant, run }: Budget) => ({
  limit: formatDollars(limitMicros),
  per,
  ...(tenant === undefined ? {} : { tenant }),
  ...(run === undefined ? {} : { run }),
});

const readAll = ({ store }: BudgetDeps) =>
  withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => readBudgets(store, signal));

const readUse = ({ store, engine, clock }: BudgetDeps): Promise<BudgetUse[]> =>
  withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    readBudgetUse({ store, counters: engine.budgetCounters, now: clock.now() }, signal),
  );

/** @throws {ProblemError} `budget_not_found`. */
async function findUse(deps: BudgetDeps, name: string): Promise<BudgetUse> {
  const use = (await readUse(deps)).find(({ budget }) => budget.name === name);
  if (!use) throw new ProblemError('budget_not_found', 'There is no budget with this name.');
  return use;
}

export const budgetResponse = ({ budget, usedMicros, renewsAt }: BudgetUse): BudgetResponse => ({
  object: 'budget',
  name: budget.name,
  limit: formatDollars(budget.limitMicros),
  per: budget.per,
  tenant: budget.tenant ?? null,
  run: budget.run ?? null,
  used: usedMicros === undefined ? null : formatDollars(usedMicros),
  renews_at: renewsAt === undefined ? null : new Date(renewsAt).toISOString(),
  currency: 'USD',
  set_at: new Date(budget.setAt).toISOString(),
  actor: budget.actor,
  reason: budget.reason ?? null,
});

function readName(request: FastifyRequest): string {
  const { name } = request.params as { name: string };
  if (BUDGET_NAME.test(name)) return name;
  throw new ProblemError('budget_not_found', 'This is no name of a budget.');
}

const nameParam = z.object({ name: z.string().regex(BUDGET_NAME).meta({ example: 'all-days' }) });

const listDoc = {
  operationId: 'listBudgets',
  tags: ['Operations'],
  summary: 'List the budgets and what of them is used',
  responses: {
    '200': jsonResponse('All budgets, by name.', budgetListSchema),
    ...problemResponses('queue_unavailable', 'store_unavailable'),
  },
};

const getDoc = {
  operationId: 'getBudget',
  tags: ['Operations'],
  summary: 'Get a budget',
  requestParams: { path: nameParam },
  responses: {
    '200': jsonResponse('The budget.', budgetSchema),
    ...problemResponses('budget_not_found', 'queue_unavailable', 'store_unavailable'),
  },
};

const setDoc = {
  operationId: 'setBudget',
  tags: ['Operations'],
  summary: 'Set a budget',
  description: [
    'A hard limit for what renders may cost: all of them, those of a tenant, of a run, or of both; per UTC day or in total.',
    'Workers apply a changed limit within `BUDGET_REFRESH_MS` (2 s by default); after a budget is added or removed, submissions wait some seconds',
    'until its sum is filled. Over budget, renders wait with `waiting_for.cause` `budget`, and none fails. The scope of a budget',
    'does not change.',
  ].join(' '),
  requestParams: { path: nameParam },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: budgetRequestSchema,
        example: { limit: '250.00', per: 'day', reason: 'The limit of the contract.' },
      },
    },
  },
  responses: {
    '200': jsonResponse('The budget is set.', budgetSchema),
    ...problemResponses('budget_not_found', ...JSON_BODY_PROBLEMS, 'queue_unavailable', 'store_unavailable'),
  },
};

const removeDoc = {
  operationId: 'unsetBudget',
  tags: ['Operations'],
  summary: 'Remove a budget',
  description: 'Renders that waited for it go on within seconds.',
  requestParams: { path: nameParam },
  responses: {
    '200': jsonResponse('The budget as it was.', budgetSchema),
    ...problemResponses('budget_not_found', 'body_too_large', 'queue_unavailable', 'store_unavailable'),
  },
};
