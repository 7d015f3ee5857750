import type { AuditSource } from '@darkroom/api';
import type { FastifyRequest } from 'fastify';

/** How an action was requested. The command `darkroom` names itself in its `User-Agent`. */
export function findActionSource({ url, headers }: Pick<FastifyRequest, 'url' | 'headers'>): AuditSource {
  if (url.startsWith('/queues/')) return 'dashboard';
  if (!url.startsWith('/v1/')) return 'page';
  return headers['user-agent']?.startsWith('darkroom-cli') ? 'cli' : 'api';
}
