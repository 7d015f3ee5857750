import {
  KEY_ID,
  type KeyResponse,
  keyRequestSchema,
  keyRevocationSchema,
  type NewKeyResponse,
} from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { FastifyRequest } from 'fastify';
import { describeCaller, type KeyRing } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import { checkRequest, ProblemError } from '../problems/index.ts';
import { keyResponse } from './responses.ts';

export interface ChangeKeysDeps {
  ring: KeyRing;
  auditor: Auditor;
}

/**
 * Makes a key, and records it. Only this response has the text of the key.
 *
 * @throws {ProblemError} `invalid_request`.
 */
export async function createKey(
  { ring, auditor }: ChangeKeysDeps,
  request: FastifyRequest,
  value: unknown,
): Promise<NewKeyResponse> {
  const { tenant, roles, name, rate, body_bytes: bodyBytes } = checkRequest(value, keyRequestSchema);
  const { text, listed } = await ring.create({
    tenant,
    roles: [...new Set(roles)],
    ...(name === undefined ? {} : { name }),
    ...(rate === undefined ? {} : { perSecond: rate }),
    ...(bodyBytes === undefined ? {} : { bodyBytes }),
    createdBy: describeCaller(request.caller),
  });
  const response = keyResponse(listed);
  await auditor.record(request, {
    action: 'key.create',
    target: { kind: 'key', id: response.id },
    tenant: ALL_TENANTS,
    reason: name,
    after: { tenant, roles: response.roles.join('+'), rate: response.rate, body_bytes: response.body_bytes },
  });
  return { ...response, key: text };
}

/**
 * Revokes a key, and records it. Revoking it again changes nothing.
 *
 * @throws {ProblemError} `invalid_request`, `key_not_found`, `key_in_settings`.
 */
export async function revokeKey(
  { ring, auditor }: ChangeKeysDeps,
  request: FastifyRequest,
  value: unknown,
): Promise<KeyResponse> {
  const { reason } = checkRequest(value, keyRevocationSchema);
  const { id } = request.params as { id: string };
  if (!KEY_ID.test(id)) throw new ProblemError('key_not_found', 'There is no key with this id.');
  const { listed, isNew } = await ring.revoke(id, { actor: describeCaller(request.caller), reason });
  const response = keyResponse(listed);
  if (isNew) {
    await auditor.record(request, {
      action: 'key.revoke',
      target: { kind: 'key', id },
      tenant: ALL_TENANTS,
      reason,
      before: { tenant: response.tenant, roles: response.roles.join('+') },
      after: { revoked: true },
    });
  }
  return response;
}
