import { PROBLEMS } from '@darkroom/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { logServerProblem } from '../http/index.ts';
import { toProblem } from '../problems/index.ts';
import { sendPage } from './layout.ts';
import { problemBody } from './problems.ts';

/** A problem as a page. */
export async function sendErrorPage(request: FastifyRequest, reply: FastifyReply, error: unknown) {
  const problem = toProblem(error);
  logServerProblem(request, problem);
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter));
  return await sendPage(reply, problem.status, {
    title: PROBLEMS[problem.code][1],
    body: problemBody(problem),
    // A form is never sent again by itself.
    ...(problem.retryAfter === undefined || request.method === 'POST'
      ? {}
      : { reload: { seconds: problem.retryAfter } }),
  });
}

export type PageHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** The handler of a page, which shows its errors as a page. */
export const withErrorPage =
  (run: PageHandler): PageHandler =>
  async (request, reply) => {
    try {
      return await run(request, reply);
    } catch (error) {
      return await sendErrorPage(request, reply, error);
    }
  };
