import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { findDeliveries } from '../../producer/src/backends/webhook-deliveries.ts';
import { letterOf, newSecret, openTelling, told } from './telling.ts';

requires('redis').describe('a message that cannot be sent', () => {
  test.for([
    ['a private address', 'https://10.0.0.1/in', /10\.0\.0\.1 is not a public address/],
    ['an address written as a number', 'https://2130706433/in', /127\.0\.0\.1 is not a public address/],
    ['IPv6 loopback', 'https://[::1]/in', /is not a public address/],
    ['plain http', 'http://hooks.example.com/in', /over https only/],
  ] as const)('to %s is a dead letter at once', async ([, url, lastError]) => {
    const { rig } = await openTelling({ ALLOW_PRIVATE_HOSTS: false, WEBHOOK_URLS: [{ value: url }] });
    await rig.work();
    const id = await rig.render();
    const job = await told(rig, id, 'failed');
    expect((await letterOf(rig, job.id ?? ''))?.lastError).toMatch(lastError);
  });

  test('to a name of this machine is one, too, and nobody is connected to', async () => {
    const { rig, receiver } = await openTelling({ ALLOW_PRIVATE_HOSTS: false });
    const url = `https://localhost:${receiver.port}/in`;
    await rig.work({ settings: { ALLOW_PRIVATE_HOSTS: false, WEBHOOK_URLS: [{ value: url }] } });
    const id = await rig.render();
    const job = await told(rig, id, 'failed');
    expect((await letterOf(rig, job.id ?? ''))?.lastError).toBe('localhost is not a public address');
    expect(receiver.connections()).toBe(0);
  });

  test('for want of a secret says so', async () => {
    const { rig, receiver } = await openTelling({
      WEBHOOK_SECRETS: [{ tenant: 'other', value: newSecret() }],
    });
    await rig.work();
    const id = await rig.render();
    const job = await told(rig, id, 'failed');
    expect((await letterOf(rig, job.id ?? ''))?.lastError).toMatch(
      /WEBHOOK_SECRETS has none for the tenant default/,
    );
    expect(receiver.connections()).toBe(0);
  });

  test('while our own store is away waits, and no try is counted', async () => {
    const { rig, receiver } = await openTelling();
    let away = true;
    const get: ObjectStore['get'] = async (key, options) => {
      if (away && key.startsWith('renders/')) throw new StoreError('unavailable', 'the store is away');
      return rig.store.get(key, options);
    };
    await rig.work({ store: Object.assign(Object.create(rig.store) as ObjectStore, { get }) });
    const id = await rig.render();
    const job = await told(rig, id, 'delayed');
    expect(job.attemptsMade).toBe(0);
    expect(receiver.connections()).toBe(0);
    away = false;
    await told(rig, id, 'completed');
    expect(await findDeliveries(rig.queues, id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  });

  test('before a worker stops is put back, and no try is counted', async () => {
    const { rig, receiver } = await openTelling({ WEBHOOK_TIMEOUT_MS: 60_000, SHUTDOWN_TIMEOUT_MS: 200 });
    receiver.react(() => undefined);
    const worker = await rig.work();
    const id = await rig.render();
    await until(() => receiver.received.length === 1);
    await rig.ended(id);
    await worker.close();
    const job = await told(rig, id, 'delayed');
    expect(job.attemptsMade).toBe(0);
    expect(job.data.lastError).toBeUndefined();
    receiver.react((response) => void response.writeHead(204).end());
    await rig.work();
    await told(rig, id, 'completed');
    expect(receiver.received).toHaveLength(2);
  });
});
