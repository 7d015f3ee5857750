import { renderDetailSchema, renderListSchema } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import {
  type AccountStop,
  addAccountStop,
  type WebhookJob,
  webhookId,
  webhookJobOptions,
} from '@darkroom/shared/queues';
import { DATA_VERSION, type Failure } from '@darkroom/shared/render';
import { requires, service, startProxy, until } from '@darkroom/testkit';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { ASKED, putJob, putReceipt } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness } from '../support/harness.ts';

async function read(harness: Harness, id: string, headers: Record<string, string> = {}) {
  const response = await harness.get(`/v1/renders/${id}`, headers);
  expect(response.status).toBe(200);
  return renderDetailSchema.parse(await response.json());
}

const webhookOf = (renderId: string, more: Partial<WebhookJob> = {}): WebhookJob => ({
  version: DATA_VERSION,
  renderId,
  tenant: 'default',
  status: 'completed',
  to: { kind: 'url', url: 'https://hooks.example.com/darkroom' },
  endedAt: ASKED,
  ...more,
});

const ACCOUNT_STOP: AccountStop = {
  version: DATA_VERSION,
  kind: 'account',
  reason: 'insufficient_quota',
  since: ASKED,
  refusals: 1,
  creatorToken: 't',
};

async function addWebhook(harness: Harness, job: WebhookJob, end = 0, index = 0) {
  const id = webhookId(job.renderId, job.status, end, index);
  await harness.queues.webhook.add(job.status, job, webhookJobOptions(id));
}

const bought = {
  provider: 'toapis' as const,
  attempt: 1,
  taskId: 'task_1',
  acceptedAt: ASKED + 400,
  costMicros: 30_000,
  outcome: 'accepted' as const,
};

