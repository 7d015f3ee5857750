import { cleanup, until } from '@darkroom/testkit';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import {
  deliveriesOf,
  type Engine,
  messageId,
  type NotifyJob,
  notifyOptions,
  type Queues,
  randomRenderId,
  redeliver,
} from '../../src/index.ts';
import { onEachEngine } from './engines.ts';

onEachEngine('webhooks of a render', (queues, engine) => {
  test('are found by its id: every end, every URL, newest first', async () => {
    const renderId = randomRenderId();
    const ids = [
      messageId(renderId, 'failed', 0, 0),
      messageId(renderId, 'failed', 0, 1),
      messageId(renderId, 'failed', 1, 0),
      messageId(renderId, 'completed', 2, 0),
    ];
    for (const [index, id] of ids.entries()) await tell(queues(), id, { renderId }, 1000 + index);
    await tell(queues(), messageId(randomRenderId(), 'failed', 0, 0), {});
    const found = await deliveriesOf(queues(), renderId);
    expect(found.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(found[0]).toMatchObject({ status: 'pending', attempts: 0, createdAt: 1003, job: { renderId } });
    expect(found[0]).not.toHaveProperty('nextAttemptAt');
    expect(await deliveriesOf(queues(), randomRenderId())).toEqual([]);
  });

  test('tell how they go: the next try, the last error, and the end', async () => {
    const renderId = randomRenderId();
    const id = messageId(renderId, 'failed', 0, 0);
    let runs = 0;
    work(engine(), async (job) => {
      runs += 1;
      if (runs > 1) return;
      await job.updateData({ ...job.data, lastError: 'HTTP 500', nextTryAt: 4_000_000_000_000 });
      throw new Error('again');
    });
    await tell(queues(), id, { renderId }, undefined, { type: 'fixed', delay: 3_600_000 });
    const pending = await until(async () => {
      const [first] = await deliveriesOf(queues(), renderId);
      return first?.nextAttemptAt ? first : undefined;
    });
    expect(pending).toMatchObject({
      status: 'pending',
      attempts: 1,
      nextAttemptAt: 4_000_000_000_000,
      lastError: 'HTTP 500',
    });
    // One that waits is tried now.
    expect(await redeliver(queues(), id)).toBe(true);
    const delivered = await until(async () =>
      (await deliveriesOf(queues(), renderId)).find(({ status }) => status === 'delivered'),
    );
    expect(delivered).toMatchObject({ id, attempts: 2 });
    expect(delivered).not.toHaveProperty('lastError');
  });

  test('are told again under the same id, with fresh tries and without the dead letter', async () => {
    const renderId = randomRenderId();
    const id = messageId(renderId, 'failed', 0, 0);
    const tries: number[] = [];
    work(engine(), async (job) => {
      tries.push(job.attemptsMade);
      if (tries.length === 1) throw new UnrecoverableError('gone');
    });
    await tell(queues(), id, { renderId, lastError: 'gone' });
    await until(async () => (await queues().notify.getJobState(id)) === 'failed');
    expect(await deliveriesOf(queues(), renderId)).toMatchObject([{ status: 'failed', lastError: 'gone' }]);
    await letter(queues(), id, renderId);

    expect(await redeliver(queues(), id)).toBe(true);
    expect(await queues().notifyDeadLetter.getJob(id)).toBeUndefined();
    await until(async () => (await queues().notify.getJobState(id)) === 'completed');
    // Delivered, and once more all the same.
    expect(await redeliver(queues(), id)).toBe(true);
    await until(() => tries.length === 3);
    expect(tries).toEqual([0, 0, 0]);
  });

  test('whose job is gone live on as dead letters, and can be told again', async () => {
    const renderId = randomRenderId();
    const id = messageId(renderId, 'failed', 0, 0);
    await letter(queues(), id, renderId);
    expect(await deliveriesOf(queues(), renderId)).toMatchObject([
      { id, status: 'failed', attempts: 8, lastError: 'HTTP 500' },
    ]);
    expect(await redeliver(queues(), id)).toBe(true);
    expect(await queues().notifyDeadLetter.getJob(id)).toBeUndefined();
    expect(await deliveriesOf(queues(), renderId)).toMatchObject([{ id, status: 'pending', attempts: 0 }]);
    expect(await redeliver(queues(), 'msg_of_nobody')).toBe(false);
  });
});

const message = (data: Partial<NotifyJob>): NotifyJob => ({
  renderId: 'r',
  tenant: 'acme',
  state: 'failed',
  to: { kind: 'url', url: 'https://hooks.example.com/in' },
  endedAt: 1,
  ...data,
});

async function tell(
  queues: Queues,
  id: string,
  data: Partial<NotifyJob>,
  timestamp?: number,
  backoff?: { type: string; delay: number },
): Promise<void> {
  const opts = {
    ...notifyOptions(id),
    ...(timestamp ? { timestamp } : {}),
    ...(backoff ? { backoff } : {}),
  };
  await queues.notify.add('failed', message(data), opts);
}

async function letter(queues: Queues, id: string, renderId: string): Promise<void> {
  const data = { ...message({ renderId, lastError: 'HTTP 500' }), attempts: 8, diedAt: 2 };
  await queues.notifyDeadLetter.add('failed', data, { jobId: id });
}

function work(engine: Engine, processor: Parameters<typeof engine.worker<NotifyJob, void>>[1]): void {
  const worker = engine.worker<NotifyJob, void>('notify', processor);
  cleanup(() => worker.close());
}
