import { randomBytes } from 'node:crypto';
import {
  deliveriesOf,
  messageId,
  type ObjectStore,
  openStore,
  redeliver,
  type Settings,
  StoreError,
} from '@darkroom/shared';
import { cleanup, freshS3Url, needs, plantSecret, service, tempDir, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { startReceiver } from './receiver.ts';
import { hasty, openRig, type Rig } from './rig.ts';

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

/** A receiver, and a rig that tells it of every end. */
async function openTelling(settings: Partial<Settings> = {}) {
  const secret = newSecret();
  const receiver = await startReceiver(secret);
  const rig = await openRig({
    settings: {
      ALLOW_PRIVATE_HOSTS: true,
      WEBHOOK_TIMEOUT_MS: 2000,
      WEBHOOK_URLS: [{ value: `${receiver.url}/in` }],
      WEBHOOK_SECRETS: [{ value: secret }],
      PUBLIC_URL: 'https://darkroom.example.com',
      ...settings,
    },
  });
  return { rig, receiver, secret };
}

/** Renders, and waits for the end of the only message that comes of it, or for its next try. */
async function told(rig: Rig, id: string, state: 'completed' | 'failed' | 'delayed', message?: string) {
  const messageOf = message ?? messageId(id, 'completed', 0, 0);
  await until(async () => (await rig.queues.notify.getJobState(messageOf)) === state, { timeout: 15_000 });
  const job = await rig.queues.notify.getJob(messageOf);
  if (!job) throw new Error(`no message ${messageOf}`);
  return job;
}

const letterOf = async (rig: Rig, id: string) => (await rig.queues.notifyDeadLetter.getJob(id))?.data;

needs('redis').describe('telling the end of a render', () => {
  test('a completed render is told, signed, as the API tells it', async () => {
    const { rig, receiver } = await openTelling();
    await rig.work();
    const id = await rig.render({ run: 'night', metadata: { sku: '1042' } });
    const receipt = await rig.ended(id);
    await told(rig, id, 'completed');
    expect(receiver.received).toHaveLength(1);
    const [message] = receiver.received;
    expect(message).toMatchObject({ id: messageId(id, 'completed', 0, 0), path: '/in' });
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
    await told(rig, canceled, 'completed', messageId(canceled, 'canceled', 0, 0));
    const failed = await rig.render();
    await told(rig, failed, 'completed', messageId(failed, 'failed', 0, 0));
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
    await told(rig, id, 'completed', messageId(id, 'completed', 0, 1));
    expect([first, second].map(({ received }) => received.map((message) => message.id))).toEqual([
      [messageId(id, 'completed', 0, 0)],
      [messageId(id, 'completed', 0, 1)],
    ]);
    expect((await deliveriesOf(rig.queues, id)).map(({ status }) => status)).toEqual([
      'delivered',
      'delivered',
    ]);
  });

  test('nobody who wants to know, no message', async () => {
    const { rig } = await openTelling({ WEBHOOK_URLS: [] });
    await rig.work();
    const id = await rig.render();
    await rig.ended(id);
    expect(await deliveriesOf(rig.queues, id)).toEqual([]);
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
    const receivers = await Promise.all(secrets.map((secret) => startReceiver(secret)));
    const { rig } = await openTelling({
      WEBHOOK_SECRETS: secrets.map((value) => ({ value })),
      WEBHOOK_URLS: receivers.map(({ url }) => ({ value: url })),
    });
    await rig.work();
    const id = await rig.render();
    await told(rig, id, 'completed');
    await told(rig, id, 'completed', messageId(id, 'completed', 0, 1));
    for (const { received } of receivers) {
      expect(received[0]?.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    }
  });
});

needs('redis').describe('a receiver that does not take a message', () => {
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
    const [delivery] = await deliveriesOf(rig.queues, id);
    expect(delivery).toMatchObject({ status: 'pending', attempts: 1, nextAttemptAt: expect.any(Number) });

    const again = await startReceiver(secret, receiver.port);
    await waiting.promote();
    await told(rig, id, 'completed');
    expect(again.received.map((message) => message.id)).toEqual([waiting.id]);
    expect(await deliveriesOf(rig.queues, id)).toMatchObject([{ status: 'delivered', attempts: 2 }]);
  });

  test.for([
    ['500', (response) => void response.writeHead(500).end('no'), /^HTTP 500$/],
    ['404', (response) => void response.writeHead(404).end(), /^HTTP 404$/],
    ['no answer in time', () => undefined, /^no answer within 300 ms$/],
    ['a cut connection', (response) => void response.destroy(), /./],
  ] satisfies [string, Parameters<Awaited<ReturnType<typeof startReceiver>>['react']>[0], RegExp][])(
    'answers with %s: it is tried again in some seconds',
    async ([, reaction, lastError]) => {
      const { rig, receiver } = await openTelling({ WEBHOOK_TIMEOUT_MS: 300 });
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
    expect((await rig.ended(id)).state).toBe('completed');
  });

  test('never takes it: a dead letter after a day of tries; told again it comes under the same id', async () => {
    const { rig, receiver } = await openTelling();
    receiver.react((response) => void response.writeHead(503).end());
    await rig.work();
    const id = await rig.render();
    const message = messageId(id, 'completed', 0, 0);
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
    expect(await deliveriesOf(rig.queues, id)).toMatchObject([{ status: 'failed', attempts: 8 }]);

    receiver.react((response) => void response.writeHead(200).end('thanks'));
    expect(await redeliver(rig.queues, message)).toBe(true);
    await told(rig, id, 'completed');
    expect(new Set(receiver.received.map((one) => one.id))).toEqual(new Set([message]));
    expect(receiver.received).toHaveLength(9);
    expect(await letterOf(rig, message)).toBeUndefined();
    expect(await deliveriesOf(rig.queues, id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
  });

  test('hears nothing of a death that was redriven since and ended well', async () => {
    const { rig, receiver } = await openTelling();
    rig.simulator.faults.add({ kind: 'refuse_content' });
    receiver.react((response) => void response.writeHead(500).end());
    await rig.work();
    const id = await rig.render();
    const death = messageId(id, 'failed', 0, 0);
    const waiting = await told(rig, id, 'delayed', death);
    receiver.react((response) => void response.writeHead(204).end());
    await rig.redrive(id);
    await told(rig, id, 'completed', messageId(id, 'completed', 1, 0));
    await waiting.promote();
    await told(rig, id, 'completed', death);
    expect(receiver.received.map(({ event }) => event.type)).toEqual(['render.failed', 'render.completed']);
    const { logs } = await rig.queues.notify.getJobLogs(death);
    expect(logs.at(-1)).toMatch(/superseded: the render is completed by now/);
  });

  test('hears of a second death as of the first, under another id', async () => {
    const { rig, receiver } = await openTelling();
    rig.simulator.faults.add({ kind: 'refuse_content', times: 2 });
    await rig.work();
    const id = await rig.render();
    await told(rig, id, 'completed', messageId(id, 'failed', 0, 0));
    await rig.redrive(id);
    await told(rig, id, 'completed', messageId(id, 'failed', 1, 0));
    expect(receiver.received.map((message) => message.id)).toEqual([
      messageId(id, 'failed', 0, 0),
      messageId(id, 'failed', 1, 0),
    ]);
  });
});

needs('redis').describe('a message that cannot be sent', () => {
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

  test('to a name that resolves to a private address is one, too, and nobody is connected to', async () => {
    const { rig, receiver } = await openTelling({ ALLOW_PRIVATE_HOSTS: false });
    const url = `https://localhost:${receiver.port}/in`;
    await rig.work({ settings: { ALLOW_PRIVATE_HOSTS: false, WEBHOOK_URLS: [{ value: url }] } });
    const id = await rig.render();
    const job = await told(rig, id, 'failed');
    expect((await letterOf(rig, job.id ?? ''))?.lastError).toBe(
      'localhost resolves to an address that is not public',
    );
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
    expect(await deliveriesOf(rig.queues, id)).toMatchObject([{ status: 'delivered', attempts: 1 }]);
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

needs('redis', 's3').test('image URLs are signed anew in each try, where the store can sign', async () => {
  const { bucket: _, ...s3 } = service('s3');
  const store = await openStore({ storeUrl: freshS3Url(), dataDir: await tempDir(), s3, clock: hasty });
  cleanup(() => store.close());
  const { rig, receiver } = await openTelling();
  await rig.work({ store });
  const id = await rig.render();
  await told(rig, id, 'completed');
  const image = receiver.received[0]?.event.data.image;
  expect(image?.url).toMatch(/X-Amz-Signature=/);
  const bytes = await (await fetch(image?.url ?? '')).arrayBuffer();
  expect(bytes.byteLength).toBe(image?.bytes);
  const job = await rig.queues.notify.getJob(messageId(id, 'completed', 0, 0));
  expect(JSON.stringify(job?.data)).not.toMatch(/X-Amz/);
});