requires('redis').describe('the details of GET /v1/renders/{id}', () => {
  test('a queued render has its position and an ETA, which the quota and the expected duration make', async () => {
    const now = ASKED + 60_000;
    const harness = await openHarness({
      settings: { TOAPIS_SUBMIT_PER_SECOND: 2, EXPECTED_LATENCY_MS: 15_000 },
      wrap: (deps) => ({ ...deps, clock: { ...deps.clock, now: () => now } }),
    });
    const [first, second] = [await putJob(harness), await putJob(harness)];
    const [one, two] = [await read(harness, first.renderId), await read(harness, second.renderId)];
    expect(one).toMatchObject({ status: 'queued', queue_position: 1, started_at: null, completed_at: null });
    expect(two).toMatchObject({ queue_position: 2, webhook: null });
    expect([one.eta, two.eta].map((eta) => Date.parse(eta ?? '') - now)).toEqual([15_500, 16_000]);
  });

  test('a queued render has a position and no ETA while submissions are paused or the account cannot buy', async () => {
    const harness = await openHarness();
    const { renderId } = await putJob(harness);
    // What keeps renders waiting is read at most once per second.
    const readsEta = async (isKnown: boolean) =>
      until(async () => {
        const { eta, queue_position: position } = await read(harness, renderId);
        expect(position).toBe(1);
        return (eta !== null) === isKnown;
      });
    for (const queue of ['submit', 'render'] as const) {
      await harness.queues[queue].pause();
      await readsEta(false);
      await harness.queues[queue].resume();
      await readsEta(true);
    }
    await addAccountStop(harness.queues, ACCOUNT_STOP);
    await readsEta(false);
  });

  test('a running render has its start, and an ETA from the duration of recent renders', async () => {
    const now = ASKED + 2_400;
    const harness = await openHarness({
      wrap: (deps) => ({ ...deps, clock: { ...deps.clock, now: () => now } }),
    });
    const image = {
      key: 'images/x.jpg',
      sha256: 'ab'.repeat(32),
      bytes: 9,
      width: 4,
      height: 3,
      contentType: 'image/jpeg',
      thumbnailKey: 'thumbnails/x.webp',
    };
    // A recent render, which took a second longer than the present one has taken so far.
    const worker = harness.engine.worker('render', async (job) => {
      const acceptedAt = Date.now() - 3_000;
      const purchases = [{ ...bought, acceptedAt }];
      await job.updateData({ ...(job.data as object), purchases, at: { step: 'finish', image } });
      return { status: 'completed', image, costMicros: 30_000 };
    });
    const recent = new Promise((resolve) => worker.once('completed', resolve));
    await putJob(harness);
    await recent;
    await worker.close();
    const poll = {
      taskId: 'task_1',
      acceptedAt: bought.acceptedAt,
      deadlineAt: ASKED,
      polls: 1,
      progress: 0,
    };
    const { renderId } = await putJob(harness, { at: { step: 'poll', ...poll }, purchases: [bought] });
    const render = await read(harness, renderId);
    expect(render).toMatchObject({
      status: 'rendering',
      queue_position: null,
      started_at: new Date(bought.acceptedAt).toISOString(),
      completed_at: null,
    });
    const took = Date.parse(render.eta ?? '') - bought.acceptedAt;
    expect(took).toBeGreaterThanOrEqual(3_000);
    expect(took).toBeLessThan(13_000);
  });

  test('a completed render has its start and its end; a failed one has no `completed_at`', async () => {
    const harness = await openHarness();
    const { renderId, finishedAt } = await putReceipt(harness);
    const end = new Date(finishedAt).toISOString();
    expect(await read(harness, renderId)).toMatchObject({
      started_at: new Date(ASKED + 400).toISOString(),
      completed_at: end,
      updated_at: end,
      queue_position: null,
      eta: null,
    });
    const failure: Failure = { code: 'task_lost', message: 'm', step: 'poll', at: ASKED, chain: [] };
    const failed = await putReceipt(harness, { status: 'failed', failure });
    expect(await read(harness, failed.renderId)).toMatchObject({
      completed_at: null,
      updated_at: end,
      error: {
        code: 'task_lost',
        type: `${harness.url}/problems/task_lost`,
        retryable: false,
      },
    });
  });

  test('an ended render has the state of its webhook: pending, failed and delivered', async () => {
    const harness = await openHarness();
    const { renderId } = await putReceipt(harness);
    expect((await read(harness, renderId)).webhook).toBeNull();
    await addWebhook(harness, webhookOf(renderId));
    expect((await read(harness, renderId)).webhook).toEqual({
      status: 'pending',
      attempts: 0,
      last_error: null,
      next_attempt_at: null,
    });
    const fail = async (run: () => Promise<void>, event: 'failed' | 'completed') => {
      const worker = harness.engine.worker<WebhookJob, void>('webhook', run as never);
      await new Promise<unknown>((resolve) => worker.once(event as 'failed', resolve));
      await worker.close();
    };
    await fail(async (...[job]: unknown[]) => {
      const { data, updateData } = job as { data: WebhookJob; updateData(data: WebhookJob): Promise<void> };
      await updateData.call(job, { ...data, lastError: 'HTTP 500' });
      throw new UnrecoverableError('HTTP 500');
    }, 'failed');
    expect((await read(harness, renderId)).webhook).toEqual({
      status: 'failed',
      attempts: 1,
      last_error: 'HTTP 500',
      next_attempt_at: null,
    });
    const redelivered = await fetch(`${harness.url}/v1/renders/${renderId}/deliveries/redeliver`, {
      method: 'POST',
    });
    expect(redelivered.status).toBe(202);
    await fail(async () => undefined, 'completed');
    expect((await read(harness, renderId)).webhook).toMatchObject({ status: 'delivered', last_error: null });
  });

  test('the webhook is that of the latest end, and the one that is furthest from delivered', async () => {
    const harness = await openHarness();
    const { renderId } = await putReceipt(harness);
    await addWebhook(
      harness,
      webhookOf(renderId, { status: 'failed', lastError: 'old', endedAt: ASKED - 1 }),
      0,
    );
    await addWebhook(harness, webhookOf(renderId), 1, 0);
    const worker = harness.engine.worker<WebhookJob, void>('webhook', async () => undefined);
    await new Promise<unknown>((resolve) => {
      let left = 2;
      worker.on('completed', () => --left === 0 && resolve(undefined));
    });
    await worker.close();
    expect((await read(harness, renderId)).webhook).toMatchObject({ status: 'delivered' });
    await addWebhook(harness, webhookOf(renderId, { lastError: 'HTTP 500' }), 1, 1);
    expect((await read(harness, renderId)).webhook).toMatchObject({
      status: 'pending',
      last_error: 'HTTP 500',
    });
  });

  test('a completed render is answered without the details while the queue is away', async () => {
    const proxy = await startProxy(service('redis').url);
    const harness = await openHarness({ queueUrl: proxy.url });
    const { renderId } = await putReceipt(harness);
    await proxy.refuse();
    expect(await read(harness, renderId)).toMatchObject({ status: 'completed', webhook: null, eta: null });
  });

  test('lists contain the start and the end of a render, and none of the costly details', async () => {
    const harness = await openHarness();
    const { finishedAt } = await putReceipt(harness);
    const list = renderListSchema.parse(await (await harness.get('/v1/renders')).json());
    expect(list.data).toMatchObject([
      {
        started_at: new Date(ASKED + 400).toISOString(),
        completed_at: new Date(finishedAt).toISOString(),
      },
    ]);
    expect(list.data[0]).not.toHaveProperty('queue_position');
  });

  test('`url_expires_at` is the end of signed links, and null for links without an end', async () => {
    const { text, sha256 } = createApiKey();
    const keyed = await openHarness({
      settings: { API_KEYS: [{ tenant: 'default', roles: ['read'], sha256 }] },
    });
    const { renderId } = await putReceipt(keyed);
    const { image } = await read(keyed, renderId, { authorization: `Bearer ${text}` });
    const expires = Number(new URL(image?.url ?? '').searchParams.get('expires'));
    expect(expires).toBeGreaterThan(Date.now());
    expect(image?.url_expires_at).toBe(new Date(expires).toISOString());

    const keyless = await openHarness();
    const open = await putReceipt(keyless);
    expect((await read(keyless, open.renderId)).image?.url_expires_at).toBeNull();

    const signing = await openHarness({
      wrap: (deps) => ({
        ...deps,
        clock: { ...deps.clock, now: () => ASKED },
        store: Object.assign(Object.create(deps.store), {
          signedUrl: async (key: string) => `https://s3.example.com/${key}?X-Amz-Expires=3600`,
        }),
      }),
    });
    const signed = await putReceipt(signing);
    // S3 counts from the start of the second.
    expect((await read(signing, signed.renderId)).image?.url_expires_at).toBe('2026-11-22T17:00:45.000Z');
  });
});
