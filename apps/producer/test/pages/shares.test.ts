import { limitSchema } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import { requires } from '@darkroom/testkit';
import { expect } from 'vitest';
import { openHarness } from '../support/harness.ts';

requires('redis').test(
  'the form of /workers sets and ends the share of a tenant, and a reader has no form',
  async () => {
    const [operator, reader] = [createApiKey(), createApiKey()];
    const as = ({ text }: typeof operator) => ({ authorization: `Bearer ${text}` });
    const harness = await openHarness({
      settings: {
        API_KEYS: [
          { tenant: '*', roles: ['operate', 'read'], sha256: operator.sha256 },
          { tenant: '*', roles: ['read'], sha256: reader.sha256 },
        ],
      },
    });
    const submit = (path: string, fields: Record<string, string>, key = operator) =>
      fetch(harness.url + path, {
        method: 'POST',
        headers: as(key),
        body: new URLSearchParams(fields),
        redirect: 'manual',
      });
    const readPage = async (key = operator) => await (await harness.get('/workers', as(key))).text();
    const readShare = async (tenant: string) =>
      limitSchema.parse(await (await harness.get(`/v1/limits/tenant-share.${tenant}`, as(operator))).json());
    const fields = {
      limit: 'tenant-share',
      tenant: 'acme',
      value: '3',
      reason: 'their launch',
      minutes: '120',
    };

    expect(await readPage()).toContain('<option value="tenant-share">');
    expect(await readPage(reader)).not.toContain('<form method="post" action="/workers');
    expect((await submit('/workers/limits', fields, reader)).status).toBe(403);
    const nameless = await submit('/workers/limits', { ...fields, tenant: '' });
    expect(nameless.status).toBe(422);
    expect(await nameless.text()).toContain('the tenant whose share it is');
    expect((await submit('/workers/limits', { ...fields, value: '101' })).status).toBe(422);
    expect((await readShare('acme')).override).toBeNull();

    expect((await submit('/workers/limits', fields)).status).toBe(303);
    const { value, override } = await readShare('acme');
    expect([value, override?.reason]).toEqual([3, 'their launch']);
    expect((Date.parse(override?.until ?? '') - Date.parse(override?.since ?? '')) / 60_000).toBeCloseTo(
      120,
      0,
    );
    const page = await readPage();
    expect(page).toContain('<code>tenant-share.acme</code>');
    expect(page).toContain('name="limit" value="tenant-share.acme"');
    // A name of a share beside another limit changes nothing.
    await submit('/workers/limits', { limit: 'store-concurrency', tenant: 'other', value: '4', reason: 'x' });
    expect((await readShare('other')).override).toBeNull();

    expect((await submit('/workers/limits/unset', { limit: 'tenant-share.acme' })).status).toBe(303);
    expect(await readShare('acme')).toMatchObject({ value: 1, override: null });
    expect(await readPage()).not.toContain('<code>tenant-share.acme</code>');
  },
);
