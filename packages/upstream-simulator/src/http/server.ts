import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import { addBalanceRoutes } from './balance-routes.ts';
import { addControlRoutes } from './control-routes.ts';
import { addDownloadRoute } from './download-route.ts';
import { sendError } from './error-responses.ts';
import { addQueryRoute } from './query-route.ts';
import { countRequest } from './request-accounting.ts';
import { addSubmitRoute } from './submit-route.ts';
import { addUploadRoutes } from './upload-route.ts';

/** Builds the server. `close` also closes hanging connections. */
export async function buildServer(context: SimulatorContext): Promise<FastifyInstance> {
  const app = fastify({
    forceCloseConnections: true,
    keepAliveTimeout: 65_000,
    routerOptions: { maxParamLength: 300 },
  });

  app.addHook('onRequest', async (request, reply) => {
    if (!isOwnHost(context, request)) return sendError(reply, 'invalid_request', { message: FOREIGN_HOST });
    countRequest(context, request, reply);
    if (!isAuthorized(context, request)) return sendUnauthorized(request, reply);
    return enforceQuota(context, request, reply);
  });
  app.setErrorHandler((error: { statusCode?: number; message?: string }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) return sendError(reply, 'internal_error', { message: error.message });
    return sendError(reply, 'invalid_request', { message: error.message });
  });
  app.setNotFoundHandler((_request, reply) => sendError(reply, 'not_found'));

  addSubmitRoute(app, context);
  addQueryRoute(app, context);
  addDownloadRoute(app, context);
  await addUploadRoutes(app, context);
  addBalanceRoutes(app, context);
  addControlRoutes(app, context);
  app.get('/', async (_request, reply) =>
    reply.type('text/plain').send('ToAPIs simulator. Control routes beyond the API: GET /__simulator\n'),
  );
  return app;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
const FOREIGN_HOST = 'Host: expected localhost or the address of this server, received another name';

/**
 * The control routes need no key. A server that only this machine can reach must not answer a page of another site
 * whose name resolves to this machine.
 */
function isOwnHost(context: SimulatorContext, request: FastifyRequest): boolean {
  const { host, resultHost } = context.settings;
  const listened = host.includes(':') ? `[${host}]` : host;
  if (!LOOPBACK.test(listened) || request.headers.host === undefined) return true;
  const named = request.headers.host.toLowerCase().replace(/:\d*$/, '');
  const results = resultHost === undefined ? undefined : new URL(resultHost).hostname;
  return LOOPBACK.test(named) || named === results;
}

function isAuthorized(context: SimulatorContext, request: FastifyRequest): boolean {
  if (request.routeOptions.config.auth === undefined) return true;
  const [, key] = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  return key !== undefined && context.settings.apiKeys.includes(key);
}

function sendUnauthorized(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.routeOptions.config.auth === 'envelope') return sendError(reply, 'unauthorized');
  return reply.send({ success: false, message: 'Invalid or missing API key' });
}

function enforceQuota(
  context: SimulatorContext,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | undefined {
  const { quota, category = 'other' } = request.routeOptions.config;
  if (quota === undefined) return undefined;
  const decision = context.quota.takeToken(quota);
  reply.headers(decision.headers);
  if (decision.allowed) {
    context.requests.countAdmitted(category, context.clock.now());
    return undefined;
  }
  context.requests.countQuotaRefused(category);
  return sendError(reply, 'rate_limit_exceeded');
}
