import { openStore } from '@darkroom/shared/object-store';
import { webhookId } from '@darkroom/shared/queues';
import { cleanup, plantSecret, requires, service, tempDir, uniqueS3Url } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { findDeliveries } from '../../producer/src/backends/webhook-deliveries.ts';
import { startReceiver } from './receiver.ts';
import { hasty } from './rig.ts';
import { letterOf, newSecret, openTelling, told, toldToHolders } from './telling.ts';

requires('redis').describe('telling the end of a render', () => {
  test('a completed render is told, signed, as the API tells it', async () => {
    const { rig, receiver } = await openTelling();
    await rig.work();
    const id = await rig.render({ run: 'night', metadata: { sku: '1042' } });
    const receipt = await rig.ended(id);
    await told(rig, id, 'completed');
    expect(receiver.received).toHaveLength(1);
    const [message] = receiver.received;
    expect(message).toMatchObject({ id: webhookId(id, 'completed', 0, 0), path: '/in' });
    expect(message?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'Darkroom',
      'webhook-id': message?.id,
    });
    const self = `https://darkroom.example.com/v1/renders/${id}`;
    expect(message?.event).toMatchObject({
      type: 'render.completed',
      timestamp: new Date(receipt.finishedAt).toISOString(),
      data: {
        id,
        status: 'completed',
        run: 'night',
        metadata: { sku: '1042' },
        image: { sha256: receipt.image?.sha256, url: `${self}/image`, thumbnail_url: `${self}/thumbnail` },
        cost: { amount: '0.025', purchases: 1 },
        links: { self },
      },
    });
  });

  test('a failed and a canceled render are told, too', async () => {
    const { rig, receiver } = await openTelling();
    rig.simulator.faults.add({ kind: 'refuse_content' });
    const canceled = await rig.render();
    await rig.cancel(canceled);
    await rig.work();
    await told(rig, canceled, 'completed', webhookId(canceled, 'canceled', 0, 0));
    const failed = await rig.render();
    await told(rig, failed, 'completed', webhookId(failed, 'failed', 0, 0));
    expect(
      receiver.received.map(({ event }) => [event.type, event.data.status, event.data.error?.code]),
    ).toEqual([
      ['render.canceled', 'canceled', undefined],
      ['render.failed', 'failed', 'content_policy_violation'],
    ]);
  });

  test("its own webhook goes before the tenant's, and a tenant's before everybody's", async () => {
    const secret = newSecret();
    const [own, acme, rest] = await Promise.all([
      startReceiver(secret),
      startReceiver(secret),
      startReceiver(secret),
    ]);
    const { rig } = await openTelling({
      WEBHOOK_SECRETS: [{ value: secret }],
      WEBHOOK_URLS: [{ value: rest.url }, { tenant: 'default', value: acme.url }],
    });
    await rig.work();
    const webhook = { kind: 'url', url: `${own.url}/own` } as const;
    await told(rig, await rig.render({ webhook }), 'completed');
    await told(rig, await rig.render(), 'completed');
    const counts = [own, acme, rest].map(({ received }) => received.length);
    expect(counts).toEqual([1, 1, 0]);
  });

  test('every URL of a tenant is told, each by a message of its own', async () => {
    const secret = newSecret();
    const [first, second] = await Promise.all([startReceiver(secret), startReceiver(secret)]);
    const { rig } = await openTelling({
      WEBHOOK_SECRETS: [{ value: secret }],
      WEBHOOK_URLS: [{ value: first.url }, { value: second.url }],
    });
    await rig.work();
    const id = await rig.render();
    await told(rig, id, 'completed');
    await told(rig, id, 'completed', webhookId(id, 'completed', 0, 1));
    expect([first, second].map(({ received }) => received.map((message) => message.id))).toEqual([
      [webhookId(id, 'completed', 0, 0)],
      [webhookId(id, 'completed', 0, 1)],
    ]);
    expect((await findDeliveries(rig.queues, id)).map(({ status }) => status)).toEqual([
      'delivered',
      'delivered',
    ]);
  });

  test('nobody who wants to know, no message', async () => {
    const { rig } = await openTelling({ WEBHOOK_URLS: [] });
    await rig.work();
    const id = await rig.render();
    await rig.ended(id);
    expect(await findDeliveries(rig.queues, id)).toEqual([]);
  });

  test("a tenant's URL is in no job, no letter and no error", async () => {
    const token = plantSecret();
    const { rig, receiver } = await openTelling();
    receiver.react((response) => void response.writeHead(410).end());
    await rig.work({ settings: { WEBHOOK_URLS: [{ value: `${receiver.url}/${token}?key=${token}` }] } });
    const id = await rig.render();
    const job = await told(rig, id, 'failed');
    expect(receiver.received[0]?.path).toBe(`/${token}?key=${token}`);
    const shown = JSON.stringify([
      job.data,
      job.failedReason,
      job.stacktrace,
      await letterOf(rig, job.id ?? ''),
    ]);
    expect(shown).not.toContain(token);
    expect(job.data.to).toMatchObject({ kind: 'stored-url', host: new URL(receiver.url).host });
  });

  test('while secrets are rotated a message carries a signature of each', async () => {
    const secrets = [newSecret(), newSecret()];
    const receivers = await toldToHolders(secrets, secrets);
    for (const { received } of receivers) {
      expect(received[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    }
  });
});

requires('redis', 's3').test('image URLs are signed anew in each try, where the store can sign', async () => {
  const { bucket: _, ...s3 } = service('s3');
  const store = await openStore({ storeUrl: uniqueS3Url(), dataDir: await tempDir(), s3, clock: hasty });
  cleanup(() => store.close());
  const { rig, receiver } = await openTelling();
  await rig.work({ store });
  const id = await rig.render();
  await told(rig, id, 'completed');
  const image = receiver.received[0]?.event.data.image;
  expect(image?.url).toMatch(/X-Amz-Signature=/);
  const bytes = await (await fetch(image?.url ?? '')).arrayBuffer();
  expect(bytes.byteLength).toBe(image?.bytes);
  const job = await rig.queues.webhook.getJob(webhookId(id, 'completed', 0, 0));
  expect(JSON.stringify(job?.data)).not.toMatch(/X-Amz/);
});
