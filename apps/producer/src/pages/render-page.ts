import { PROBLEMS } from '@darkroom/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { resource } from '../http/index.ts';
import { toProblem } from '../problems/index.ts';
import { sendPage } from './layout.ts';
import { problemView } from './problems.ts';
import { factsOf, type RenderPageDeps } from './render-facts.ts';
import { renderView, shortened } from './render-view.ts';
import { hasEnded } from './timeline.ts';

/** How soon a page looks again at a render that lives. Seconds. */
const REFRESH_S = 3;

/** `/renders/{id}`: a render for people. */
export function renderPageRoute(app: FastifyInstance, deps: RenderPageDeps): void {
  resource(app, '/renders/:id', {
    GET: { needs: 'read', run: (request, reply) => show(deps, request, reply) },
  });
}

async function show(deps: RenderPageDeps, request: FastifyRequest, reply: FastifyReply) {
  try {
    const facts = await factsOf(deps, request);
    const { prompt } = facts.standing.request;
    return await sendPage(reply, 200, {
      title: shortened(prompt, 60),
      body: renderView(facts),
      ...(hasEnded(facts.standing) ? {} : { refresh: REFRESH_S }),
    });
  } catch (error) {
    const problem = toProblem(error);
    if (problem.status >= 500) request.log.warn({ err: problem.cause ?? problem }, problem.code);
    return await sendPage(reply, problem.status, {
      title: PROBLEMS[problem.code][1],
      body: problemView(problem),
      ...(problem.retryAfter === undefined ? {} : { refresh: problem.retryAfter }),
    });
  }
}
