import { isOwnHost } from '@darkroom/shared/net';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/index.ts';

/**
 * Rejects requests that name another host than this server, for servers without keys. They can be reached from this
 * machine only, but a browser on this machine also runs the pages of other sites: see {@link isOwnHost}.
 *
 * @param host the setting HOST.
 * @throws {ProblemError} `misdirected_request`.
 */
export function rejectForeignHost(request: FastifyRequest, host: string): void {
  const publicUrl = request.server.ownUrl.public;
  const names = publicUrl === undefined ? [host] : [host, new URL(publicUrl).hostname];
  if (isOwnHost(request.headers.host, names)) return;
  const expected = `localhost or ${names.join(' or ')}; to use another name, set PUBLIC_URL or API_KEYS`;
  throw new ProblemError(
    'misdirected_request',
    'This server has no API keys, so it answers only to its own host names.',
    { problems: [{ field: 'Host', expected, received: 'another name' }] },
  );
}
