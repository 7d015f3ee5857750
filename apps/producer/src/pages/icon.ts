import type { FastifyInstance } from 'fastify';
import { registerEndpoints } from '../http/index.ts';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#8f1d14"/><circle cx="16" cy="16" r="8" fill="none" stroke="#fff" stroke-width="3"/><circle cx="16" cy="16" r="2.5" fill="#fff"/></svg>';

/** `/favicon.ico`: browsers ask for it whatever a page says. */
export function registerIcon(app: FastifyInstance): void {
  registerEndpoints(app, '/favicon.ico', {
    GET: {
      needs: 'anyone',
      run: async (_request, reply) =>
        await reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(ICON),
    },
  });
}
