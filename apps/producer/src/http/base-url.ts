import type { FastifyInstance, FastifyRequest } from 'fastify';

const HOST = /^[\w.-]+(:\d{1,5})?$|^\[[\da-f:.]+\](:\d{1,5})?$/i;

declare module 'fastify' {
  interface FastifyInstance {
    /** Where callers reach us whatever they say themselves (PUBLIC_URL), or when they do not say. */
    ownUrl: { public: string | undefined; fallback: string };
  }
}

/** Lets {@link resolveBaseUrl} know our own address. `fallback` is set once we listen. */
export function registerOwnUrl(app: FastifyInstance, publicUrl: string | undefined): void {
  app.decorate('ownUrl', { public: publicUrl, fallback: 'http://127.0.0.1' });
}

/** The address that the caller reached us by: the links in an answer lead back the same way. */
export function resolveBaseUrl(request: FastifyRequest): string {
  const own = request.server.ownUrl;
  if (own.public) return own.public;
  return HOST.test(request.host) ? `${request.protocol}://${request.host}` : own.fallback;
}
