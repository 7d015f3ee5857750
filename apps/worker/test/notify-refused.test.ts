import { webhookId } from '@darkroom/shared/queues';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { findDeliveries, redeliverWebhook } from '../../producer/src/backends/webhook-deliveries.ts';
import { startReceiver } from './receiver.ts';
import { letterOf, openTelling, told } from './telling.ts';

requires('redis').describe('a receiver that does not take a message', () => {
  test('was down: the same message comes when it is up', async () => {
    const { rig, receiver, secret } = await openTelling();
    await receiver.close();
    await rig.work();
    const id = await rig.render();
    const waiting = await told(rig, id, 'delayed');
    expect(waiting).toMatchObject({
      attemptsMade: 1,
      data: { lastError: expect.stringContaining('ECONNREFUSED') },
    });
    const [delivery] = await findDeliveries(rig.queues, id);
    expect(delivery).toMatchObject({ status: 'pending', attempts: 1, nextAttemptAt: expect.any(Number) });

    const again = await startReceiver(secret, receiver.port);
    await waiting.promote();
    await told(rig, id, 'completed');
    expect(again.received.map((message) => message.id)).toEqual([waiting.id]);
    expect(await findDeliveries(rig.queues, id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });

  test.for([
    ['500', (response) => void response.writeHead(500).end('no'), /^HTTP 500$/],
    ['404', (response) => void response.writeHead(404).end(), /^HTTP 404$/],
    ['no answer in time', () => undefined, /^no answer within 300 ms$/, 300],
    ['a cut connection', (response) => void response.destroy(), /./],
  ] satisfies [string, Parameters<Awaited<ReturnType<typeof startReceiver>>['react']>[0], RegExp, number?][])(
    'answers with %s: it is tried again in some seconds',
    async ([, reaction, lastError, WEBHOOK_TIMEOUT_MS = 20_000]) => {
      const { rig, receiver } = await openTelling({ WEBHOOK_TIMEOUT_MS });
      receiver.react(reaction);
      await rig.work();
      const id = await rig.render();
      const job = await told(rig, id, 'delayed');
      expect(job.attemptsMade).toBe(1);
      expect(job.data.lastError).toMatch(lastError);
      expect(job.delay).toBeGreaterThanOrEqual(4500);
      expect(job.delay).toBeLessThanOrEqual(5500);
      expect(await letterOf(rig, job.id ?? '')).toBeUndefined();
    },
  );

  test('redirects: where it points to never gets a request', async () => {
    const { rig, receiver, secret } = await openTelling();
    const target = await startReceiver(secret);
    receiver.react((response) => void response.writeHead(307, { location: `${target.url}/in` }).end());
    await rig.work();
    const job = await told(rig, await rig.render(), 'delayed');
    expect(job.data.lastError).toBe('HTTP 307, and redirects are not followed');
    expect(receiver.received).toHaveLength(1);
    expect(target.connections()).toBe(0);
  });

  test('asks for more time, and gets it', async () => {
    const { rig, receiver } = await openTelling();
    receiver.react((response) => void response.writeHead(429, { 'retry-after': '600' }).end());
    await rig.work();
    const job = await told(rig, await rig.render(), 'delayed');
    expect(job.delay).toBeGreaterThan(590_000);
    expect(job.delay).toBeLessThanOrEqual(600_000);
  });

  test('wants no more (410): a dead letter at once', async () => {
    const { rig, receiver } = await openTelling();
    receiver.react((response) => void response.writeHead(410).end());
    const worker = await rig.work();
    const id = await rig.render();
    const job = await told(rig, id, 'failed');
    expect(receiver.received).toHaveLength(1);
    expect(await letterOf(rig, job.id ?? '')).toMatchObject({
      renderId: id,
      state: 'completed',
      attempts: 1,
      lastError: 'HTTP 410: the receiver wants no more webhooks',
    });
    expect(job.failedReason).toMatch(/^webhook_not_delivered: HTTP 410/);
    const metrics = await (await fetch(`${worker.url}/metrics`)).text();
    expect(metrics).toMatch(/^darkroom_webhooks_total\{outcome="dead"\} 1$/m);
    expect(metrics).toMatch(/^darkroom_webhook_dead_letters_total 1$/m);
    // The render is not to blame.
    expect((await rig.ended(id)).status).toBe('completed');
  });

  test('never takes it: a dead letter after a day of tries; told again it comes under the same id', async () => {
    const { rig, receiver } = await openTelling();
    receiver.react((response) => void response.writeHead(503).end());
    await rig.work();
    const id = await rig.render();
    const message = webhookId(id, 'completed', 0, 0);
    let waited = 0;
    for (let tries = 1; tries <= 7; tries += 1) {
      const job = await told(rig, id, 'delayed');
      expect(job.attemptsMade).toBe(tries);
      waited += job.delay;
      await job.promote();
      await until(() => receiver.received.length === tries + 1);
    }
    await told(rig, id, 'failed');
    expect(waited / 3_600_000).toBeGreaterThan(21);
    expect(await letterOf(rig, message)).toMatchObject({ attempts: 8, lastError: 'HTTP 503' });
    expect(await findDeliveries(rig.queues, id)).toMatchObject([{ status: 'failed', attempts: 8 }]);

    receiver.react((response) => void response.writeHead(200).end('thanks'));
    expect(await redeliverWebhook(rig.queues, message)).toBe(true);
    await told(rig, id, 'completed');
    expect(new Set(receiver.received.map((one) => one.id))).toEqual(new Set([message]));
    expect(receiver.received).toHaveLength(9);
    expect(await letterOf(rig, message)).toBeUndefined();
    expect(await findDeliveries(rig.queues, id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  });

  test('hears nothing of a death that was redriven since and ended well', async () => {
    const { rig, receiver } = await openTelling();
    rig.simulator.faults.add({ kind: 'refuse_content' });
    receiver.react((response) => void response.writeHead(500).end());
    await rig.work();
    const id = await rig.render();
    const death = webhookId(id, 'failed', 0, 0);
    const waiting = await told(rig, id, 'delayed', death);
    receiver.react((response) => void response.writeHead(204).end());
    await rig.redrive(id);
    await told(rig, id, 'completed', webhookId(id, 'completed', 1, 0));
    await waiting.promote();
    await told(rig, id, 'completed', death);
    expect(receiver.received.map(({ event }) => event.type)).toEqual(['render.failed', 'render.completed']);
    const { logs } = await rig.queues.webhook.getJobLogs(death);
    expect(logs.at(-1)).toMatch(/superseded: the render is completed by now/);
  });

  test('hears of a second death as of the first, under another id', async () => {
    const { rig, receiver } = await openTelling();
    rig.simulator.faults.add({ kind: 'refuse_content', times: 2 });
    await rig.work();
    const id = await rig.render();
    await told(rig, id, 'completed', webhookId(id, 'failed', 0, 0));
    await rig.redrive(id);
    await told(rig, id, 'completed', webhookId(id, 'failed', 1, 0));
    expect(receiver.received.map((message) => message.id)).toEqual([
      webhookId(id, 'failed', 0, 0),
      webhookId(id, 'failed', 1, 0),
    ]);
  });
});
