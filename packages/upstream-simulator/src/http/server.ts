/*
 * The HTTP side, by file:
 *   accounting.ts        counts each request once; abandons or cuts a connection
 *   strike.ts            plays the faults that come before any work
 *   errors.ts            the error envelope, its other forms, gateway pages
 *   submission.ts        the field rules of a submission
 *   submitted-images.ts  the rules for its images and mask
 *   task-view.ts         the task object
 *   *-route(s).ts        submit, query, download, upload, balance, control
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { World } from '../context.ts';
import { balanceRoutes } from './balance-routes.ts';
import { controlRoutes } from './control-routes.ts';
import { downloadRoute } from './download-route.ts';
import { sendError } from './error-responses.ts';
import { queryRoute } from './query-route.ts';
import { countRequest } from './request-accounting.ts';
import { submitRoute } from './submit-route.ts';
import { uploadRoutes } from './upload-route.ts';

/** Hung connections must not outlive `close`, so all are closed with the server. */
export async function buildServer(world: World): Promise<FastifyInstance> {
  const app = fastify({
    forceCloseConnections: true,
    keepAliveTimeout: 65_000,
    routerOptions: { maxParamLength: 300 },
  });

  app.addHook('onRequest', async (request, reply) => {
    countRequest(world, request, reply);
    if (!isAuthorized(world, request)) return answerUnauthorized(request, reply);
    return withinQuota(world, request, reply);
  });
  app.setErrorHandler((error: { statusCode?: number; message?: string }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) return sendError(reply, 'internal_error', { message: error.message });
    return sendError(reply, 'invalid_request', { message: error.message });
  });
  app.setNotFoundHandler((_request, reply) => sendError(reply, 'not_found'));

  submitRoute(app, world);
  queryRoute(app, world);
  downloadRoute(app, world);
  await uploadRoutes(app, world);
  balanceRoutes(app, world);
  controlRoutes(app, world);
  app.get('/', async (_request, reply) =>
    reply
      .type('text/plain')
      .send('ToAPIs simulator. Everything it can do beyond the API: GET /__simulator\n'),
  );
  return app;
}

function isAuthorized(world: World, request: FastifyRequest): boolean {
  if (request.routeOptions.config.auth === undefined) return true;
  const [, key] = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  return key !== undefined && world.settings.apiKeys.includes(key);
}

function answerUnauthorized(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (request.routeOptions.config.auth === 'envelope') return sendError(reply, 'unauthorized');
  return reply.send({ success: false, message: 'Invalid or missing API key' });
}

function withinQuota(world: World, request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const { quota, category = 'other' } = request.routeOptions.config;
  if (quota === undefined) return undefined;
  const answer = world.quota.take(quota);
  reply.headers(answer.headers);
  if (answer.allowed) {
    world.requests.admitted(category, world.clock.now());
    return undefined;
  }
  world.requests.quotaRefused(category);
  return sendError(reply, 'rate_limit_exceeded');
}
