import { PROBLEMS } from '@darkroom/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { registerEndpoints } from '../endpoint.ts';
import { logServerProblem } from '../http/index.ts';
import { hasEnded } from '../lookup/index.ts';
import { toProblem } from '../problems/index.ts';
import { sendPage } from './layout.ts';
import { problemBody } from './problems.ts';
import { type RenderPageDeps, readRenderFacts } from './render-facts.ts';
import { createRenderView, shorten } from './render-view.ts';

/** Seconds until the page of a render that has not ended reloads. */
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
    logServerProblem(request, problem);
    return await sendPage(reply, problem.status, {
      title: PROBLEMS[problem.code][1],
      body: problemBody(problem),
      ...(problem.retryAfter === undefined ? {} : { refresh: problem.retryAfter }),
    });
  }
}
