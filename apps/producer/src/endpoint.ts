import type { FastifyInstance, RouteHandlerMethod } from 'fastify';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import type { Needs } from './access/index.ts';
import { ProblemError } from './problems/index.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
type EndpointMethod = 'GET' | 'POST';

/** One method of an address. */
export interface Endpoint {
  /** What it asks of its callers. */
  needs: Needs;
  /** A link that we signed ourselves opens it too. */
  signable?: true;
  /** Bytes that a body may have. @default MAX_BODY_BYTES */
  bodyLimit?: number;
  /** How the API's description tells it; without it the address is not part of the API. */
  doc?: ZodOpenApiOperationObject;
  run: RouteHandlerMethod;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    doc?: ZodOpenApiOperationObject;
  }
}

/** One address with the methods that it has. Any other is answered 405, before its body is read. */
export function registerEndpoints(
  app: FastifyInstance,
  url: string,
  endpoints: { [M in EndpointMethod]?: Endpoint },
): void {
  const known = (Object.keys(endpoints) as EndpointMethod[]).flatMap((method) =>
    method === 'GET' ? (['GET', 'HEAD'] as const) : [method],
  );
  // HEAD runs the same handler: Fastify's own would read a whole image to throw it away.
  for (const [method, { run, bodyLimit, ...config }] of Object.entries(endpoints)) {
    const limit = bodyLimit === undefined ? {} : { bodyLimit };
    app.route({ method: method === 'GET' ? ['GET', 'HEAD'] : method, url, config, handler: run, ...limit });
  }
  app.route({
    method: METHODS.filter((method) => !(known as string[]).includes(method)),
    url,
    config: { needs: 'anyone' },
    onRequest: async (_request, reply) => {
      const allow = known.join(', ');
      reply.header('allow', allow);
      throw new ProblemError('method_not_allowed', `This address knows ${allow}.`);
    },
    handler: async () => undefined,
  });
}
