import { type DeliveryListResponse, deliveryListSchema } from '@darkroom/api';
import {
  type WebhookDeadLetter,
  type WebhookJob,
  webhookId,
  webhookJobOptions,
} from '@darkroom/shared/queues';
import { DATA_VERSION, sumCost } from '@darkroom/shared/render';
import { requires, service, startProxy, until } from '@darkroom/testkit';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { createCheckpoint, enqueue } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const ENDED_AT = 1_700_000_000_000;
const NOWHERE = 'rnd_0123456789abcdef0123456789abcdef';

/** A render that has ended, as far as its webhooks are concerned. */
async function ended(harness: Harness): Promise<string> {
  const render = createCheckpoint();
  await enqueue(harness, render);
  return render.renderId;
}

const messageOf = (renderId: string, more: Partial<WebhookJob> = {}): WebhookJob => ({
  version: DATA_VERSION,
  renderId,
  tenant: 'default',
  status: 'completed',
  to: { kind: 'url', url: 'https://hooks.example.com/darkroom' },
  endedAt: ENDED_AT,
  ...more,
});

async function addWebhook(harness: Harness, job: WebhookJob, end = 0, index = 0): Promise<string> {
  const id = webhookId(job.renderId, job.status, end, index);
  await harness.queues.webhook.add(job.status, job, webhookJobOptions(id));
  return id;
}

/** Delivers one webhook: the receiver acknowledges it, or the delivery fails permanently. */
async function deliver(harness: Harness, taken: boolean) {
  const ended = Promise.withResolvers<void>();
  const worker = harness.engine.worker<WebhookJob, void>('webhook', async (job) => {
    if (taken) return;
    await job.updateData({ ...job.data, lastError: 'status 500' });
    throw new UnrecoverableError('status 500');
  });
  worker.once(taken ? 'completed' : 'failed', () => ended.resolve());
  await ended.promise;
  await worker.close();
}

async function deliveries(harness: Harness, id: string): Promise<DeliveryListResponse['data']> {
  const response = await harness.get(`/v1/renders/${id}/deliveries`);
  expect(response.status).toBe(200);
  return deliveryListSchema.parse(await response.json()).data;
}

const redeliver = (harness: Harness, id: string, query = '') =>
  fetch(`${harness.url}/v1/renders/${id}/deliveries/redeliver${query}`, { method: 'POST' });

async function redelivered(harness: Harness, id: string, query = ''): Promise<string[]> {
  const response = await redeliver(harness, id, query);
  expect(response.status).toBe(202);
  return deliveryListSchema.parse(await response.json()).data.map((delivery) => delivery.id);
}

