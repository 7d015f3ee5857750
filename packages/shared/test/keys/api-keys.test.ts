import { describe, expect, test } from 'vitest';
import { parseSettings } from '../../src/config/index.ts';
import { createApiKey, findApiKey, formatApiKey, parseApiKeys } from '../../src/keys/index.ts';

const hash = (digit: string) => digit.repeat(64);

describe('API_KEYS', () => {
  test('an entry contains the hash of a key and not the key, and findApiKey() finds it by the key', () => {
    const { text, sha256 } = createApiKey();
    const entry = formatApiKey({ tenant: 'shop', roles: ['enqueue', 'read'], sha256, perSecond: 50 });
    expect(entry).toBe(`shop:enqueue+read:${sha256}:rate=50`);
    expect(entry).not.toContain(text.slice(3));
    const keys = parseApiKeys(entry) ?? [];
    expect(findApiKey(keys, text)).toMatchObject({ tenant: 'shop', perSecond: 50 });
    expect(findApiKey(keys, `${text}x`)).toBeUndefined();
    expect(findApiKey(keys, '')).toBeUndefined();
  });

  test('a tenant may have several keys during a rotation, on lines with comments', () => {
    const [older, newer] = [createApiKey(), createApiKey()];
    const keys = parseApiKeys(`
      # the shop
      shop:read:${older.sha256}   # until Monday
      shop:read:${newer.sha256}, *:operate:${hash('a')}:body=1024
    `);
    expect(keys).toHaveLength(3);
    for (const { text } of [older, newer]) expect(findApiKey(keys ?? [], text)?.tenant).toBe('shop');
    expect(keys?.[2]).toEqual({ tenant: '*', roles: ['operate'], sha256: hash('a'), bodyBytes: 1024 });
  });

  test.each([
    ['no hash', 'shop:read'],
    ['a key instead of its hash', 'shop:read:dk_secret'],
    ['an unknown role', `shop:write:${hash('a')}`],
    ['no role', `shop::${hash('a')}`],
    ['an invalid tenant name', `../shop:read:${hash('a')}`],
    ['all tenants and the role enqueue', `*:enqueue:${hash('a')}`],
    ['an unknown limit', `shop:read:${hash('a')}:burst=2`],
    ['a limit that is not a number', `shop:read:${hash('a')}:rate=fast`],
  ])('parseSettings() refuses an entry with %s and does not show it', (_, entry) => {
    expect(parseApiKeys(entry)).toBeUndefined();
    expect(() => parseSettings({ API_KEYS: entry })).toThrow(
      /API_KEYS: expected entries tenant:role\+role:sha256.*received \[redacted\]/,
    );
  });
});
