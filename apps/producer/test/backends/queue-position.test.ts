import type { TenantShares } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import type { LaneName, Queues } from '@darkroom/shared/queues';
import { LANES, renderJob, tenantLine } from '@darkroom/shared/queues';
import { DATA_VERSION, drawRenderId, submitJobId } from '@darkroom/shared/render';
import { expect, test } from 'vitest';
import { findQueuePosition } from '../../src/backends/index.ts';
import { onEachEngine } from '../support/engines.ts';
import { createCheckpoint } from '../support/fake-worker.ts';

/** The submit child of a render, as its worker adds it. */
function submitJob(
  renderId: string,
  priority: LaneName,
  more: { timestamp?: number; delay?: number; priority?: number; tenant?: string } = {},
) {
  const { request } = createCheckpoint();
  const { tenant = 'default', ...options } = more;
  return {
    name: '1K',
    data: {
      version: DATA_VERSION,
      renderId,
      provider: 'toapis',
      attempt: 1,
      tenant,
      request: { ...request, priority },
    } as const,
    opts: { jobId: submitJobId(renderId, 1), priority: tenantLine(priority, tenant), ...options },
  };
}

const EQUAL: TenantShares = { others: 1, own: new Map() };

onEachEngine('the queue position of a render', (queues, engine) => {
  const positionOf = (
    _: Queues,
    renderId: string,
    priority: LaneName,
    { tenant = 'default', shares = EQUAL, reads = engine() as Pick<Engine, keyof Engine> } = {},
  ) =>
    findQueuePosition(
      { engine: reads, queues: queues() },
      { renderId, tenant, attempt: 1, priority },
      shares,
    );

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

  test('findQueuePosition() counts what is submitted before a render by the shares of the tenants', async () => {
    const ids = {
      acme: Array.from({ length: 60 }, drawRenderId),
      other: Array.from({ length: 10 }, drawRenderId),
    };
    await queues().submit.addBulk([
      submitJob(drawRenderId(), 'interactive', { tenant: 'third' }),
      submitJob(drawRenderId(), 'batch', { tenant: 'acme', priority: LANES.batch.front }),
      ...ids.acme.map((id) => submitJob(id, 'batch', { tenant: 'acme' })),
      ...ids.other.map((id) => submitJob(id, 'batch', { tenant: 'other' })),
    ]);
    const read = async (tenant: 'acme' | 'other', index: number, shares = EQUAL) =>
      await positionOf(queues(), ids[tenant][index] as string, 'batch', { tenant, shares });
    // One is interactive, one is at the front. Then one of each tenant in turn, until `other` has none left.
    expect(await read('other', 0)).toBe(1 + 2 + 1);
    expect(await read('other', 9)).toBe(2 + 20);
    expect(await read('acme', 9)).toBe(2 + 20);
    expect(await read('acme', 59)).toBe(2 + 70);
    const three = { others: 1, own: new Map([['acme', 3]]) };
    expect(await read('other', 9, three)).toBe(2 + 40);
    expect(await read('acme', 29, three)).toBe(2 + 40);
  });

  test('findQueuePosition() counts the renders of other tenants that no worker has picked up by their shares', async () => {
    const checkpoints = (tenant: string, count: number) =>
      Array.from({ length: count }, () => ({
        ...createCheckpoint({ request: { ...createCheckpoint().request, priority: 'batch' } }),
        tenant,
      }));
    const [acme, other] = [checkpoints('acme', 400), checkpoints('other', 10)];
    await queues().submit.addBulk(
      Array.from({ length: 20 }, () => submitJob(drawRenderId(), 'batch', { tenant: 'acme' })),
    );
    await queues().render.addBulk([...acme, ...other].map(renderJob));
    const read = (tenant: string, renderId = '') => positionOf(queues(), renderId, 'batch', { tenant });
    expect(await read('other', other[9]?.renderId)).toBe(20);
    expect(await read('acme', acme[399]?.renderId)).toBe(430);
  });

  test('findQueuePosition() is exact in a lane of 5,000 renders, and reads no job', async () => {
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
    const calls: string[] = [];
    const reads = new Proxy(engine(), {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          calls.push(String(name));
          return value.apply(target, args) as unknown;
        };
      },
    });
    await positionOf(queues(), ids[4_321] as string, 'batch', { reads });
    expect(calls).toEqual(['countPriorities', 'countPriorities', 'findPriorityPlace']);
  }, 120_000);
});
