import { PROBLEMS } from '@darkroom/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { registerEndpoints } from '../http/index.ts';
import { toProblem } from '../problems/index.ts';
import { sendPage } from './layout.ts';
import { renderProblemView } from './problems.ts';
import { type RenderPageDeps, readRenderFacts } from './render-facts.ts';
import { createRenderView, shorten } from './render-view.ts';
import { hasEnded } from './timeline.ts';

/** How soon a page looks again at a render that lives. Seconds. */
const REFRESH_S = 3;

/** `/renders/{id}`: a render for people. */
export function registerRenderPage(app: FastifyInstance, deps: RenderPageDeps): void {
  registerEndpoints(app, '/renders/:id', {
    GET: { needs: 'read', run: (request, reply) => sendRenderPage(deps, request, reply) },
  });
}

async function sendRenderPage(deps: RenderPageDeps, request: FastifyRequest, reply: FastifyReply) {
  try {
    const facts = await readRenderFacts(deps, request);
    const { prompt } = facts.snapshot.request;
    return await sendPage(reply, 200, {
      title: shorten(prompt, 60),
      body: createRenderView(facts),
      ...(hasEnded(facts.snapshot) ? {} : { refresh: REFRESH_S }),
    });
  } catch (error) {
    const problem = toProblem(error);
    if (problem.status >= 500) request.log.warn({ err: problem.cause ?? problem }, problem.code);
    return await sendPage(reply, problem.status, {
      title: PROBLEMS[problem.code][1],
      body: renderProblemView(problem),
      ...(problem.retryAfter === undefined ? {} : { refresh: problem.retryAfter }),
    });
  }
}
