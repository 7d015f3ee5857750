import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import {
  findWebhookDeadLetter,
  findWebhooks,
  newSecret,
  openWebhookHarness,
  waitForWebhook,
} from '../support/webhook-harness.ts';

requires('redis').describe('a webhook that cannot be sent', () => {
  test.for([
    ['a private address', 'https://10.0.0.1/in', /10\.0\.0\.1 is not a public address/],
    ['an address written as a number', 'https://2130706433/in', /127\.0\.0\.1 is not a public address/],
    ['IPv6 loopback', 'https://[::1]/in', /is not a public address/],
    ['plain http', 'http://hooks.example.com/in', /over https only/],
  ] as const)('a webhook to %s becomes a dead letter at once', async ([, url, lastError]) => {
    const { harness } = await openWebhookHarness({
      ALLOW_PRIVATE_HOSTS: false,
      WEBHOOK_URLS: [{ value: url }],
    });
    await harness.startWorker();
    const id = await harness.enqueue();
    const job = await waitForWebhook(harness, id, 'failed');
    expect((await findWebhookDeadLetter(harness, job.id ?? ''))?.lastError).toMatch(lastError);
  });

  test('a webhook to a name of this machine becomes a dead letter, and no connection is made', async () => {
    const { harness, receiver } = await openWebhookHarness({ ALLOW_PRIVATE_HOSTS: false });
    const url = `https://localhost:${receiver.port}/in`;
    await harness.startWorker({ settings: { ALLOW_PRIVATE_HOSTS: false, WEBHOOK_URLS: [{ value: url }] } });
    const id = await harness.enqueue();
    const job = await waitForWebhook(harness, id, 'failed');
    expect((await findWebhookDeadLetter(harness, job.id ?? ''))?.lastError).toBe(
      'localhost is not a public address',
    );
    expect(receiver.connections()).toBe(0);
  });

  test('the dead letter of a webhook without a secret says so', async () => {
    const { harness, receiver } = await openWebhookHarness({
      WEBHOOK_SECRETS: [{ tenant: 'other', value: newSecret() }],
    });
    await harness.startWorker();
    const id = await harness.enqueue();
    const job = await waitForWebhook(harness, id, 'failed');
    expect((await findWebhookDeadLetter(harness, job.id ?? ''))?.lastError).toMatch(
      /WEBHOOK_SECRETS has none for the tenant default/,
    );
    expect(receiver.connections()).toBe(0);
  });

  test('a webhook waits while our own store is away, and no try is counted', async () => {
    const { harness, receiver } = await openWebhookHarness();
    let away = true;
    const get: ObjectStore['get'] = async (key, options) => {
      const found = await harness.store.get(key, options);
      // The render itself reads its receipt before it is written.
      if (away && found && key.startsWith('renders/'))
        throw new StoreError('unavailable', 'the store is away');
      return found;
    };
    await harness.startWorker({ store: Object.assign(Object.create(harness.store) as ObjectStore, { get }) });
    const id = await harness.enqueue();
    const job = await waitForWebhook(harness, id, 'delayed');
    expect(job.attemptsMade).toBe(0);
    expect(receiver.connections()).toBe(0);
    away = false;
    await waitForWebhook(harness, id, 'completed');
    expect(await findWebhooks(harness, id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  });

  test('a webhook that is running when the worker stops is handed back, and no try is counted', async () => {
    const { harness, receiver } = await openWebhookHarness({
      WEBHOOK_TIMEOUT_MS: 60_000,
      SHUTDOWN_TIMEOUT_MS: 200,
    });
    receiver.react(() => undefined);
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    await until(() => receiver.received.length === 1);
    await harness.waitForReceipt(id);
    await worker.close();
    const job = await waitForWebhook(harness, id, 'delayed');
    expect(job.attemptsMade).toBe(0);
    expect(job.data.lastError).toBeUndefined();
    receiver.react((response) => void response.writeHead(204).end());
    await harness.startWorker();
    await waitForWebhook(harness, id, 'completed');
    expect(receiver.received).toHaveLength(2);
  });
});
