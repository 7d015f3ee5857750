import type { FastifyInstance } from 'fastify';
import { baseUrl, resource } from '../http/index.ts';
import type { describeRoutes } from './document.ts';

/** `GET /openapi.json`. */
export function openApiRoute(app: FastifyInstance, describe: ReturnType<typeof describeRoutes>): void {
  let document: ReturnType<typeof describe> | undefined;
  resource(app, '/openapi.json', {
    GET: {
      needs: 'anyone',
      run: async (request, reply) => {
        document ??= describe('/');
        return await reply.send({ ...document, servers: [{ url: baseUrl(request) }] });
      },
    },
  });
}
