import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi';
import { logServerProblem } from '../../http/index.ts';
import { formatProblems, type ProblemError, toProblem } from '../../problems/index.ts';
import { envelopeSchema } from './schemas.ts';

/** ToAPIs' paths. Below them errors have ToAPIs' form. */
export const PREFIXES = {
  images: '/v1/images',
  uploads: '/v1/uploads',
  balance: '/v1/balance',
  user: '/v1/user',
} as const;

/** ToAPIs' code and type of each status. ToAPIs has none for 403, 405 and 409. */
const BY_STATUS: Record<number, readonly [code: string, type: string]> = {
  400: ['invalid_request', 'invalid_request_error'],
  401: ['unauthorized', 'authentication_error'],
  403: ['forbidden', 'permission_error'],
  404: ['not_found', 'not_found_error'],
  405: ['method_not_allowed', 'invalid_request_error'],
  409: ['idempotency_conflict', 'invalid_request_error'],
  413: ['invalid_request', 'invalid_request_error'],
  415: ['invalid_request', 'invalid_request_error'],
  429: ['rate_limit_exceeded', 'rate_limit_error'],
  500: ['internal_error', 'server_error'],
  503: ['no_available_channel', 'server_error'],
};

/** A problem in ToAPIs' error envelope. */
export function toEnvelope(problem: ProblemError) {
  // ToAPIs answers an invalid body with 400.
  const status = problem.status === 422 ? 400 : problem.status;
  const [code, type] = BY_STATUS[status] ?? ['invalid_request', 'invalid_request_error'];
  const noTask = problem.code === 'render_not_found';
  // ToAPIs has no runs.
  const ownCode = problem.code === 'run_closed' ? problem.code : code;
  return {
    status,
    body: {
      error: {
        code: noTask ? 'task_not_found' : ownCode,
        message: noTask ? 'Task not found' : formatProblems(problem),
        type,
      },
    },
  };
}

/** Sends any error in ToAPIs' envelope. */
export function sendEnvelope(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(error);
  const { status, body } = toEnvelope(problem);
  logServerProblem(request, problem);
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter));
  return reply.code(status).type('application/json; charset=utf-8').send(body);
}

/** The error handler of a URL that reaches no route, for example because it cannot be decoded. */
export function errorHandlerFor(url: string): typeof sendEnvelope | undefined {
  const path = `${url.split('?')[0]}/`;
  const dropIn = Object.values(PREFIXES).some((prefix) => path.startsWith(`${prefix}/`));
  return dropIn ? sendEnvelope : undefined;
}

/** The error responses of an operation in the OpenAPI document. */
export function envelopeResponses(...more: number[]): ZodOpenApiOperationObject['responses'] {
  const statuses = new Set([400, 401, 403, 405, 429, 500, 503, ...more]);
  return Object.fromEntries(
    [...statuses].sort((a, b) => a - b).map((status) => [String(status), envelopeResponse(status)]),
  ) as ZodOpenApiOperationObject['responses'];
}

function envelopeResponse(status: number): ZodOpenApiResponseObject {
  const [code, type] = status === 404 ? NO_TASK : (BY_STATUS[status] as readonly [string, string]);
  const example = { error: { code, message: EXAMPLES[status] ?? 'What is wrong, for people.', type } };
  return {
    description: `\`${code}\``,
    content: { 'application/json': { schema: envelopeSchema, example } },
    ...(status === 429 || status === 503 ? { headers: RETRY_AFTER } : {}),
  };
}

const NO_TASK = ['task_not_found', 'not_found_error'] as const;
const RETRY_AFTER: NonNullable<ZodOpenApiResponseObject['headers']> = {
  'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 0 } },
};
const EXAMPLES: Record<number, string> = {
  400: 'prompt: expected at most 1000 characters, received a string of 1001 characters that begins with "A fox"',
  401: 'This path needs an API key: Authorization: Bearer <key>.',
  404: 'Task not found',
};
