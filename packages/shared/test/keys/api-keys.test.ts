import { describe, expect, test } from 'vitest';
import { parseSettings, selectTenantValues } from '../../src/config/index.ts';
import { createApiKey, findApiKey, formatApiKey, parseApiKeys } from '../../src/keys/index.ts';

const hash = (digit: string) => digit.repeat(64);

describe('API_KEYS', () => {
  test('holds a hash from which the key cannot be had, and the key finds its entry', () => {
    const { text, sha256 } = createApiKey();
    const entry = formatApiKey({ tenant: 'shop', roles: ['enqueue', 'read'], sha256, perSecond: 50 });
    expect(entry).toBe(`shop:enqueue+read:${sha256}:rate=50`);
    expect(entry).not.toContain(text.slice(3));
    const keys = parseApiKeys(entry) ?? [];
    expect(findApiKey(keys, text)).toMatchObject({ tenant: 'shop', perSecond: 50 });
    expect(findApiKey(keys, `${text}x`)).toBeUndefined();
    expect(findApiKey(keys, '')).toBeUndefined();
  });

  test('a tenant has several keys while they are rotated, on lines with comments', () => {
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
    ['a role that there is none of', `shop:write:${hash('a')}`],
    ['no role', `shop::${hash('a')}`],
    ['a name that no path can hold', `../shop:read:${hash('a')}`],
    ['an operator of all who would enqueue', `*:enqueue:${hash('a')}`],
    ['a limit that there is none of', `shop:read:${hash('a')}:burst=2`],
    ['a limit that is no number', `shop:read:${hash('a')}:rate=fast`],
  ])('an entry with %s stops the start and is not shown', (_, entry) => {
    expect(parseApiKeys(entry)).toBeUndefined();
    expect(() => parseSettings({ API_KEYS: entry })).toThrow(
      /API_KEYS: expected entries tenant:role\+role:sha256.*received \[redacted\]/,
    );
  });
});

describe('values of tenants', () => {
  const secret = (letter: string) => `whsec_${letter.repeat(42)}==`;

  test("a tenant's own come before those for everybody, all of them while they are rotated", () => {
    const { WEBHOOK_SECRETS } = parseSettings({
      WEBHOOK_SECRETS: `${secret('a')}, shop=${secret('b')},shop=${secret('c')}`,
    });
    expect(selectTenantValues(WEBHOOK_SECRETS, 'shop')).toEqual([secret('b'), secret('c')]);
    expect(selectTenantValues(WEBHOOK_SECRETS, 'press')).toEqual([secret('a')]);
  });

  test('what cannot be one stops the start and is not shown', () => {
    expect(() => parseSettings({ WEBHOOK_SECRETS: 'whsec_short' })).toThrow(/WEBHOOK_SECRETS.*\[redacted\]/);
    expect(() => parseSettings({ WEBHOOK_URLS: 'shop=ftp://x' })).toThrow(/WEBHOOK_URLS.*\[redacted\]/);
    expect(() => parseSettings({ WEBHOOK_URLS: 'No Shop=https://x' })).toThrow(/WEBHOOK_URLS/);
  });
});
