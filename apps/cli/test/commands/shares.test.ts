import { requires } from '@darkroom/testkit';
import { expect } from 'vitest';
import { startDarkroom } from '../support/running-darkroom.ts';

requires('redis').test('quota sets, shows and ends the share of a tenant', async () => {
  const server = await startDarkroom({ TENANT_SHARES: [{ tenant: 'shop', value: '2' }] }, { worker: false });
  const share = 'tenant-share.acme';
  const set = (...more: string[]) =>
    server.run(['quota', 'set', share, ...more, '--reason', 'their launch', '--yes']);
  const list = async () =>
    (await server.json(['quota', 'get'])).map(({ name }: { name: string }) => name) as string[];
  // Only the shares that are not as those of other tenants are listed. Each can be read.
  expect(await list()).toContain('tenant-share.shop');
  expect(await list()).not.toContain(share);
  expect(await server.json(['quota', 'get', share])).toMatchObject({ value: 1, base: 1, override: null });

  const asked = await server.run(['quota', 'set', share, '3', '--reason', 'their launch']);
  expect(asked).toMatchObject({ code: 2, err: expect.stringContaining(`Set ${share} to 3 on all workers?`) });
  expect(await list()).not.toContain(share);
  expect((await set('3', '--for', '2h')).out).toMatch(
    new RegExp(`^${share.replace('.', '\\.')} +3 +1 +1-100 +3 `, 'm'),
  );
  const { value, override } = await server.json(['quota', 'get', share]);
  expect([value, override.value, override.reason]).toEqual([3, 3, 'their launch']);
  expect((Date.parse(override.until) - Date.parse(override.since)) / 3_600_000).toBeCloseTo(2, 1);
  expect(await list()).toContain(share);

  expect(await set('101')).toMatchObject({
    code: 2,
    err: expect.stringContaining('a whole number from 1 to 100'),
  });
  expect(await set('1.5')).toMatchObject({
    code: 2,
    err: expect.stringContaining('<value>: expected a whole number'),
  });
  const wrong = await server.run(['quota', 'set', 'tenant-share.', '3', '--reason', 'x', '--yes']);
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('tenant-share.<tenant>') });
  // A service has no right to its own share.
  const own = await server.run(['quota', 'set', 'tenant-share.shop', '9', '--reason', 'x', '--yes'], {
    env: server.shopEnv,
  });
  expect(own.code).toBe(1);
  expect(await server.json(['quota', 'get', 'tenant-share.shop'])).toMatchObject({ value: 2, base: 2 });

  expect(await server.json(['quota', 'unset', share, '--yes'])).toMatchObject({ value: 1, override: null });
  expect(await list()).not.toContain(share);
  const actions = await server.json(['audit', 'list', '--target', `limit:${share}`]);
  expect(actions).toMatchObject([
    { action: 'limit.unset', source: 'cli', before: { value: 3 }, after: { value: 1 } },
    { action: 'limit.set', source: 'cli', reason: 'their launch', before: { value: 1 }, after: { value: 3 } },
  ]);
});
