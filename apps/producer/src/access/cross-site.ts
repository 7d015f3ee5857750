import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/index.ts';

/**
 * Rejects changes that a page of another site asks a browser for. A browser adds its credentials (a password, access
 * to this machine) to the requests of every page. So only pages of this API may change anything. Call after the host
 * was checked: a page at a foreign name would count as a page of this API.
 *
 * @throws {ProblemError} `cross_site_request`.
 */
export function rejectCrossSite(request: FastifyRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const { 'sec-fetch-site': site, origin } = request.headers;
  if (site === 'cross-site' || site === 'same-site') {
    throw new ProblemError('cross_site_request', 'A page of another site cannot change anything here.');
  }
  // Browsers send Sec-Fetch-Site only over secure connections. They always send Origin.
  if (site !== undefined || origin === undefined || isOwnOrigin(request, origin)) return;
  throw new ProblemError(
    'cross_site_request',
    'A page of another site cannot change anything here. If this page is your own, set PUBLIC_URL to its URL.',
  );
}

/**
 * For requests with the cookie of a session. Programs send no cookie, and every browser says from where a change comes.
 * Call after {@link rejectCrossSite}.
 *
 * @throws {ProblemError} `cross_site_request` for a change without that proof.
 */
export function requireSameOrigin({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  // `none`: a person entered the URL. Such a request is never a change of a page.
  if (headers['sec-fetch-site'] === 'same-origin' || headers.origin !== undefined) return;
  throw new ProblemError(
    'cross_site_request',
    'A session can change something only from a page of this API.',
  );
}

function isOwnOrigin(request: FastifyRequest, origin: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { host } = new URL(origin);
  const publicUrl = request.server.ownUrl.public;
  if (publicUrl && host === new URL(publicUrl).host) return true;
  return host === request.host.toLowerCase();
}
