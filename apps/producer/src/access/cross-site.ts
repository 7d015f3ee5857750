import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/index.ts';

/** Host names that no other site can point at this machine: `localhost`, and IP addresses. */
const UNSPOOFABLE_HOST = /^(localhost|[\w-]+\.localhost|\d+(\.\d+){3}|\[[\da-f:.]+\])$/;

/**
 * Rejects changes that a page of another site asks a browser for. A browser adds its credentials (a password, access
 * to this machine) to the requests of every page. So only pages of this API may change anything.
 *
 * @param keyless no key protects the API. Then a site whose DNS name points at this machine must be rejected, too.
 * @throws {ProblemError} `cross_site_request`.
 */
export function rejectCrossSite(request: FastifyRequest, keyless: boolean): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const { 'sec-fetch-site': site, origin } = request.headers;
  if (site === 'cross-site' || site === 'same-site') {
    throw new ProblemError('cross_site_request', 'A page of another site cannot change anything here.');
  }
  // Browsers send Sec-Fetch-Site only over secure connections. They always send Origin.
  if (site !== undefined || origin === undefined || isOwnOrigin(request, origin, keyless)) return;
  throw new ProblemError(
    'cross_site_request',
    'A page of another site cannot change anything here. If this page is your own, set PUBLIC_URL to its URL.',
  );
}

function isOwnOrigin(request: FastifyRequest, origin: string, keyless: boolean): boolean {
  if (!URL.canParse(origin)) return false;
  const { host, hostname } = new URL(origin);
  const publicUrl = request.server.ownUrl.public;
  if (publicUrl && host === new URL(publicUrl).host) return true;
  return host === request.host.toLowerCase() && (!keyless || UNSPOOFABLE_HOST.test(hostname));
}
