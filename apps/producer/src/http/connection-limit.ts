import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/index.ts';

/** So many more connections are accepted, only to send their callers the time to come back. Node closes all others. */
const MARGIN = 100;
const RETRY_AFTER_S = 5;

/** Answers requests on connections above `max` with 503, and closes these connections. */
export function limitConnections(
  app: FastifyInstance,
  max: number,
  sendProblem: (problem: ProblemError, request: FastifyRequest, reply: FastifyReply) => unknown,
): void {
  const excess = new WeakSet<Socket>();
  let open = 0;
  app.server.maxConnections = max + MARGIN;
  app.server.on('connection', (socket: Socket) => {
    open++;
    if (open > max) excess.add(socket);
    socket.once('close', () => {
      open--;
    });
  });
  app.addHook('onRequest', async (request, reply) => {
    if (!excess.has(request.raw.socket)) return undefined;
    reply.header('connection', 'close');
    const detail = `This server serves ${max} connections at the same time.`;
    const problem = new ProblemError('too_many_connections', detail, { retryAfter: RETRY_AFTER_S });
    // The dashboard's own error handler cannot send problems.
    if (request.routeOptions.config.isDashboard) return sendProblem(problem, request, reply);
    throw problem;
  });
}
