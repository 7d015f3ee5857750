import type { Settings } from '@darkroom/shared/config';
import type { Engine } from '@darkroom/shared/engine';
import type { ApiKey } from '@darkroom/shared/keys';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { extendBodyTimeout, sendProblem } from '../http/index.ts';
import { ProblemError } from '../problems/index.ts';
import { type Caller, hasRole, identifyCaller, type Needs } from './caller.ts';
import { rejectCrossSite } from './cross-site.ts';
import { createRateLimit, limitBody } from './key-limits.ts';
import { rejectForeignHost } from './own-host.ts';
import type { SignedLinks } from './signed-links.ts';

export interface GuardDeps {
  settings: Settings;
  engine: Engine;
  links: SignedLinks;
}

/** Checks the caller of every request before its body is read. Call before routes are registered. */
export function guardRoutes(app: FastifyInstance, deps: GuardDeps): void {
  const { settings, links } = deps;
  const keys: readonly ApiKey[] = settings.API_KEYS;
  const limitRate = createRateLimit(deps);
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', async (request, reply) => {
    const { needs, signable = false } = request.routeOptions.config;
    try {
      if (keys.length === 0) rejectForeignHost(request, settings.HOST);
      rejectCrossSite(request);
      // A path without a route is answered 404, with or without a key.
      if (request.is404) return;
      request.caller = identifyCaller(request.headers.authorization, keys);
      if (needs === 'anyone') return;
      if (signable && !request.caller) {
        request.caller = await links.verify(request);
        if (request.caller) return;
      }
      await limitRate(authorize(request, reply, needs ?? 'operator'));
      extendBodyTimeout(request);
    } catch (error) {
      // Routes without `needs` are the dashboard's: its own error handler cannot send problems.
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
    // A browser shows a password dialog only for `Basic`. It sends the password for the parts of a page only when they
    // ask in the same way. So routes that are no operation of the API ask for `Basic`, too.
    const inBrowser = !request.routeOptions.config.doc || request.headers.accept?.includes('text/html');
    reply.header('www-authenticate', inBrowser ? 'Basic realm="Darkroom", charset="UTF-8"' : 'Bearer');
    throw new ProblemError('unauthorized', authMessage(request.headers.authorization));
  }
  if (hasRole(caller, needs)) return caller;
  throw new ProblemError(
    'forbidden',
    needs === 'operator'
      ? 'This path is for operators of all tenants: use a key of tenant * with the role operate.'
      : `This key lacks the role ${needs}.`,
  );
}

function authMessage(authorization: string | undefined): string {
  if (!authorization) return 'This path needs an API key: Authorization: Bearer <key>.';
  if (/^(bearer|basic)\s/i.test(authorization)) return 'This API key is unknown.';
  return 'The Authorization header contains no key. Send Authorization: Bearer <key>.';
}
