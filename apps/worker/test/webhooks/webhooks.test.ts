import { openStore } from '@darkroom/shared/object-store';
import { webhookId } from '@darkroom/shared/queues';
import { cleanup, plantSecret, requires, service, tempDir, uniqueS3Url } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { lowJitterClock } from '../support/harness.ts';
import { startReceiver } from '../support/receiver.ts';
import {
  deliverToSecretHolders,
  findWebhookDeadLetter,
  findWebhooks,
  newSecret,
  openWebhookHarness,
  waitForWebhook,
} from '../support/webhook-harness.ts';

requires('redis').describe('the webhooks of a render', () => {
  test('the webhook of a completed render is signed and has the form of the API', async () => {
    const { harness, receiver } = await openWebhookHarness();
    await harness.startWorker();
    const id = await harness.enqueue({ run: 'night', metadata: { sku: '1042' } });
    const receipt = await harness.waitForReceipt(id);
    await waitForWebhook(harness, id, 'completed');
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
        cost: { spent: '0.025', purchases: 1 },
        links: { self },
      },
    });
  });

  test('failed and canceled renders have webhooks, too', async () => {
    const { harness, receiver } = await openWebhookHarness();
    harness.simulator.faults.add({ kind: 'refuse_content' });
    const canceled = await harness.enqueue();
    await harness.cancel(canceled);
    await harness.startWorker();
    await waitForWebhook(harness, canceled, 'completed', webhookId(canceled, 'canceled', 0, 0));
    const failed = await harness.enqueue();
    await waitForWebhook(harness, failed, 'completed', webhookId(failed, 'failed', 0, 0));
    expect(
      receiver.received.map(({ event }) => [event.type, event.data.status, event.data.error?.code]),
    ).toEqual([
      ['render.canceled', 'canceled', undefined],
      ['render.failed', 'failed', 'content_policy_violation'],
    ]);
  });

  test("a request's webhook takes precedence over its tenant's, and a tenant's over the default", async () => {
    const secret = newSecret();
    const [own, acme, rest] = await Promise.all([
      startReceiver(secret),
      startReceiver(secret),
      startReceiver(secret),
    ]);
    const { harness } = await openWebhookHarness({
      WEBHOOK_SECRETS: [{ value: secret }],
      WEBHOOK_URLS: [{ value: rest.url }, { tenant: 'default', value: acme.url }],
    });
    await harness.startWorker();
    const webhook = { kind: 'url', url: `${own.url}/own` } as const;
    await waitForWebhook(harness, await harness.enqueue({ webhook }), 'completed');
    await waitForWebhook(harness, await harness.enqueue(), 'completed');
    const counts = [own, acme, rest].map(({ received }) => received.length);
    expect(counts).toEqual([1, 1, 0]);
  });

  test('every URL of a tenant gets its own webhook', async () => {
    const secret = newSecret();
    const [first, second] = await Promise.all([startReceiver(secret), startReceiver(secret)]);
    const { harness } = await openWebhookHarness({
      WEBHOOK_SECRETS: [{ value: secret }],
      WEBHOOK_URLS: [{ value: first.url }, { value: second.url }],
    });
    await harness.startWorker();
    const id = await harness.enqueue();
    await waitForWebhook(harness, id, 'completed');
    await waitForWebhook(harness, id, 'completed', webhookId(id, 'completed', 0, 1));
    expect([first, second].map(({ received }) => received.map((message) => message.id))).toEqual([
      [webhookId(id, 'completed', 0, 0)],
      [webhookId(id, 'completed', 0, 1)],
    ]);
    expect((await findWebhooks(harness, id)).map(({ status }) => status)).toEqual(['delivered', 'delivered']);
  });

  test('a render without a webhook URL has no webhook', async () => {
    const { harness } = await openWebhookHarness({ WEBHOOK_URLS: [] });
    await harness.startWorker();
    const id = await harness.enqueue();
    await harness.waitForReceipt(id);
    expect(await findWebhooks(harness, id)).toEqual([]);
  });

  test("a tenant's URL is in no job, no dead letter and no error", async () => {
    const token = plantSecret();
    const { harness, receiver } = await openWebhookHarness();
    receiver.react((response) => void response.writeHead(410).end());
    await harness.startWorker({
      settings: { WEBHOOK_URLS: [{ value: `${receiver.url}/${token}?key=${token}` }] },
    });
    const id = await harness.enqueue();
    const job = await waitForWebhook(harness, id, 'failed');
    expect(receiver.received[0]?.path).toBe(`/${token}?key=${token}`);
    const shown = JSON.stringify([
      job.data,
      job.failedReason,
      job.stacktrace,
      await findWebhookDeadLetter(harness, job.id ?? ''),
    ]);
    expect(shown).not.toContain(token);
    expect(job.data.to).toMatchObject({ kind: 'stored-url', host: new URL(receiver.url).host });
  });

  test('a webhook carries a signature of each secret while secrets are rotated', async () => {
    const secrets = [newSecret(), newSecret()];
    const receivers = await deliverToSecretHolders(secrets, secrets);
    for (const { received } of receivers) {
      expect(received[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    }
  });
});

requires('redis', 's3').test(
  'the image URLs of a webhook are signed anew in each try, if the store can sign',
  async () => {
    const { bucket: _, ...s3 } = service('s3');
    const store = await openStore({
      storeUrl: uniqueS3Url(),
      dataDir: await tempDir(),
      s3,
      clock: lowJitterClock,
    });
    cleanup(() => store.close());
    const { harness, receiver } = await openWebhookHarness();
    await harness.startWorker({ store });
    const id = await harness.enqueue();
    await waitForWebhook(harness, id, 'completed');
    const image = receiver.received[0]?.event.data.image;
    expect(image?.url).toMatch(/X-Amz-Signature=/);
    const bytes = await (await fetch(image?.url ?? '')).arrayBuffer();
    expect(bytes.byteLength).toBe(image?.bytes);
    const job = await harness.queues.webhook.getJob(webhookId(id, 'completed', 0, 0));
    expect(JSON.stringify(job?.data)).not.toMatch(/X-Amz/);
  },
);
