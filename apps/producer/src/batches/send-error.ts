import type { FastifyReply, FastifyRequest } from 'fastify';
import { logServerProblem, resolveBaseUrl } from '../http/index.ts';
import { toOpenAIError, toProblem, toProblemResponse } from '../problems/index.ts';

/** Sends any error as problem+json with OpenAI's `error`. */
export function sendErrorForOpenAI(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(error);
  logServerProblem(request, problem);
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter));
  const response = toProblemResponse(problem, { base: resolveBaseUrl(request), id: request.id });
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify({ ...response, error: toOpenAIError(problem) }));
}
