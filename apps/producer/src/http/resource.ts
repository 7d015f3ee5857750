import type { FastifyInstance, RouteHandlerMethod } from 'fastify';
import { ProblemError } from '../problems/index.ts';
import { refuse } from './server.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
type Method = 'GET' | 'POST';

/** One address with the methods that it has. Any other is answered 405, before its body is read. */
export function resource(
  app: FastifyInstance,
  url: string,
  handlers: { [M in Method]?: RouteHandlerMethod },
): void {
  const known = (Object.keys(handlers) as Method[]).flatMap((method) =>
    method === 'GET' ? (['GET', 'HEAD'] as const) : [method],
  );
  // HEAD runs the same handler: Fastify's own would read a whole image to throw it away.
  for (const [method, handler] of Object.entries(handlers)) {
    app.route({ method: method === 'GET' ? ['GET', 'HEAD'] : method, url, handler });
  }
  app.route({
    method: METHODS.filter((method) => !(known as string[]).includes(method)),
    url,
    onRequest: async (request, reply) => {
      const allow = known.join(', ');
      reply.header('allow', allow);
      await refuse(new ProblemError('method_not_allowed', `This address knows ${allow}.`), request, reply);
    },
    handler: async () => undefined,
  });
}
