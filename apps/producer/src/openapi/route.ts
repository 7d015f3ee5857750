import type { FastifyInstance } from 'fastify';
import { registerEndpoints, resolveBaseUrl } from '../http/index.ts';
import type { collectOperations } from './document.ts';

/** `GET /openapi.json`. */
export function registerOpenApi(app: FastifyInstance, describe: ReturnType<typeof collectOperations>): void {
  let document: ReturnType<typeof describe> | undefined;
  registerEndpoints(app, '/openapi.json', {
    GET: {
      needs: 'anyone',
      run: async (request, reply) => {
        document ??= describe('/');
        return await reply.send({ ...document, servers: [{ url: resolveBaseUrl(request) }] });
      },
    },
  });
}
