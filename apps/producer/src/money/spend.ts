import {
  MODELS,
  RESOLUTIONS,
  RUN,
  SPEND_GROUPS,
  type SpendResponse,
  spendSchema,
  TENANT,
} from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { type Cost, utcDay } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';
import { formatDollars } from '@darkroom/shared/snapshot';
import { readSpendStart, sumSpend } from '@darkroom/shared/spend';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { hasRole, requireTenant } from '../access/index.ts';
import { withStoreDeadline } from '../backends/index.ts';
import { type Endpoint, registerEndpoints } from '../endpoint.ts';
import { readQuery } from '../http/index.ts';
import { jsonResponse, problemResponses } from '../openapi/index.ts';
import { invalidRequest } from '../problems/index.ts';

const MAX_DAYS = 400;
const MAX_GROUPS = 1_000;
/** A listing has 1,000 renders per request to the store. */
const DEADLINE_MS = 60_000;
const DAY_MS = 86_400_000;

/** `/v1/spend`. */
export function registerSpend(app: FastifyInstance, deps: { store: ObjectStore; clock: Clock }): void {
  registerEndpoints(app, '/v1/spend', { GET: spendEndpoint(deps) });
}

const spendEndpoint = ({ store, clock }: { store: ObjectStore; clock: Clock }): Endpoint => ({
  needs: 'operate',
  doc,
  run: async (request, reply) => {
    const { by, ...query } = readSpendQuery(request, clock.now());
    const [{ total, groups }, since] = await withStoreDeadline(DEADLINE_MS, (signal) =>
      Promise.all([sumSpend(store, query, [by], signal), readSpendStart(store, signal)]),
    );
    const spend: SpendResponse = {
      object: 'spend',
      from: query.from,
      to: query.to,
      by,
      renders: total.renders,
      ...formatAmounts(total),
      currency: 'USD',
      since: since ?? null,
      groups: groups[by]
        .slice(0, MAX_GROUPS)
        .map(({ key, renders, ...cost }) => ({ key: key ?? null, renders, ...formatAmounts(cost) })),
      more_groups: Math.max(0, groups[by].length - MAX_GROUPS),
    };
    return await reply.send(spend);
  },
});

const formatAmounts = (cost: Cost) => ({
  spent: formatDollars(cost.spentMicros),
  refunded: formatDollars(cost.refundedMicros),
  possibly_spent: formatDollars(cost.possiblySpentMicros),
});

/** @throws {ProblemError} `invalid_request`. */
function readSpendQuery(request: FastifyRequest, now: number) {
  const { from, to = utcDay(now), by = 'day', tenant, ...rest } = readQuery(spendParams, request);
  const query = { ...rest, from: from ?? to, to };
  const days = (Date.parse(query.to) - Date.parse(query.from)) / DAY_MS + 1;
  if (days < 1 || days > MAX_DAYS) {
    const expected = `a day that is not after to, and at most ${MAX_DAYS} days in all`;
    throw invalidRequest([{ field: 'from', expected, received: `${query.from} to ${query.to}` }]);
  }
  return { ...query, by, tenant: chooseTenant(request, tenant) };
}

/** @returns the only tenant of the report; `undefined` for all. */
function chooseTenant(request: FastifyRequest, wanted: string | undefined): string | undefined {
  const own = requireTenant(request);
  if (own === ALL_TENANTS || (request.caller && hasRole(request.caller, 'operator'))) return wanted;
  if (wanted === undefined || wanted === own) return own;
  const expected = 'nothing, because this key reads the money of its own tenant';
  throw invalidRequest([{ field: 'tenant', expected, received: 'a tenant' }]);
}

const spendParams = z.object({
  from: z.iso
    .date()
    .optional()
    .meta({ description: 'The first UTC day. The day of `to` by default.', example: '2026-11-22' }),
  to: z.iso
    .date()
    .optional()
    .meta({ description: 'The last UTC day. Today by default.', example: '2026-11-26' }),
  by: z.enum(SPEND_GROUPS).optional().meta({ description: 'How to group. By day by default.' }),
  tenant: z.string().regex(TENANT).optional().meta({ description: 'Only renders of this tenant.' }),
  run: z.string().regex(RUN).optional().meta({ description: 'Only renders of this run.' }),
  model: z.enum(MODELS).optional().meta({ description: 'Only renders with this model.' }),
  resolution: z.enum(RESOLUTIONS).optional().meta({ description: 'Only renders with this resolution.' }),
});

const doc = {
  operationId: 'getSpend',
  tags: ['Operations'],
  summary: 'Sum what renders cost',
  description: [
    'The sums of the receipts by day, tenant, run, model or resolution, exact to the micro-dollar. They come from an index and',
    'contain renders that have ended, on the UTC day on which the provider accepted each purchase; an unknown purchase counts',
    'on the day on which its render ended. A key of one tenant sees its own tenant.',
  ].join(' '),
  requestParams: { query: spendParams },
  responses: {
    '200': jsonResponse('The sums.', spendSchema),
    ...problemResponses('invalid_request', 'store_unavailable'),
  },
};
