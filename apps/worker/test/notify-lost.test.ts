import { randomBytes } from 'node:crypto';
import { webhookId } from '@darkroom/shared/queues';
import { receiptKey } from '@darkroom/shared/render';
import { latch, requires, service, startProxy, until } from '@darkroom/testkit';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { findDeliveries } from '../../producer/src/backends/webhook-deliveries.ts';
import { startReceiver } from './receiver.ts';
import { openRig } from './rig.ts';
import { spawnWorker } from './spawn-worker.ts';
import { letterOf, newSecret, openTelling, told, toldToHolders } from './telling.ts';

requires('redis').describe('a webhook', () => {
  test('whose worker is killed in the middle of it is told again by another, under the same id', async () => {
    const secret = newSecret();
    const receiver = await startReceiver(secret);
    receiver.react(() => undefined);
    const rig = await openRig();
    const env = {
      ALLOW_PRIVATE_HOSTS: 'true',
      WEBHOOK_URLS: receiver.url,
      WEBHOOK_SECRETS: secret,
      WEBHOOK_TIMEOUT_MS: '60000',
    };
    const victim = spawnWorker(rig, env);
    const id = await rig.render();
    await until(() => receiver.received.length === 1);
    await victim.kill('SIGKILL');
    receiver.react((response) => void response.writeHead(204).end());
    spawnWorker(rig, env);
    const job = await told(rig, id, 'completed');
    expect(receiver.received.map((message) => message.id)).toEqual([job.id, job.id]);
    expect(await findDeliveries(rig.queues, id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  }, 60_000);

  test('that was taken while the queue went away is not lost: at worst it is told again, under the same id', async () => {
    const proxy = await startProxy(service('redis').url);
    const { rig, receiver } = await openTelling({ QUEUE_URL: proxy.url });
    const taken = latch();
    receiver.react((response) => {
      receiver.react((again) => void again.writeHead(204).end());
      void proxy.refuse().then(() => {
        response.once('close', () => taken.open());
        response.writeHead(204).end();
      });
    });
    // The queue must not go away before the worker is up, and the render is to be canceled before it runs.
    await rig.queues.render.pause();
    await rig.work();
    const id = await rig.render();
    await rig.mark(id);
    await rig.queues.render.resume();
    await taken.wait();
    await proxy.resume();
    const message = webhookId(id, 'canceled', 0, 0);
    await told(rig, id, 'completed', message);
    expect(new Set(receiver.received.map((one) => one.id))).toEqual(new Set([message]));
    expect(await letterOf(rig, message)).toBeUndefined();
  }, 60_000);

  test.for([
    ['receipt', 'the receipt of the render is gone from the store'],
    ['URL', 'its URL is gone from the store'],
  ] as const)('whose %s was deleted is a dead letter that says so', async ([what, lastError]) => {
    const { rig, receiver } = await openTelling();
    receiver.react((response) => void response.writeHead(500).end());
    await rig.work();
    const id = await rig.render();
    const waiting = await told(rig, id, 'delayed');
    const { to } = waiting.data;
    await rig.store.delete(what === 'receipt' ? receiptKey(id) : to.kind === 'url' ? '' : to.key);
    await waiting.promote();
    await told(rig, id, 'failed');
    expect(await letterOf(rig, waiting.id ?? '')).toMatchObject({ lastError, attempts: 2 });
    expect(receiver.received).toHaveLength(1);
  });

  test('of a render whose receipt cannot be read is a dead letter, not an endless error', async () => {
    const { rig, receiver } = await openTelling();
    receiver.react((response) => void response.writeHead(500).end());
    await rig.work();
    const id = await rig.render();
    const waiting = await told(rig, id, 'delayed');
    await rig.store.put(receiptKey(id), '{"v":1,"half":', { contentType: 'application/json' });
    await waiting.promote();
    await told(rig, id, 'failed');
    expect((await letterOf(rig, waiting.id ?? ''))?.lastError).toMatch(/^a bug: /);
  });

  test('of a render that died twice tells both deaths, each under its own id, also when the first was not taken', async () => {
    const { rig, receiver } = await openTelling();
    rig.simulator.faults.add({ kind: 'refuse_content', times: 2 });
    receiver.react((response) => void response.writeHead(500).end());
    await rig.work();
    const id = await rig.render();
    const [first, second] = [webhookId(id, 'failed', 0, 0), webhookId(id, 'failed', 1, 0)];
    const waiting = await told(rig, id, 'delayed', first);
    receiver.react((response) => void response.writeHead(204).end());
    await rig.redrive(id);
    await told(rig, id, 'completed', second);
    await waiting.promote();
    await told(rig, id, 'completed', first);
    expect(receiver.received.map((message) => message.id)).toEqual([first, second, first]);
  });
});

requires('redis').describe('signatures', () => {
  test('of very many secrets reach a receiver that holds any of them', async () => {
    const secrets = Array.from({ length: 150 }, () => newSecret());
    const receivers = await toldToHolders(secrets, [secrets[0] ?? '', secrets[149] ?? '']);
    expect(receivers.map(({ received }) => received.length)).toEqual([1, 1]);
  });

  test('are of the moment of each try, and of its very bytes', async () => {
    const { rig, receiver, secret } = await openTelling();
    receiver.react((response) => void response.writeHead(500).end());
    await rig.work();
    const id = await rig.render();
    const waiting = await told(rig, id, 'delayed');
    const [message] = receiver.received;
    if (!message) throw new Error('nothing came');
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
    await told(rig, id, 'completed');
    const again = Number(receiver.received[1]?.headers['webhook-timestamp']);
    expect(again).toBeGreaterThanOrEqual(late);
    expect(receiver.received[1]?.headers['webhook-signature']).not.toBe(message.headers['webhook-signature']);
  });
});
