import { keyIdOf } from '@darkroom/shared/keys';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import type { KeyRing } from './key-ring.ts';

/** Whether the caller of a request still has access. */
export type HasAccess = (request: Pick<FastifyRequest, 'caller'>) => Promise<boolean>;

/**
 * For requests that last: while one runs, its key may be revoked, or its session may end.
 *
 * Throws what {@link KeyRing.findById} throws.
 */
export const createAccessCheck =
  (ring: KeyRing, clock: Clock): HasAccess =>
  async ({ caller }) => {
    if (!caller?.key) return true;
    // It also reads the sessions that were signed out.
    if (!(await ring.findById(keyIdOf(caller.key)))) return false;
    const { session } = caller;
    return !session || (session.expiresAt > clock.now() && !ring.isSignedOut(session.id));
  };
