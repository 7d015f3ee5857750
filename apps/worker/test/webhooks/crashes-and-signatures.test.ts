import { randomBytes } from 'node:crypto';
import { webhookId } from '@darkroom/shared/queues';
import { receiptKey } from '@darkroom/shared/render';
import { latch, requires, service, startProxy, until } from '@darkroom/testkit';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { openHarness } from '../support/harness.ts';
import { refuse, startReceiver } from '../support/receiver.ts';
import { spawnWorker } from '../support/spawn-worker.ts';
import {
  deliverToSecretHolders,
  findWebhookDeadLetter,
  findWebhooks,
  newSecret,
  openWebhookHarness,
  waitForWebhook,
} from '../support/webhook-harness.ts';

requires('redis').describe('a webhook', () => {
  test('a webhook whose worker is killed is sent again by another worker, under the same id', async () => {
    const secret = newSecret();
    const receiver = await startReceiver(secret);
    receiver.react(() => undefined);
    const harness = await openHarness();
    const env = {
      ALLOW_PRIVATE_HOSTS: 'true',
      WEBHOOK_URLS: receiver.url,
      WEBHOOK_SECRETS: secret,
      WEBHOOK_TIMEOUT_MS: '60000',
    };
    const victim = spawnWorker(harness, env);
    const id = await harness.enqueue();
    await until(() => receiver.received.length === 1, { timeout: 60_000 });
    await victim.kill('SIGKILL');
    receiver.react((response) => void response.writeHead(204).end());
    spawnWorker(harness, env);
    const job = await waitForWebhook(harness, id, 'completed');
    expect(receiver.received.map((message) => message.id)).toEqual([job.id, job.id]);
    expect(await findWebhooks(harness, id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  }, 120_000);

  test('a webhook that was acknowledged while the queue went away is at worst sent again, under the same id', async () => {
    const proxy = await startProxy(service('redis').url);
    const { harness, receiver } = await openWebhookHarness({ QUEUE_URL: proxy.url });
    const taken = latch();
    receiver.react((response) => {
      receiver.react((again) => void again.writeHead(204).end());
      void proxy.refuse().then(() => {
        response.once('close', () => taken.open());
        response.writeHead(204).end();
      });
    });
    // The queue must not go away before the worker is up, and the render is to be canceled before it runs.
    await harness.queues.render.pause();
    await harness.startWorker();
    const id = await harness.enqueue();
    await harness.putCancelMarker(id);
    await harness.queues.render.resume();
    await taken.wait();
    await proxy.resume();
    const canceledId = webhookId(id, 'canceled', 0, 0);
    await waitForWebhook(harness, id, 'completed', canceledId);
    expect(new Set(receiver.received.map((one) => one.id))).toEqual(new Set([canceledId]));
    expect(await findWebhookDeadLetter(harness, canceledId)).toBeUndefined();
  }, 60_000);

  test.for([
    ['receipt', 'the receipt of the render is gone from the store'],
    ['URL', 'its URL is gone from the store'],
  ] as const)(
    'a webhook whose %s was deleted becomes a dead letter that says so',
    async ([what, lastError]) => {
      const { harness, receiver } = await openWebhookHarness();
      receiver.react(refuse);
      await harness.startWorker();
      const id = await harness.enqueue();
      const waiting = await waitForWebhook(harness, id, 'delayed');
      const { to } = waiting.data;
      await harness.store.delete(what === 'receipt' ? receiptKey(id) : to.kind === 'url' ? '' : to.key);
      await waiting.promote();
      await waitForWebhook(harness, id, 'failed');
      expect(await findWebhookDeadLetter(harness, waiting.id ?? '')).toMatchObject({
        lastError,
        attempts: 2,
      });
      expect(receiver.received).toHaveLength(1);
    },
  );

  test('a webhook of a render whose receipt cannot be read becomes a dead letter, not an endless error', async () => {
    const { harness, receiver } = await openWebhookHarness();
    receiver.react(refuse);
    await harness.startWorker();
    const id = await harness.enqueue();
    const waiting = await waitForWebhook(harness, id, 'delayed');
    await harness.store.put(receiptKey(id), '{"v":1,"half":', { contentType: 'application/json' });
    await waiting.promote();
    await waitForWebhook(harness, id, 'failed');
    expect((await findWebhookDeadLetter(harness, waiting.id ?? ''))?.lastError).toMatch(
      /^unexpected error: /,
    );
  });

  test('a render that failed twice has a webhook for each failure, under its own id, also if the first was not acknowledged', async () => {
    const { harness, receiver } = await openWebhookHarness();
    harness.simulator.faults.add({ kind: 'refuse_content', times: 2 });
    receiver.react(refuse);
    await harness.startWorker();
    const id = await harness.enqueue();
    const [first, second] = [webhookId(id, 'failed', 0, 0), webhookId(id, 'failed', 1, 0)];
    const waiting = await waitForWebhook(harness, id, 'delayed', first);
    receiver.react((response) => void response.writeHead(204).end());
    await harness.redrive(id);
    await waitForWebhook(harness, id, 'completed', second);
    await waiting.promote();
    await waitForWebhook(harness, id, 'completed', first);
    expect(receiver.received.map((message) => message.id)).toEqual([first, second, first]);
  });
});

requires('redis').describe('signatures', () => {
  test('the signatures of very many secrets reach a receiver that holds any of them', async () => {
    const secrets = Array.from({ length: 150 }, () => newSecret());
    const receivers = await deliverToSecretHolders(secrets, [secrets[0] ?? '', secrets[149] ?? '']);
    expect(receivers.map(({ received }) => received.length)).toEqual([1, 1]);
  });

  test('a signature is valid for one try, its time and its exact bytes', async () => {
    const { harness, receiver, secret } = await openWebhookHarness();
    receiver.react(refuse);
    await harness.startWorker();
    const id = await harness.enqueue();
    const waiting = await waitForWebhook(harness, id, 'delayed');
    const [message] = receiver.received;
    if (!message) throw new Error('no webhook received');
    const webhook = new Webhook(secret);
    expect(() => webhook.verify(message.body.replace('"completed"', '"failed"'), message.headers)).toThrow();
    const stolen = { ...message.headers, 'webhook-id': 'msg_another' };
    expect(() => webhook.verify(message.body, stolen)).toThrow();
    const late = Number(message.headers['webhook-timestamp']) + 1;
    const replayed = { ...message.headers, 'webhook-timestamp': String(late) };
    expect(() => webhook.verify(message.body, replayed)).toThrow();
    const other = new Webhook(`whsec_${randomBytes(32).toString('base64')}`);
    expect(() => other.verify(message.body, message.headers)).toThrow();

    receiver.react((response) => void response.writeHead(204).end());
    await until(() => Math.floor(Date.now() / 1000) >= late);
    await waiting.promote();
    await waitForWebhook(harness, id, 'completed');
    const again = Number(receiver.received[1]?.headers['webhook-timestamp']);
    expect(again).toBeGreaterThanOrEqual(late);
    expect(receiver.received[1]?.headers['webhook-signature']).not.toBe(message.headers['webhook-signature']);
  });
});
