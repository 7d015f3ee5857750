import type { FastifyRequest } from 'fastify';

const HOST = /^[\w.-]+(:\d{1,5})?$|^\[[\da-f:.]+\](:\d{1,5})?$/i;

/** The address that the caller reached us by: the links in an answer lead back the same way. */
export function baseUrl(request: FastifyRequest, fallback: string): string {
  return HOST.test(request.host) ? `${request.protocol}://${request.host}` : fallback;
}