requires('redis').describe('GET /v1/renders/{id}/deliveries', () => {
  test('the list of deliveries is empty before the end of a render, and without a webhook', async () => {
    const harness = await openHarness();
    expect(await deliveries(harness, await ended(harness))).toEqual([]);
  });

  test('the list of deliveries shows waiting, acknowledged and failed webhooks', async () => {
    const harness = await openHarness();
    const renderId = await ended(harness);
    const id = await addWebhook(harness, messageOf(renderId));
    const common = { id, object: 'delivery', render_id: renderId, event: 'render.completed' };
    expect(await deliveries(harness, renderId)).toEqual([
      {
        ...common,
        host: 'hooks.example.com',
        status: 'pending',
        attempts: 0,
        created_at: expect.any(String),
        next_attempt_at: null,
        last_error: null,
      },
    ]);
    await deliver(harness, false);
    expect(await deliveries(harness, renderId)).toMatchObject([
      { ...common, status: 'failed', attempts: 1, last_error: 'status 500' },
    ]);
    await redelivered(harness, renderId);
    await deliver(harness, true);
    expect(await deliveries(harness, renderId)).toMatchObject([
      { ...common, status: 'delivered', last_error: null },
    ]);
  });

  test('the list of deliveries shows dead letters of webhooks that left the queue, and only the host of a URL', async () => {
    const harness = await openHarness();
    const renderId = await ended(harness);
    const to = { kind: 'stored-url', key: `inputs/${'a'.repeat(64)}`, host: 'secret.example.com' } as const;
    const letter: WebhookDeadLetter = { ...messageOf(renderId, { to }), attempts: 12, diedAt: ENDED_AT };
    const id = webhookId(renderId, 'completed', 0, 0);
    await harness.queues.webhookDeadLetter.add('completed', letter, { jobId: id });
    const response = await harness.get(`/v1/renders/${renderId}/deliveries`);
    const text = await response.text();
    expect(text).not.toContain('inputs/');
    expect(deliveryListSchema.parse(JSON.parse(text)).data).toMatchObject([
      { id, status: 'failed', attempts: 12, host: 'secret.example.com' },
    ]);
  });

  test('a list and a redelivery include all receivers of a tenant, also if it has more than ten', async () => {
    const harness = await openHarness();
    const renderId = await ended(harness);
    const ids: string[] = [];
    for (let index = 0; index < 12; index += 1) {
      ids.push(await addWebhook(harness, messageOf(renderId), 0, index));
    }
    expect((await deliveries(harness, renderId)).map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect((await redelivered(harness, renderId)).sort()).toEqual([...ids].sort());
  });

  test('the list of deliveries is rejected for an unknown render, with parameters, and while the queue is away', async () => {
    const proxy = await startProxy(service('redis').url);
    const harness = await openHarness({ queueUrl: proxy.url });
    const others = createCheckpoint({ tenant: 'another' });
    await enqueue(harness, others);
    for (const id of [NOWHERE, others.renderId]) {
      const response = await harness.get(`/v1/renders/${id}/deliveries`);
      expect(await readProblem(response)).toMatchObject({ code: 'render_not_found' });
      expect(await readProblem(await redeliver(harness, id))).toMatchObject({ code: 'render_not_found' });
    }
    const response = await harness.get(`/v1/renders/${NOWHERE}/deliveries?limit=3`);
    expect(await readProblem(response)).toMatchObject({ status: 422, problems: [{ field: 'limit' }] });
    const renderId = await ended(harness);
    await proxy.refuse();
    const away = await harness.get(`/v1/renders/${renderId}/deliveries`);
    expect(await readProblem(away)).toMatchObject({ code: 'queue_unavailable' });
  });
});

requires('redis').describe('POST /v1/renders/{id}/deliveries/redeliver', () => {
  test('redeliver sends all webhooks of the latest end, and none of an earlier end', async () => {
    const harness = await openHarness();
    const renderId = await ended(harness);
    await (await harness.queues.render.getJob(renderId))?.remove();
    const { version, tenant, request, fingerprint, createdAt, purchases } = createCheckpoint({ renderId });
    const receipt = { version, renderId, tenant, request, fingerprint, createdAt, purchases };
    await harness.ledger.writeReceipt({
      ...receipt,
      status: 'completed',
      finishedAt: ENDED_AT,
      attempts: 0,
      cost: sumCost([]),
    });
    const early = await addWebhook(
      harness,
      messageOf(renderId, { status: 'failed', endedAt: ENDED_AT - 1 }),
      0,
    );
    await deliver(harness, true);
    const late = await addWebhook(harness, messageOf(renderId), 1);
    await deliver(harness, true);
    expect((await deliveries(harness, renderId)).map(({ id, status }) => [id, status])).toEqual([
      [late, 'delivered'],
      [early, 'delivered'],
    ]);
    expect(await redelivered(harness, renderId)).toEqual([late]);
    const now = await until(async () => {
      const all = await deliveries(harness, renderId);
      return all.some(({ status }) => status === 'pending') ? all : undefined;
    });
    expect(now.map(({ id, status }) => [id, status])).toEqual([
      [late, 'pending'],
      [early, 'delivered'],
    ]);
    expect(await redelivered(harness, renderId, `?delivery=${early}`)).toEqual([early]);
  });

  test('redeliver answers 404 before the end, for an unknown delivery and for another render', async () => {
    const harness = await openHarness();
    const [one, other] = [await ended(harness), await ended(harness)];
    const id = await addWebhook(harness, messageOf(one));
    for (const [render, query] of [
      [other, ''],
      [other, `?delivery=${id}`],
      [one, '?delivery=msg_unheard_of'],
      [one, '?delivery='],
    ] as const) {
      const problem = await readProblem(await redeliver(harness, render, query));
      expect(problem).toMatchObject({ status: 404, code: 'delivery_not_found', render_id: render });
    }
    const misspelt = await readProblem(await redeliver(harness, one, `?id=${id}`));
    expect(misspelt.problems).toEqual([
      { field: 'id', expected: 'one of delivery', received: 'unknown parameter' },
    ]);
  });
});
