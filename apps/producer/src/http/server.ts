import { RENDER_ID } from '@darkroom/api';
import { type Settings } from '@darkroom/shared/config';
import { type Clock, type Logger } from '@darkroom/shared/runtime';
import {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import { ProblemError, toProblem, toProblemResponse } from '../problems/index.ts';
import { registerOwnUrl, resolveBaseUrl } from './base-url.ts';
import { limitBodyTime } from './body-timeout.ts';
import { limitConnections } from './connection-limit.ts';

/** Routes whose bodies contain images have limits of their own. */
const DEFAULT_BODY_BYTES = 64 * 1024;

const REQUEST_ID = /^[\w.:-]{1,64}$/;

export interface ServerDeps {
  settings: Settings;
  logger: Logger;
  clock: Clock;
  /** The error handler of URLs that use another error format, also where Fastify reaches no route. */
  errorHandlerFor?(url: string): typeof sendProblem | undefined;
  /** Called after every response, with the route's pattern. */
  onResponse(response: { method: string; route: string; status: number; seconds: number }): void;
}

/** A server without routes. It sets headers and request ids, logs responses and sends problems. */
export function createServer({ settings, logger, clock, errorHandlerFor, onResponse }: ServerDeps) {
  const app = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    // The `onResponse` hook below logs one line per request, with more fields.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: Math.min(DEFAULT_BODY_BYTES, settings.MAX_BODY_BYTES),
    routerOptions: { ignoreTrailingSlash: true },
    // While the server closes, requests on open connections are answered normally.
    return503OnClosing: false,
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      if (typeof given === 'string' && REQUEST_ID.test(given)) return given;
      return `req_${Math.floor(clock.random() * 2 ** 48).toString(36)}`;
    },
    // A URL that cannot be decoded reaches no route.
    frameworkErrors: (error, request, reply) =>
      void (errorHandlerFor?.(request.url) ?? sendProblem)(
        error,
        request as FastifyRequest,
        reply as FastifyReply,
      ),
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return;
      const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
      const problem = new ProblemError(
        tooLarge ? 'headers_too_large' : 'bad_request',
        tooLarge ? 'The request line and headers are too long.' : 'This is not an HTTP/1.1 request.',
      );
      const body = JSON.stringify(
        toProblemResponse(problem, { base: app.ownUrl.public ?? app.ownUrl.fallback, id: 'none' }),
      );
      socket.end(
        `HTTP/1.1 ${problem.status} Refused\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    },
  });

  registerOwnUrl(app, settings.PUBLIC_URL);
  limitConnections(app, settings.MAX_CONNECTIONS, sendProblem);
  limitBodyTime(app, {
    anonymousMs: settings.ANONYMOUS_BODY_TIMEOUT_MS,
    maxBodyMs: settings.BODY_TIMEOUT_MS,
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    reply.headers(SECURITY_HEADERS);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    const status = reply.statusCode;
    const ms = reply.elapsedTime;
    onResponse({ method: request.method, route, status, seconds: ms / 1000 });
    const renderId = (request.params as { id?: string } | undefined)?.id;
    const line = {
      method: request.method,
      route,
      status,
      ms: Math.round(ms),
      ...(request.caller?.key ? { tenant: request.caller.tenant } : {}),
      ...(renderId && RENDER_ID.test(renderId) ? { renderId } : {}),
    };
    const level = status >= 500 ? 'warn' : request.method === 'GET' ? 'debug' : 'info';
    request.log[level](line, 'request answered');
  });
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new ProblemError('not_found', 'There is nothing at this path.'), request, reply),
  );
  return app;
}

/** Responses are data, not pages: browsers must not run or frame them. Pages set their own headers. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

/** Sends any error as problem+json. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(error);
  logServerProblem(request, problem);
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(problem.retryAfter));
  return reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(toProblemResponse(problem, { base: resolveBaseUrl(request), id: request.id })));
}

/** Logs the cause of a 5xx: the response does not contain it. */
export function logServerProblem(request: FastifyRequest, problem: ProblemError): void {
  if (problem.status < 500) return;
  const level = problem.status === 503 ? 'warn' : 'error';
  request.log[level](
    { err: problem.cause ?? problem, code: problem.code },
    `request failed: ${problem.code}`,
  );
}
