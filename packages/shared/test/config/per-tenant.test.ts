import { describe, expect, test } from 'vitest';
import { parseSettings, selectTenantValues } from '../../src/config/index.ts';

describe('selectTenantValues()', () => {
  const secret = (letter: string) => `whsec_${letter.repeat(42)}==`;

  test('a tenant with its own values gets all of them, and other tenants get the common values', () => {
    const { WEBHOOK_SECRETS } = parseSettings({
      WEBHOOK_SECRETS: `${secret('a')}, shop=${secret('b')},shop=${secret('c')}`,
    });
    expect(selectTenantValues(WEBHOOK_SECRETS, 'shop')).toEqual([secret('b'), secret('c')]);
    expect(selectTenantValues(WEBHOOK_SECRETS, 'press')).toEqual([secret('a')]);
  });

  test('parseSettings() refuses an invalid value and does not show it', () => {
    expect(() => parseSettings({ WEBHOOK_SECRETS: 'whsec_short' })).toThrow(/WEBHOOK_SECRETS.*\[redacted\]/);
    expect(() => parseSettings({ WEBHOOK_URLS: 'shop=ftp://x' })).toThrow(/WEBHOOK_URLS.*\[redacted\]/);
    expect(() => parseSettings({ WEBHOOK_URLS: 'No Shop=https://x' })).toThrow(/WEBHOOK_URLS/);
  });
});
