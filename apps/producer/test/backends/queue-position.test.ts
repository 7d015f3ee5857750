import type { Queues } from '@darkroom/shared/queues';
import { LANE, renderJob } from '@darkroom/shared/queues';
import { DATA_VERSION, drawRenderId, submitJobId } from '@darkroom/shared/render';
import { expect, test } from 'vitest';
import { findQueuePosition } from '../../src/backends/index.ts';
import { onEachEngine } from '../support/engines.ts';
import { createCheckpoint } from '../support/fake-worker.ts';

type Priority = keyof typeof LANE;

/** The submit child of a render, as its worker adds it. */
function submitJob(renderId: string, priority: Priority, more: { timestamp?: number; delay?: number } = {}) {
  const { request } = createCheckpoint();
  return {
    name: '1K',
    data: {
      version: DATA_VERSION,
      renderId,
      provider: 'toapis',
      attempt: 1,
      tenant: 'default',
      request: { ...request, priority },
    } as const,
    opts: { jobId: submitJobId(renderId, 1), priority: LANE[priority], ...more },
  };
}

const positionOf = (queues: Queues, renderId: string, priority: Priority) =>
  findQueuePosition(queues, { renderId, attempt: 1, priority });

onEachEngine('the queue position of a render', (queues, engine) => {
  test('findQueuePosition() counts interactive renders before batch renders, and each lane in its order', async () => {
    const [batch1, batch2, interactive1, interactive2] = Array.from({ length: 4 }, drawRenderId) as [
      string,
      string,
      string,
      string,
    ];
    await queues().submit.addBulk([
      submitJob(batch1, 'batch'),
      submitJob(batch2, 'batch'),
      submitJob(interactive1, 'interactive'),
      submitJob(interactive2, 'interactive'),
    ]);
    expect(await positionOf(queues(), interactive1, 'interactive')).toBe(1);
    expect(await positionOf(queues(), interactive2, 'interactive')).toBe(2);
    expect(await positionOf(queues(), batch1, 'batch')).toBe(3);
    expect(await positionOf(queues(), batch2, 'batch')).toBe(4);
  });

  test('findQueuePosition() counts all submissions before a render that no worker has picked up', async () => {
    await queues().submit.addBulk([
      submitJob(drawRenderId(), 'interactive'),
      submitJob(drawRenderId(), 'batch'),
      submitJob(drawRenderId(), 'batch'),
    ]);
    const checkpoints = (['interactive', 'batch', 'batch'] as const).map((priority) =>
      createCheckpoint({ request: { ...createCheckpoint().request, priority } }),
    );
    await queues().render.addBulk(checkpoints.map(renderJob));
    const positions = checkpoints.map(({ renderId, request }) =>
      positionOf(queues(), renderId, request.priority),
    );
    // The first one is overtaken only by its own lane. The others come after all three submissions.
    expect(await Promise.all(positions)).toEqual([2, 5, 6]);
  });

  test('findQueuePosition() puts a submission that waits for another try at the end of its lane', async () => {
    const late = drawRenderId();
    await queues().submit.addBulk([
      submitJob(late, 'interactive', { delay: 3_600_000 }),
      submitJob(drawRenderId(), 'interactive'),
      submitJob(drawRenderId(), 'interactive'),
      submitJob(drawRenderId(), 'batch'),
    ]);
    expect(await positionOf(queues(), late, 'interactive')).toBe(3);
  });

  test('findQueuePosition() answers 1 for a submission that is running, and that has just ended', async () => {
    const running = drawRenderId();
    await queues().submit.addBulk([submitJob(running, 'batch'), submitJob(drawRenderId(), 'batch')]);
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const worker = engine().worker('submit', async (job) => {
      if (job.id !== submitJobId(running, 1)) return;
      started.resolve();
      await release.promise;
    });
    const ended = new Promise((resolve) => worker.once('completed', resolve));
    await started.promise;
    expect(await positionOf(queues(), running, 'batch')).toBe(1);
    release.resolve();
    await ended;
    await worker.close();
    expect(await positionOf(queues(), running, 'batch')).toBe(1);
  });

  test('findQueuePosition() is exact in a lane of 5,000 renders, and reads a small part of it', async () => {
    const ids = Array.from({ length: 5_000 }, drawRenderId);
    // As bulk calls add them: 50 have the same time.
    const at = (index: number) => ({ timestamp: 1_700_000_000_000 + Math.floor(index / 50) });
    const first = drawRenderId();
    for (let from = 0; from < ids.length; from += 1_000) {
      const jobs = ids.slice(from, from + 1_000);
      await queues().submit.addBulk(jobs.map((id, index) => submitJob(id, 'batch', at(from + index))));
    }
    await queues().submit.addBulk([submitJob(first, 'interactive')]);
    for (const index of [0, 1, 777, 2_500, 4_321, 4_999]) {
      expect([index, await positionOf(queues(), ids[index] as string, 'batch')]).toEqual([index, index + 2]);
    }
    const reads = countReads(queues());
    await positionOf(reads.queues, ids[4_321] as string, 'batch');
    expect(reads.calls()).toBeLessThan(40);
    expect(reads.ids()).toBeLessThan(1_100);
  }, 120_000);
});

/** Queues that count their reads, and the ids that ranges return. */
function countReads(queues: Queues) {
  let calls = 0;
  let ids = 0;
  const submit = new Proxy(queues.submit, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        calls += 1;
        const result: unknown = await value.apply(target, args);
        if (name === 'getRanges') ids += (result as string[]).length;
        return result;
      };
    },
  });
  return { queues: { ...queues, submit }, calls: () => calls, ids: () => ids };
}
