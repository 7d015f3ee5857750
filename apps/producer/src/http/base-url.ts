import type { FastifyInstance, FastifyRequest } from 'fastify';

const HOST = /^[\w.-]+(:\d{1,5})?$|^\[[\da-f:.]+\](:\d{1,5})?$/i;

declare module 'fastify' {
  interface FastifyInstance {
    /** `public` is PUBLIC_URL and always wins. `fallback` is used when the Host header is unusable. */
    ownUrl: { public: string | undefined; fallback: string };
  }
}

/** Gives {@link resolveBaseUrl} the API's own URL. The caller sets `fallback` once the server listens. */
export function registerOwnUrl(app: FastifyInstance, publicUrl: string | undefined): void {
  app.decorate('ownUrl', { public: publicUrl, fallback: 'http://127.0.0.1' });
}

/** The URL by which the caller reached this API. Links in a response start with it. */
export function resolveBaseUrl(request: FastifyRequest): string {
  const own = request.server.ownUrl;
  if (own.public) return own.public;
  return HOST.test(request.host) ? `${request.protocol}://${request.host}` : own.fallback;
}
