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
import { putCompleted } from '../support/completed-renders.ts';
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
  test('a queued render has its position, and no ETA while too few renders have completed', async () => {
    const harness = await openHarness();
    const [first, second] = [await putJob(harness), await putJob(harness)];
    const unknown = { eta: null, eta_p90: null, eta_reason: 'too_few_samples' };
    const provider = { progress: null, position: null, position_reason: 'not_at_provider' };
    expect(await read(harness, first.renderId)).toMatchObject({
      status: 'queued',
      queue_position: 1,
      started_at: null,
      completed_at: null,
      provider,
      ...unknown,
    });
    expect(await read(harness, second.renderId)).toMatchObject({
      queue_position: 2,
      webhook: null,
      ...unknown,
    });
  });

  test('a queued render has an ETA from the quota and recent renders; while something stops it, the reason', async () => {
    const harness = await openHarness({ settings: { TOAPIS_SUBMIT_PER_SECOND: 2 } });
    await putCompleted(harness, { tookMs: 15_000 });
    const { renderId } = await putJob(harness);
    const { eta, eta_p90, eta_reason } = await read(harness, renderId);
    const wait = Date.parse(eta ?? '') - Date.now();
    expect(wait).toBeGreaterThan(13_000);
    expect(wait).toBeLessThan(30_000);
    expect(Date.parse(eta_p90 ?? '')).toBeGreaterThanOrEqual(Date.parse(eta ?? ''));
    expect(eta_reason).toBeNull();
    // What keeps renders waiting is read at most once per second.
    const readsReason = async (reason: string | null) =>
      until(async () => {
        const render = await read(harness, renderId);
        expect(render.queue_position).toBe(1);
        expect(render.eta === null).toBe(render.eta_reason !== null);
        return render.eta_reason === reason;
      });
    for (const queue of ['submit', 'render'] as const) {
      await harness.queues[queue].pause();
      await readsReason('paused');
      await harness.queues[queue].resume();
      await readsReason(null);
    }
    await addAccountStop(harness.queues, ACCOUNT_STOP);
    await readsReason('account');
  });

  test('a running render has its start, what the provider reported, and an ETA from recent renders', async () => {
    const now = ASKED + 2_400;
    const harness = await openHarness({
      wrap: (deps) => ({ ...deps, clock: { ...deps.clock, now: () => now } }),
    });
    // They took a second longer than the present one has taken so far.
    await putCompleted(harness, { tookMs: 3_000 });
    const poll = { taskId: 'task_1', acceptedAt: bought.acceptedAt, deadlineAt: ASKED, polls: 1 };
    const put = async (reported: { progress: number; lastPendingAt?: number }) =>
      await putJob(harness, { at: { step: 'poll', ...poll, ...reported }, purchases: [bought] });
    const { renderId } = await put({ progress: 40, lastPendingAt: now });
    const render = await read(harness, renderId);
    expect(render).toMatchObject({
      status: 'rendering',
      queue_position: null,
      started_at: new Date(bought.acceptedAt).toISOString(),
      completed_at: null,
      provider: { progress: 40, position: null, position_reason: 'not_reported' },
      eta_reason: null,
    });
    const took = Date.parse(render.eta ?? '') - bought.acceptedAt;
    expect(took).toBeGreaterThanOrEqual(3_000);
    expect(took).toBeLessThan(13_000);
    // Before its first report, the progress is not known.
    const silent = await put({ progress: 0 });
    expect((await read(harness, silent.renderId)).provider.progress).toBeNull();
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
      eta_p90: null,
      eta_reason: 'ended',
      provider: { progress: null, position: null, position_reason: 'not_at_provider' },
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
