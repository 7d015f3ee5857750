import {
  FAILURE_CODES,
  type FailureCode,
  RENDER_STATUSES,
  type RenderStatus,
  RUN,
  TENANT,
  WAIT_CAUSES,
  type WaitCode,
} from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireTenant } from '../access/index.ts';
import { readQuery, wholeNumber } from '../http/index.ts';
import { type ListQuery, parseCursor } from '../lookup/index.ts';
import { invalidRequest } from '../problems/index.ts';

/**
 * The checked query of a list.
 *
 * @throws {ProblemError} `invalid_request`.
 */
export function readListQuery(request: Pick<FastifyRequest, 'query' | 'caller'>): ListQuery {
  const { tenant, status, run, code, text, created_after, created_before, limit, cursor } = readQuery(
    listParams,
    request,
  );
  const own = requireTenant(request);
  if (own !== ALL_TENANTS && tenant !== undefined) {
    const expected = "nothing, because this key reads its own tenant's renders";
    throw invalidRequest([{ field: 'tenant', expected, received: 'a tenant' }]);
  }
  return {
    tenant: tenant ?? own,
    statuses: status,
    run,
    codes: code,
    text,
    createdAfter: created_after,
    createdBefore: created_before,
    after: cursor,
    limit: limit ?? 20,
  };
}

const isStatus = (text: string): text is RenderStatus =>
  (RENDER_STATUSES as readonly string[]).includes(text);

const statuses = z
  .string()
  .refine((text) => text.split(',').every(isStatus), {
    error: `expected one or more of ${RENDER_STATUSES.join(', ')}, separated by commas`,
  })
  .transform((text) => text.split(',').filter(isStatus))
  .optional()
  .meta({
    override: { type: 'array', items: { type: 'string', enum: [...RENDER_STATUSES] }, minItems: 1 },
    description: 'One or more, separated by commas.',
    param: { style: 'form', explode: false },
    example: ['completed', 'failed'],
  });

const isCode = (text: string): text is FailureCode => (FAILURE_CODES as readonly string[]).includes(text);

const codes = z
  .string()
  .refine((text) => text.split(',').every(isCode), {
    error: `expected one or more of ${FAILURE_CODES.join(', ')}, separated by commas`,
  })
  .transform((text) => text.split(',').filter(isCode))
  .optional()
  .meta({
    override: { type: 'array', items: { type: 'string', enum: [...FAILURE_CODES] }, minItems: 1 },
    description: 'Only failed renders with one of these codes, separated by commas.',
    param: { style: 'form', explode: false },
    example: ['task_timeout'],
  });

const isTime = (text: string) =>
  z.union([z.iso.datetime({ offset: true }), z.iso.date()]).safeParse(text).success;

export const timeParam = (description: string) =>
  z
    .string()
    .refine(isTime, { error: 'expected an ISO 8601 time, such as 2026-11-22T16:00:00Z or 2026-11-22' })
    .transform((text) => Date.parse(text))
    .optional()
    .meta({
      override: { type: 'string', format: 'date-time' },
      description,
      example: '2026-11-22T00:00:00Z',
    });

/** The cause in the query of a list, for a request that {@link readListQuery} has checked. */
export const readWaitFilter = (request: Pick<FastifyRequest, 'query'>): WaitCode | undefined =>
  readQuery(listParams, request).waiting_for;

/** The query parameters of `GET /v1/renders`. */
export const listParams = z.object({
  status: statuses,
  run: z
    .string()
    .regex(RUN, { error: "expected a run's name" })
    .optional()
    .meta({ description: 'Only renders with this `run`.', example: 'autumn-2026' }),
  code: codes,
  text: z.string().trim().min(1).max(200).optional().meta({
    description:
      'Only renders whose id, run, prompt, a task id or a value of the metadata contains this text. Case does not matter.',
    example: '1042',
  }),
  waiting_for: z
    .enum(WAIT_CAUSES)
    .optional()
    .meta({ description: 'Only renders whose `waiting_for` has this `cause`.', example: 'paused' }),
  created_after: timeParam('Only renders created at this time or later.'),
  created_before: timeParam('Only renders created before this time.'),
  limit: wholeNumber(1, 100)
    .optional()
    .meta({ description: 'Maximum number of renders in a page; 20 by default.' }),
  cursor: z
    .string()
    .transform((text, context) => {
      const position = parseCursor(text);
      if (position) return position;
      context.addIssue({ code: 'custom', message: 'expected the next_cursor of an earlier page' });
      return z.NEVER;
    })
    .optional()
    .meta({
      override: { type: 'string' },
      description: '`next_cursor` of the previous page, with the same filters.',
    }),
  tenant: z.string().regex(TENANT, { error: "expected a tenant's name" }).optional().meta({
    description:
      'For a key of all tenants: only renders of this tenant. Without it, such a key lists the renders of all tenants. Rejected with any other key.',
  }),
});
