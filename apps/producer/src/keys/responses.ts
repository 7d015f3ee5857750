import type { KeyResponse } from '@darkroom/api';
import { keyIdOf } from '@darkroom/shared/keys';
import type { ListedKey } from '../access/index.ts';

const toIsoTime = (at: number) => new Date(at).toISOString();

/** A key without its text. */
export const keyResponse = ({ key, stored, revocation }: ListedKey): KeyResponse => ({
  object: 'key',
  id: keyIdOf(key),
  tenant: key.tenant,
  roles: [...key.roles],
  source: stored ? 'store' : 'setting',
  name: stored?.name ?? null,
  rate: key.perSecond ?? null,
  body_bytes: key.bodyBytes ?? null,
  created_at: stored ? toIsoTime(stored.createdAt) : null,
  created_by: stored?.createdBy ?? null,
  revoked: revocation
    ? { at: toIsoTime(revocation.at), actor: revocation.actor, reason: revocation.reason ?? null }
    : null,
});
