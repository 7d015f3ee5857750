import type { Settings } from '@darkroom/shared/config';
import type { Engine } from '@darkroom/shared/engine';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { extendBodyTimeout, sendProblem } from '../http/index.ts';
import { ProblemError } from '../problems/index.ts';
import { type Caller, callerOfKey, hasRole, KEYLESS_CALLER, type Needs, readKeyText } from './caller.ts';
import { rejectCrossSite, requireSameOrigin } from './cross-site.ts';
import { createRateLimit, limitBody } from './key-limits.ts';
import type { KeyRing } from './key-ring.ts';
import { rejectForeignHost } from './own-host.ts';
import type { Sessions } from './sessions.ts';
import type { SignedLinks } from './signed-links.ts';
import type { CountWrongKey } from './wrong-keys.ts';

export interface GuardDeps {
  settings: Settings;
  engine: Engine;
  links: SignedLinks;
  ring: KeyRing;
  sessions: Sessions;
  countWrongKey: CountWrongKey;
  /** Shows a problem to a person in a browser. */
  sendErrorPage(request: FastifyRequest, reply: FastifyReply, error: unknown): Promise<unknown>;
}

export const SIGN_IN_PATH = '/sign-in';

/** Checks the caller of every request before its body is read. Call before routes are registered. */
export function guardRoutes(app: FastifyInstance, deps: GuardDeps): void {
  const { settings, links } = deps;
  const keyless = settings.API_KEYS.length === 0;
  const limitRate = createRateLimit(deps);
  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', async (request, reply) => {
    const { needs, signable = false, isDashboard = false } = request.routeOptions.config;
    try {
      if (keyless) rejectForeignHost(request, settings.HOST);
      rejectCrossSite(request);
      // A path without a route is answered 404, with or without a key.
      if (request.is404) return undefined;
      request.caller = keyless ? KEYLESS_CALLER : await identifyCaller(request, deps, needs);
      if (needs === 'anyone') return undefined;
      if (signable && !request.caller) {
        request.caller = await links.verify(request);
        if (request.caller) return undefined;
      }
      if (!request.caller && request.headers.authorization === undefined && isPageRequest(request)) {
        return await reply.redirect(`${SIGN_IN_PATH}?next=${encodeURIComponent(request.url)}`, 303);
      }
      await limitRate(await authorize(request, reply, deps, needs ?? 'operator'));
      extendBodyTimeout(request);
    } catch (error) {
      const isPage = request.routeOptions.config.doc === undefined && isPageRequest(request);
      if (isPage) return await deps.sendErrorPage(request, reply, error);
      if (isDashboard) return sendProblem(error, request, reply);
      throw error;
    }
    return undefined;
  });
  app.addHook('preParsing', async (request, _reply, payload) =>
    limitBody(request, payload, request.caller?.key?.bodyBytes),
  );
}

/** Whether a browser opens a page: programs do not ask for HTML. */
const isPageRequest = ({ method, headers }: FastifyRequest) =>
  (method === 'GET' || method === 'HEAD') && headers.accept?.includes('text/html') === true;

/**
 * The caller that a request's key stands for, or without an `Authorization` header its session.
 *
 * @returns `undefined` for a missing or unknown key.
 */
async function identifyCaller(
  request: FastifyRequest,
  { ring, sessions }: GuardDeps,
  needs: Needs | undefined,
): Promise<Caller | undefined> {
  const { authorization } = request.headers;
  try {
    if (authorization !== undefined) {
      const text = readKeyText(authorization);
      const key = text === undefined ? undefined : await ring.find(text);
      return key && callerOfKey(key);
    }
    const found = await sessions.find(request);
    if (!found) return undefined;
    requireSameOrigin(request);
    return { ...callerOfKey(found.key), session: found.session };
  } catch (error) {
    // Pages and probes that need no key are answered while the store is away.
    if (needs === 'anyone') return undefined;
    throw error;
  }
}

async function authorize(
  request: FastifyRequest,
  reply: FastifyReply,
  { countWrongKey }: GuardDeps,
  needs: Needs,
): Promise<Caller> {
  const { caller } = request;
  const { authorization } = request.headers;
  if (!caller) {
    if (readKeyText(authorization) !== undefined) await countWrongKey(request);
    reply.header('www-authenticate', 'Bearer');
    throw new ProblemError('unauthorized', authMessage(authorization));
  }
  if (hasRole(caller, needs)) return caller;
  throw new ProblemError('forbidden', forbiddenMessage(needs));
}

function forbiddenMessage(needs: Needs): string {
  if (needs === 'operator')
    return 'This path is for operators of all tenants: use a key of tenant * with the role operate.';
  if (needs === 'overseer')
    return 'This path shows all tenants: use a key of tenant * with the role read or operate.';
  return `This key lacks the role ${needs}.`;
}

function authMessage(authorization: string | undefined): string {
  if (!authorization) return 'This path needs an API key: Authorization: Bearer <key>.';
  if (/^(bearer|basic)\s/i.test(authorization)) return 'This API key is unknown.';
  return 'The Authorization header contains no key. Send Authorization: Bearer <key>.';
}
