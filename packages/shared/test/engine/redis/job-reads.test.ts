import { cleanup, requires, service, uniquePrefix } from '@darkroom/testkit';
import { WaitingError } from 'bullmq';
import { expect } from 'vitest';
import { openEngine } from '../../../src/engine/index.ts';
import { createEngineHarness } from '../../support/engine-harness.ts';

requires('redis').test(
  'readAddedJobs() reads only the jobs that were added or put back since an earlier read',
  async () => {
    const engine = await openEngine({
      queueUrl: service('redis').url,
      dataDir: '',
      role: 'both',
      prefix: uniquePrefix(),
      onError: () => undefined,
    });
    cleanup(() => engine.close());
    const harness = createEngineHarness(() => engine);
    const queue = harness.queue();
    const add = (jobIds: string[]) =>
      queue.addBulk(jobIds.map((jobId) => ({ name: 'render', data: {}, opts: { jobId, priority: 10 } })));
    // More than one page of the read.
    const many = Array.from({ length: 5_001 }, (_, at) => `many.${at}`);
    await add(many);
    const first = await engine.readAddedJobs(queue.name, 10);
    expect(first.ids).toEqual(many);
    const second = await engine.readAddedJobs(queue.name, 10, first.last);
    expect(second).toEqual({ ids: [], last: first.last });
    await add(['a.1', 'a.2']);
    const third = await engine.readAddedJobs(queue.name, 10, second.last);
    expect(third.ids).toEqual(['a.1', 'a.2']);

    let putBack = 0;
    const worker = await harness.worker(queue, async (job, token) => {
      if (++putBack > 1) return;
      await job.moveToWait(token);
      void worker.pause(true);
      throw new WaitingError();
    });
    await worker.waitUntilReady();
    await expect.poll(() => putBack).toBeGreaterThan(0);
    await worker.close();
    const { ids } = await engine.readAddedJobs(queue.name, 10, third.last);
    expect(ids).toContain('many.0');
    expect(ids.length).toBeLessThan(5);
  },
);
