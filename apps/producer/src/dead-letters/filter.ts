import {
  DEAD_LETTER_GROUPS,
  type DeadLetterFilter,
  deadLetterFilterSchema,
  FAILURE_CODES,
  type FailureCode,
} from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { readQuery, wholeNumber } from '../http/index.ts';
import { parseCursor } from '../lookup/index.ts';
import { invalidRequest } from '../problems/index.ts';
import { timeParam } from '../renders/index.ts';
import type { OpenDeadLetter } from './dead-letter.ts';

const isCode = (text: string): text is FailureCode => (FAILURE_CODES as readonly string[]).includes(text);

const { reason, run, tenant, model, step, text } = deadLetterFilterSchema.shape;

/** The filters as query parameters. */
const filterParams = {
  code: z
    .string()
    .refine((list) => list.split(',').every(isCode), {
      error: `expected one or more of ${FAILURE_CODES.join(', ')}, separated by commas`,
    })
    .transform((list) => list.split(',').filter(isCode))
    .optional()
    .meta({
      override: { type: 'array', items: { type: 'string', enum: [...FAILURE_CODES] }, minItems: 1 },
      description: 'One or more, separated by commas.',
      param: { style: 'form', explode: false },
      example: ['task_timeout'],
    }),
  reason,
  run,
  tenant,
  model,
  step,
  text,
  since: timeParam('Failed at this time or later.'),
  until: timeParam('Failed before this time.'),
};

/** The query parameters of `GET /v1/dead-letters`. */
export const listParams = z.object({
  ...filterParams,
  limit: wholeNumber(1, 500).optional().meta({ description: 'Maximum number in a page; 50 by default.' }),
  cursor: z
    .string()
    .transform((value, context) => {
      const position = parseCursor(value);
      if (position) return position;
      context.addIssue({ code: 'custom', message: 'expected the next_cursor of an earlier page' });
      return z.NEVER;
    })
    .optional()
    .meta({ override: { type: 'string' }, description: '`next_cursor` of the previous page, same filters.' }),
});

/** The query parameters of `GET /v1/dead-letters/summary`. */
export const summaryParams = z.object({
  ...filterParams,
  group_by: z.enum(DEAD_LETTER_GROUPS).optional().meta({ description: '`reason` by default.' }),
});

/** Whether a dead letter is one of those that a caller may see and asks for. */
export type Matches = (letter: OpenDeadLetter) => boolean;

type QueryRequest = Pick<FastifyRequest, 'query' | 'caller'>;

/** @throws {ProblemError} `invalid_request`. */
export function readListQuery(request: QueryRequest) {
  const { limit = 50, cursor, ...filter } = readQuery(listParams, request);
  return { matches: createMatcher(request, toFilter(filter)), limit, cursor };
}

/** @throws {ProblemError} `invalid_request`. */
export function readSummaryQuery(request: QueryRequest) {
  const { group_by: groupBy = 'reason', ...filter } = readQuery(summaryParams, request);
  return { matches: createMatcher(request, toFilter(filter)), groupBy };
}

type QueryFilter = Omit<z.output<typeof listParams>, 'limit' | 'cursor'>;

const toFilter = ({ since, until, ...rest }: QueryFilter): DeadLetterFilter => ({
  ...rest,
  since: since === undefined ? undefined : new Date(since).toISOString(),
  until: until === undefined ? undefined : new Date(until).toISOString(),
});

/** The tenant whose dead letters an operator sees: `*` for all. Without keys, the only operator sees all. */
export function operatorScope({ caller }: Pick<FastifyRequest, 'caller'>): string {
  if (!caller) throw new Error('a handler read the tenant of a request that no guard checked');
  return caller.key ? caller.tenant : ALL_TENANTS;
}

/**
 * @param field where the filter is in the request, for problems
 *
 * @throws {ProblemError} `invalid_request` for a filter by tenant with the key of one tenant.
 */
export function createMatcher(
  request: Pick<FastifyRequest, 'caller'>,
  filter: DeadLetterFilter,
  field = '',
): Matches {
  const scope = operatorScope(request);
  if (scope !== ALL_TENANTS && filter.tenant !== undefined) {
    const expected = "nothing, because this key reads its own tenant's renders";
    throw invalidRequest([{ field: `${field}tenant`, expected, received: 'a tenant' }]);
  }
  const codes = filter.code === undefined ? undefined : [filter.code].flat();
  const since = filter.since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(filter.since);
  const until = filter.until === undefined ? Number.POSITIVE_INFINITY : Date.parse(filter.until);
  const tenantName = filter.tenant ?? scope;
  const wanted = filter.text?.toLowerCase();
  return (letter) =>
    (tenantName === ALL_TENANTS || letter.tenant === tenantName) &&
    (codes === undefined || codes.includes(letter.code)) &&
    (filter.reason === undefined || letter.reason === filter.reason) &&
    (filter.run === undefined || letter.run === filter.run) &&
    (filter.model === undefined || letter.request.model === filter.model) &&
    (filter.step === undefined || letter.step === filter.step) &&
    letter.failedAt >= since &&
    letter.failedAt < until &&
    (wanted === undefined || containsText(letter, wanted));
}

function containsText(letter: OpenDeadLetter, wanted: string): boolean {
  const { renderId, message, run: runName = '', request, taskIds } = letter;
  const texts = [
    renderId,
    message,
    runName,
    request.prompt,
    ...taskIds,
    ...Object.values(request.metadata ?? {}).map(String),
  ];
  return texts.some((one) => one.toLowerCase().includes(wanted));
}
