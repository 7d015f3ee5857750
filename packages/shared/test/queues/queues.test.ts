import type { JobsOptions, Queue } from 'bullmq';
import { expect, test } from 'vitest';
import type { Engine, EngineQueueOptions } from '../../src/engine/index.ts';
import { openQueues, QUEUE } from '../../src/queues/index.ts';

/** The default job options with which `openQueues` opens each queue. */
function listJobOptions(kind: Engine['kind']): Record<string, JobsOptions | undefined> {
  const opened: Record<string, JobsOptions | undefined> = {};
  const queue = (name: string, options?: EngineQueueOptions) => {
    opened[name] = options?.defaultJobOptions;
    return {} as Queue;
  };
  openQueues({ kind, queue } as unknown as Engine, { days: 2, count: 1_000 });
  return opened;
}

test.each(['redis', 'pglite'] as const)(
  'every queue on %s limits the size of a job and of its log',
  (kind) => {
    const options = listJobOptions(kind);
    expect(Object.keys(options).sort()).toEqual(Object.values(QUEUE).sort());
    for (const one of Object.values(options))
      expect(one).toMatchObject({ sizeLimit: expect.any(Number), keepLogs: 60, stackTraceLimit: 5 });
  },
);

test('finished renders are kept by age and count on Redis, and by age alone on PGlite', () => {
  const day = 24 * 3_600;
  expect(listJobOptions('redis')['render']).toMatchObject({
    removeOnComplete: { age: 2 * day, count: 1_000 },
    removeOnFail: { age: 8 * day, count: 4_000 },
  });
  expect(listJobOptions('pglite')['render']).toMatchObject({
    removeOnComplete: { age: 2 * day },
    removeOnFail: { age: 8 * day },
  });
  expect(listJobOptions('pglite')['render']?.removeOnComplete).not.toHaveProperty('count');
});

test('dead letters and cancel markers are never removed automatically', () => {
  const options = listJobOptions('redis');
  for (const name of [QUEUE.deadLetter, QUEUE.webhookDeadLetter, QUEUE.cancel])
    expect(options[name]).toMatchObject({ removeOnComplete: false, removeOnFail: false });
});
