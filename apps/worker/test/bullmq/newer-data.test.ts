import { DATA_VERSION } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createProcessor } from '../../src/bullmq/index.ts';
import { sweep } from '../../src/maintenance/index.ts';
import { createSweepDeps, failWithoutBurial, openHarness } from '../support/harness.ts';

const NEWER = DATA_VERSION + 1;

requires('redis').describe('a job that a newer Darkroom wrote', () => {
  test('a job with newer data waits untouched, and is processed when its data can be read', async () => {
    const harness = await openHarness();
    const id = await harness.enqueue();
    const data = await harness.readCheckpoint(id);
    const job = await harness.queues.render.getJob(id);
    const newer = { ...data, version: NEWER, at: { step: 'a step of the future' } };
    await job?.updateData(newer as never);
    await harness.startWorker();
    await until(async () => (await harness.queues.render.getJobState(id)) === 'delayed');
    const waiting = await harness.queues.render.getJob(id);
    expect(waiting?.data).toEqual(newer);
    expect(waiting).toMatchObject({ attemptsMade: 0, delay: expect.any(Number) });
    expect(waiting?.delay).toBeGreaterThan(25_000);
    expect(waiting?.delay).toBeLessThanOrEqual(30_000);
    expect(await harness.ledger.readReceipt(id)).toBeUndefined();

    await waiting?.updateData(data);
    await waiting?.promote();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect((await harness.queues.render.getJob(id))?.attemptsMade).toBe(1);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('newer data never reaches the stage, and the worker logs a warning', async () => {
    const harness = await openHarness();
    const warnings: string[] = [];
    let runs = 0;
    const log = { info: () => undefined, warn: (_: object, text: string) => void warnings.push(text) };
    harness.engine.worker(
      'newer',
      createProcessor<{ version: number }, void>({
        log: log as never,
        now: Date.now,
        dataKind: 'webhook-job',
        stage: async () => {
          runs += 1;
          return { kind: 'done', value: undefined };
        },
        createBugFailure: () => expect.unreachable('the job failed'),
      }),
    );
    const queue = harness.engine.queue<{ version: number }, void>('newer');
    await queue.add('newer', { version: NEWER }, { jobId: 'newer', attempts: 1 });
    await until(async () => (await queue.getJobState('newer')) === 'delayed');
    expect(runs).toBe(0);
    expect(warnings).toEqual(['job waits: newer data']);
  });

  test('the sweep leaves a failed job with newer data alone', async () => {
    const harness = await openHarness();
    const [newer, present] = [await harness.enqueue(), await harness.enqueue()];
    const job = await harness.queues.render.getJob(newer);
    await job?.updateData({ ...(await harness.readCheckpoint(newer)), version: NEWER } as never);
    await failWithoutBurial(harness, 2);
    const { deps, errors, warnings } = createSweepDeps(harness);
    expect(await sweep(deps)).toBe(1);
    expect(await harness.queues.deadLetter.getJob(newer)).toBeUndefined();
    expect(await harness.ledger.readReceipt(newer)).toBeUndefined();
    expect(await harness.queues.deadLetter.getJob(present)).toBeDefined();
    expect(errors).toEqual([]);
    expect(warnings).toContain('failed render skipped: newer data');
  });
});
