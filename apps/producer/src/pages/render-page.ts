import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { registerEndpoints } from '../endpoint.ts';
import { parseBodiesAsBytes } from '../http/index.ts';
import { hasEnded } from '../lookup/index.ts';
import { readStatement, statePurchase } from '../renders/index.ts';
import { sendErrorPage } from './error-page.ts';
import { MAX_FORM_BYTES, readForm } from './form.ts';
import { shorten } from './formats.ts';
import { sendPage } from './layout.ts';
import { type RenderPageDeps, readRenderFacts } from './render-facts.ts';
import { createRenderView } from './render-view.ts';
import { needsStatement } from './statement-form.ts';

/** Seconds until the page of a render that has not ended reloads. */
const REFRESH_S = 3;

/** `/renders/{id}`: a render for people. */
export function registerRenderPage(app: FastifyInstance, deps: RenderPageDeps): void {
  registerEndpoints(app, '/renders/:id', {
    GET: { needs: 'read', run: (request, reply) => sendRenderPage(deps, request, reply) },
  });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/renders/:id/statement', {
      POST: {
        needs: 'operator',
        bodyLimit: MAX_FORM_BYTES,
        run: (request, reply) => recordStatement(deps, request, reply),
      },
    });
  });
}

/** Records the statement of the form, and shows the page again. */
async function recordStatement(deps: RenderPageDeps, request: FastifyRequest, reply: FastifyReply) {
  try {
    const form = Object.fromEntries(readForm(request));
    await statePurchase(deps, request, readStatement(form));
    const { id } = request.params as { id: string };
    return await reply.redirect(`/renders/${id}`, 303);
  } catch (error) {
    return await sendErrorPage(request, reply, error);
  }
}

async function sendRenderPage(deps: RenderPageDeps, request: FastifyRequest, reply: FastifyReply) {
  try {
    const facts = await readRenderFacts(deps, request);
    const { prompt } = facts.snapshot.request;
    return await sendPage(reply, 200, {
      title: shorten(prompt, 60),
      section: '/renders',
      body: createRenderView(facts),
      // A reload would empty the form.
      ...(hasEnded(facts.snapshot) || (facts.operator && needsStatement(facts.snapshot))
        ? {}
        : { refresh: REFRESH_S }),
    });
  } catch (error) {
    return await sendErrorPage(request, reply, error);
  }
}
