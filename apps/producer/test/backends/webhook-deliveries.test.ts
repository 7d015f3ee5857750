import { type Engine } from '@darkroom/shared/engine';
import { type Queues, type WebhookJob, webhookId, webhookJobOptions } from '@darkroom/shared/queues';
import { DATA_VERSION, drawRenderId } from '@darkroom/shared/render';
import { cleanup, until } from '@darkroom/testkit';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { findDeliveries, redeliverWebhook } from '../../src/backends/index.ts';
import { onEachEngine } from '../support/engines.ts';

onEachEngine('the webhooks of a render', (queues, engine) => {
  test('findDeliveries finds every end and every URL of a render, newest first', async () => {
    const renderId = drawRenderId();
    const ids = [
      webhookId(renderId, 'failed', 0, 0),
      webhookId(renderId, 'failed', 0, 1),
      webhookId(renderId, 'failed', 1, 0),
      webhookId(renderId, 'completed', 2, 0),
    ];
    for (const [index, id] of ids.entries()) await addWebhook(queues(), id, { renderId }, 1000 + index);
    await addWebhook(queues(), webhookId(drawRenderId(), 'failed', 0, 0), {});
    const found = await findDeliveries(queues(), renderId);
    expect(found.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(found[0]).toMatchObject({ status: 'pending', attempts: 0, createdAt: 1003, job: { renderId } });
    expect(found[0]).not.toHaveProperty('nextAttemptAt');
    expect(await findDeliveries(queues(), drawRenderId())).toEqual([]);
  });

  test('a delivery shows its next attempt, its last error and its end', async () => {
    const renderId = drawRenderId();
    const id = webhookId(renderId, 'failed', 0, 0);
    let runs = 0;
    startWorker(engine(), async (job) => {
      runs += 1;
      if (runs > 1) return;
      await job.updateData({ ...job.data, lastError: 'HTTP 500', nextAttemptAt: 4_000_000_000_000 });
      throw new Error('again');
    });
    await addWebhook(queues(), id, { renderId }, undefined, { type: 'fixed', delay: 3_600_000 });
    const pending = await until(async () => {
      const [first] = await findDeliveries(queues(), renderId);
      return first?.nextAttemptAt ? first : undefined;
    });
    expect(pending).toMatchObject({
      status: 'pending',
      attempts: 1,
      nextAttemptAt: 4_000_000_000_000,
      lastError: 'HTTP 500',
    });
    // A webhook that waits is sent now.
    expect(await redeliverWebhook(queues(), id)).toBe(true);
    const delivered = await until(async () =>
      (await findDeliveries(queues(), renderId)).find(({ status }) => status === 'delivered'),
    );
    expect(delivered).toMatchObject({ id, attempts: 2 });
    expect(delivered).not.toHaveProperty('lastError');
  });

  test('a redelivery has the same id, gets all its attempts again and removes the dead letter', async () => {
    const renderId = drawRenderId();
    const id = webhookId(renderId, 'failed', 0, 0);
    const tries: number[] = [];
    startWorker(engine(), async (job) => {
      tries.push(job.attemptsMade);
      if (tries.length === 1) throw new UnrecoverableError('gone');
    });
    await addWebhook(queues(), id, { renderId, lastError: 'gone' });
    await until(async () => (await queues().webhook.getJobState(id)) === 'failed');
    expect(await findDeliveries(queues(), renderId)).toMatchObject([{ status: 'failed', lastError: 'gone' }]);
    await letter(queues(), id, renderId);

    expect(await redeliverWebhook(queues(), id)).toBe(true);
    expect(await queues().webhookDeadLetter.getJob(id)).toBeUndefined();
    await until(async () => (await queues().webhook.getJobState(id)) === 'completed');
    // Delivered, and once more all the same.
    expect(await redeliverWebhook(queues(), id)).toBe(true);
    await until(() => tries.length === 3);
    expect(tries).toEqual([0, 0, 0]);
  });

  test('a webhook whose job has left the queue is found as a dead letter and can be redelivered', async () => {
    const renderId = drawRenderId();
    const id = webhookId(renderId, 'failed', 0, 0);
    await letter(queues(), id, renderId);
    expect(await findDeliveries(queues(), renderId)).toMatchObject([
      { id, status: 'failed', attempts: 8, lastError: 'HTTP 500' },
    ]);
    expect(await redeliverWebhook(queues(), id)).toBe(true);
    expect(await queues().webhookDeadLetter.getJob(id)).toBeUndefined();
    expect(await findDeliveries(queues(), renderId)).toMatchObject([{ id, status: 'pending', attempts: 0 }]);
    expect(await redeliverWebhook(queues(), 'msg_unknown')).toBe(false);
  });
});

const message = (data: Partial<WebhookJob>): WebhookJob => ({
  version: DATA_VERSION,
  renderId: 'r',
  tenant: 'acme',
  status: 'failed',
  to: { kind: 'url', url: 'https://hooks.example.com/in' },
  endedAt: 1,
  ...data,
});

async function addWebhook(
  queues: Queues,
  id: string,
  data: Partial<WebhookJob>,
  timestamp?: number,
  backoff?: { type: string; delay: number },
): Promise<void> {
  const opts = {
    ...webhookJobOptions(id),
    ...(timestamp ? { timestamp } : {}),
    ...(backoff ? { backoff } : {}),
  };
  await queues.webhook.add('failed', message(data), opts);
}

async function letter(queues: Queues, id: string, renderId: string): Promise<void> {
  const data = { ...message({ renderId, lastError: 'HTTP 500' }), attempts: 8, diedAt: 2 };
  await queues.webhookDeadLetter.add('failed', data, { jobId: id });
}

function startWorker(engine: Engine, processor: Parameters<typeof engine.worker<WebhookJob, void>>[1]): void {
  const worker = engine.worker<WebhookJob, void>('webhook', processor);
  cleanup(() => worker.close());
}
