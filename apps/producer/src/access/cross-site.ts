import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/index.ts';

/** Names that nobody else can have lead here: `localhost`, and addresses. */
const UNSPOOFABLE_HOST = /^(localhost|[\w-]+\.localhost|\d+(\.\d+){3}|\[[\da-f:.]+\])$/;

/**
 * Browsers send what they know (a password, an address on this machine) for any page that asks them to: no page but
 * our own may change anything.
 *
 * @param keyless nothing but the address keeps strangers away: a page whose name was made to lead here is one, too.
 * @throws {ProblemError} `cross_site_request`.
 */
export function rejectCrossSite(request: FastifyRequest, keyless: boolean): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const { 'sec-fetch-site': site, origin } = request.headers;
  if (site === 'cross-site' || site === 'same-site') {
    throw new ProblemError('cross_site_request', 'A page of another site cannot change anything here.');
  }
  // Browsers tell the site only where the connection is safe; the origin they tell always.
  if (site !== undefined || origin === undefined || isOwnOrigin(request, origin, keyless)) return;
  throw new ProblemError(
    'cross_site_request',
    'A page of another site cannot change anything here. If it is this one, name its address as PUBLIC_URL.',
  );
}

function isOwnOrigin(request: FastifyRequest, origin: string, keyless: boolean): boolean {
  if (!URL.canParse(origin)) return false;
  const { host, hostname } = new URL(origin);
  const publicUrl = request.server.ownUrl.public;
  if (publicUrl && host === new URL(publicUrl).host) return true;
  return host === request.host.toLowerCase() && (!keyless || UNSPOOFABLE_HOST.test(hostname));
}
