import { createApiKey, formatApiKey, parseApiKeys, type Role } from '@darkroom/shared/keys';
import { expect } from 'vitest';
import type { Harness } from './harness.ts';

/** Makes API keys. @returns `give`: the header of a new key; `settings`: of a producer that knows all of them */
export const createKeyring = () => {
  const entries: string[] = [];
  const give = (
    tenant: string,
    roles: readonly Role[],
    limits: { perSecond?: number; bodyBytes?: number } = {},
  ) => {
    const { text, sha256 } = createApiKey();
    entries.push(formatApiKey({ tenant, roles, sha256, ...limits }));
    return { authorization: `Bearer ${text}` };
  };
  return { give, settings: () => ({ API_KEYS: parseApiKeys(entries.join(',')) ?? [] }) };
};

/** Creates a render with a key. @returns its id */
export async function enqueueAs(
  harness: Harness,
  key: Record<string, string>,
  name: string,
): Promise<string> {
  const response = await harness.post({ prompt: 'a lighthouse' }, { ...key, 'idempotency-key': name });
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
}
