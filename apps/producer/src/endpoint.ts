import type { FastifyInstance, RouteHandlerMethod } from 'fastify';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import type { Needs } from './access/index.ts';
import { ProblemError } from './problems/index.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
type EndpointMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** One method of a path. */
export interface Endpoint {
  /** What the caller needs. Checked before the body is read. */
  needs: Needs;
  /** A link that this API signed gives access, too. */
  signable?: true;
  /** Maximum size of the body in bytes. @default 64 KB: more is allowed only where images are */
  bodyLimit?: number;
  /** The operation in the OpenAPI document. Without it the endpoint is not part of the public API. */
  doc?: ZodOpenApiOperationObject;
  run: RouteHandlerMethod;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    doc?: ZodOpenApiOperationObject;
  }
}

/** Registers the methods of one path. Every other method is answered 405, before its body is read. */
export function registerEndpoints(
  app: FastifyInstance,
  url: string,
  endpoints: { [M in EndpointMethod]?: Endpoint },
): void {
  const known = (Object.keys(endpoints) as EndpointMethod[]).flatMap((method) =>
    method === 'GET' ? (['GET', 'HEAD'] as const) : [method],
  );
  // HEAD runs the same handler: Fastify's own HEAD route would read a whole image and discard it.
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
      throw new ProblemError('method_not_allowed', `This path allows ${allow}.`);
    },
    handler: async () => undefined,
  });
}
