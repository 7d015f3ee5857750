import type { Settings } from '@darkroom/shared/config';
import type { Engine } from '@darkroom/shared/engine';
import type { ApiKey } from '@darkroom/shared/keys';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from '../http/index.ts';
import { ProblemError } from '../problems/index.ts';
import { limitBody } from './body-limit.ts';
import { type Caller, hasRole, identifyCaller, type Needs } from './caller.ts';
import { rejectCrossSite } from './cross-site.ts';
import { createRateLimit } from './key-limits.ts';
import type { SignedLinks } from './signed-links.ts';

export interface GuardDeps {
  settings: Settings;
  engine: Engine;
  links: SignedLinks;
}

/** Asks every caller who they are, before anything of a request is read. Register before the routes. */
export function guardRoutes(app: FastifyInstance, deps: GuardDeps): void {
  const { settings, links } = deps;
  const keys: readonly ApiKey[] = settings.API_KEYS;
  const rates = createRateLimit(deps);
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', async (request, reply) => {
    const { needs, signable = false } = request.routeOptions.config;
    try {
      rejectCrossSite(request, keys.length === 0);
      // An address that there is none of is not worth a key.
      if (request.is404) return;
      request.caller = identifyCaller(request.headers.authorization, keys);
      if (needs === 'anyone') return;
      if (signable && !request.caller) {
        request.caller = await links.verify(request);
        if (request.caller) return;
      }
      await rates(authorize(request, reply, needs ?? 'house'));
    } catch (error) {
      // The dashboard's own routes bring an error handler that knows none of ours.
      if (needs === undefined) return sendProblem(error, request, reply);
      throw error;
    }
  });
  app.addHook('preParsing', async (request, _reply, payload) =>
    limitBody(request, payload, request.caller?.key?.bodyBytes),
  );
}

function authorize(request: FastifyRequest, reply: FastifyReply, needs: Needs): Caller {
  const { caller } = request;
  if (!caller) {
    // A browser asks its person for a password only when told so, and sends it along with a page's parts only when
    // they ask the same way: what is no operation of the API is for browsers.
    const inBrowser = !request.routeOptions.config.doc || request.headers.accept?.includes('text/html');
    reply.header('www-authenticate', inBrowser ? 'Basic realm="Darkroom", charset="UTF-8"' : 'Bearer');
    throw new ProblemError('unauthorized', authMessage(request.headers.authorization));
  }
  if (hasRole(caller, needs)) return caller;
  throw new ProblemError(
    'forbidden',
    needs === 'house'
      ? 'This address is for operators of all tenants: a key of tenant * with the role operate.'
      : `This key lacks the role ${needs}.`,
  );
}

function authMessage(authorization: string | undefined): string {
  if (!authorization) return 'This address needs an API key: Authorization: Bearer <key>.';
  if (/^(bearer|basic)\s/i.test(authorization)) return 'This API key is not known here.';
  return 'The Authorization header names no key: it reads Authorization: Bearer <key>.';
}
