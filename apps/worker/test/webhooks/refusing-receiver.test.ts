import { webhookId } from '@darkroom/shared/queues';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { refuse, startReceiver } from '../support/receiver.ts';
import {
  findWebhookDeadLetter,
  findWebhooks,
  openWebhookHarness,
  waitForWebhook,
} from '../support/webhook-harness.ts';

requires('redis').describe('a receiver that does not acknowledge a webhook', () => {
  test('a receiver that was down gets the same webhook when it is up', async () => {
    const { harness, receiver, secret } = await openWebhookHarness();
    await receiver.close();
    await harness.startWorker();
    const id = await harness.enqueue();
    const waiting = await waitForWebhook(harness, id, 'delayed');
    expect(waiting).toMatchObject({
      attemptsMade: 1,
      data: { lastError: expect.stringContaining('ECONNREFUSED') },
    });
    const [delivery] = await findWebhooks(harness, id);
    expect(delivery).toMatchObject({ status: 'pending', attempts: 1, nextAttemptAt: expect.any(Number) });

    const again = await startReceiver(secret, receiver.port);
    await waiting.promote();
    await waitForWebhook(harness, id, 'completed');
    expect(again.received.map((message) => message.id)).toEqual([waiting.id]);
    expect(await findWebhooks(harness, id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });

  test.for([
    ['500', (response) => void response.writeHead(500).end('no'), /^HTTP 500$/],
    ['404', (response) => void response.writeHead(404).end(), /^HTTP 404$/],
    ['no answer in time', () => undefined, /^no answer within 300 ms$/, 300],
    ['a cut connection', (response) => void response.destroy(), /./],
  ] satisfies [string, Parameters<Awaited<ReturnType<typeof startReceiver>>['react']>[0], RegExp, number?][])(
    'a receiver that answers with %s gets the webhook again in some seconds',
    async ([, reaction, lastError, WEBHOOK_TIMEOUT_MS = 20_000]) => {
      const { harness, receiver } = await openWebhookHarness({ WEBHOOK_TIMEOUT_MS });
      receiver.react(reaction);
      await harness.startWorker();
      const id = await harness.enqueue();
      const job = await waitForWebhook(harness, id, 'delayed');
      expect(job.attemptsMade).toBe(1);
      expect(job.data.lastError).toMatch(lastError);
      expect(job.delay).toBeGreaterThanOrEqual(4500);
      expect(job.delay).toBeLessThanOrEqual(5500);
      expect(await findWebhookDeadLetter(harness, job.id ?? '')).toBeUndefined();
    },
  );

  test('the target of a redirect never gets a request', async () => {
    const { harness, receiver, secret } = await openWebhookHarness();
    const target = await startReceiver(secret);
    receiver.react((response) => void response.writeHead(307, { location: `${target.url}/in` }).end());
    await harness.startWorker();
    const job = await waitForWebhook(harness, await harness.enqueue(), 'delayed');
    expect(job.data.lastError).toBe('HTTP 307, and redirects are not followed');
    expect(receiver.received).toHaveLength(1);
    expect(target.connections()).toBe(0);
  });

  test('a receiver that asks for more time gets it', async () => {
    const { harness, receiver } = await openWebhookHarness();
    receiver.react((response) => void response.writeHead(429, { 'retry-after': '600' }).end());
    await harness.startWorker();
    const job = await waitForWebhook(harness, await harness.enqueue(), 'delayed');
    expect(job.delay).toBeGreaterThan(590_000);
    expect(job.delay).toBeLessThanOrEqual(600_000);
  });

  test('a webhook to a receiver that answers 410 becomes a dead letter at once', async () => {
    const { harness, receiver } = await openWebhookHarness();
    receiver.react((response) => void response.writeHead(410).end());
    const worker = await harness.startWorker();
    const id = await harness.enqueue();
    const job = await waitForWebhook(harness, id, 'failed');
    expect(receiver.received).toHaveLength(1);
    expect(await findWebhookDeadLetter(harness, job.id ?? '')).toMatchObject({
      renderId: id,
      status: 'completed',
      attempts: 1,
      lastError: 'HTTP 410: the receiver wants no more webhooks',
    });
    expect(job.failedReason).toMatch(/^webhook_not_delivered: HTTP 410/);
    const metrics = await (await fetch(`${worker.url}/metrics`)).text();
    expect(metrics).toMatch(/^darkroom_webhooks_total\{outcome="dead"\} 1$/m);
    expect(metrics).toMatch(/^darkroom_webhook_dead_letters_total 1$/m);
    // The render is not to blame.
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
  });

  test('a webhook that is never acknowledged becomes a dead letter after a day; a redelivery has the same id', async () => {
    const { harness, receiver } = await openWebhookHarness();
    receiver.react((response) => void response.writeHead(503).end());
    await harness.startWorker();
    const id = await harness.enqueue();
    const message = webhookId(id, 'completed', 0, 0);
    let waited = 0;
    for (let tries = 1; tries <= 7; tries += 1) {
      const job = await waitForWebhook(harness, id, 'delayed');
      expect(job.attemptsMade).toBe(tries);
      waited += job.delay;
      await job.promote();
      await until(() => receiver.received.length === tries + 1);
    }
    await waitForWebhook(harness, id, 'failed');
    expect(waited / 3_600_000).toBeGreaterThan(21);
    expect(await findWebhookDeadLetter(harness, message)).toMatchObject({
      attempts: 8,
      lastError: 'HTTP 503',
    });
    expect(await findWebhooks(harness, id)).toMatchObject([{ status: 'failed', attempts: 8 }]);

    receiver.react((response) => void response.writeHead(200).end('thanks'));
    // As a redelivery does.
    const job = await harness.queues.webhook.getJob(message);
    await job?.retry('failed', { resetAttemptsMade: true });
    await waitForWebhook(harness, id, 'completed');
    expect(new Set(receiver.received.map((one) => one.id))).toEqual(new Set([message]));
    expect(receiver.received).toHaveLength(9);
    expect(await findWebhookDeadLetter(harness, message)).toBeUndefined();
    expect(await findWebhooks(harness, id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  });

  test('a receiver gets no webhook of a failure that was redriven since and completed', async () => {
    const { harness, receiver } = await openWebhookHarness();
    harness.simulator.faults.add({ kind: 'refuse_content' });
    receiver.react(refuse);
    await harness.startWorker();
    const id = await harness.enqueue();
    const death = webhookId(id, 'failed', 0, 0);
    const waiting = await waitForWebhook(harness, id, 'delayed', death);
    receiver.react((response) => void response.writeHead(204).end());
    await harness.redrive(id);
    await waitForWebhook(harness, id, 'completed', webhookId(id, 'completed', 1, 0));
    await waiting.promote();
    await waitForWebhook(harness, id, 'completed', death);
    expect(receiver.received.map(({ event }) => event.type)).toEqual(['render.failed', 'render.completed']);
    const { logs } = await harness.queues.webhook.getJobLogs(death);
    expect(logs.at(-1)).toMatch(/superseded: the render is completed by now/);
  });

  test('a receiver gets a webhook for a second failure under another id', async () => {
    const { harness, receiver } = await openWebhookHarness();
    harness.simulator.faults.add({ kind: 'refuse_content', times: 2 });
    await harness.startWorker();
    const id = await harness.enqueue();
    await waitForWebhook(harness, id, 'completed', webhookId(id, 'failed', 0, 0));
    await harness.redrive(id);
    await waitForWebhook(harness, id, 'completed', webhookId(id, 'failed', 1, 0));
    expect(receiver.received.map((message) => message.id)).toEqual([
      webhookId(id, 'failed', 0, 0),
      webhookId(id, 'failed', 1, 0),
    ]);
  });
});
