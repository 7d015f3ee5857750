import { letThroughSchema } from '@darkroom/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Needs } from '../access/index.ts';
import { registerEndpoints } from '../endpoint.ts';
import { parseBodiesAsBytes } from '../http/index.ts';
import { letThrough } from '../pauses/index.ts';
import { checkRequest } from '../problems/index.ts';
import {
  buyRenderAgain,
  cancelRequestedRender,
  findRequestedRender,
  readCopyRequest,
  readStatement,
  redeliverWebhooks,
  statePurchase,
} from '../renders/index.ts';
import { withErrorPage } from './error-page.ts';
import { MAX_FORM_BYTES, readForm } from './form.ts';
import { shorten } from './formats.ts';
import { sendPage } from './layout.ts';
import { doesReload, type RenderPageDeps, readRenderFacts } from './render-facts.ts';
import { createRenderView } from './render-view.ts';
import { COPY_SCRIPT_PATH } from './scripts.ts';

/** Seconds until the page of a render that has not ended reloads. */
const RELOAD_S = 3;

/** `/renders/{id}`: a render for people. */
export function registerRenderPage(app: FastifyInstance, deps: RenderPageDeps): void {
  registerEndpoints(app, '/renders/:id', {
    GET: { needs: 'read', run: withErrorPage((request, reply) => sendRenderPage(deps, request, reply)) },
  });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    const register = (action: string, needs: Needs, act: Act) =>
      registerEndpoints(scope, `/renders/:id/${action}`, {
        POST: {
          needs,
          bodyLimit: MAX_FORM_BYTES,
          run: withErrorPage((request, reply) => actAndReturn(act, request, reply)),
        },
      });
    register('statement', 'operator', (request) =>
      statePurchase(deps, request, readStatement(Object.fromEntries(readForm(request)))),
    );
    register('cancel', 'enqueue or operate', (request, reply) => cancelRequestedRender(deps, request, reply));
    register('let-through', 'operate', async (request) => {
      const reason = checkRequest(Object.fromEntries(readForm(request)), letThroughSchema);
      await letThrough(deps, request, await findRequestedRender(deps, request), reason);
    });
    registerEndpoints(scope, '/renders/:id/buy-again', {
      POST: {
        needs: 'operate',
        bodyLimit: MAX_FORM_BYTES,
        run: withErrorPage((request, reply) => buyAndShow(deps, request, reply)),
      },
    });
    register('redeliver', 'operate', (request) => redeliverWebhooks(deps, request));
  });
}

type Act = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** Does what a form asks for, and shows the page again. */
async function actAndReturn(act: Act, request: FastifyRequest, reply: FastifyReply) {
  await act(request, reply);
  const { id } = request.params as { id: string };
  return await reply.redirect(`/renders/${id}`, 303);
}

/** Buys a render again, and shows the copy. A second click shows the same copy. */
async function buyAndShow(deps: RenderPageDeps, request: FastifyRequest, reply: FastifyReply) {
  const { accept_duplicate_charge: accepted, ...fields } = Object.fromEntries(readForm(request));
  const body = { ...fields, ...(accepted === 'true' ? { accept_duplicate_charge: true } : {}) };
  const original = await findRequestedRender(deps, request);
  const { renderId } = await buyRenderAgain(deps, request, original, readCopyRequest(body));
  return await reply.redirect(`/renders/${renderId}`, 303);
}

async function sendRenderPage(deps: RenderPageDeps, request: FastifyRequest, reply: FastifyReply) {
  const facts = await readRenderFacts(deps, request);
  const { prompt } = facts.snapshot.request;
  return await sendPage(reply, 200, {
    title: shorten(prompt, 60),
    section: '/renders',
    body: createRenderView(facts),
    ...(doesReload(facts) ? { reload: { seconds: RELOAD_S } } : {}),
    script: COPY_SCRIPT_PATH,
  });
}
