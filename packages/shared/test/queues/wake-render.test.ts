import { cleanup, latch, until } from '@darkroom/testkit';
import { DelayedError, WaitingChildrenError } from 'bullmq';
import { expect, test } from 'vitest';
import { type Engine, type Processor } from '../../src/engine/index.ts';
import { type Queues, type RenderResult, renderJob, wakeRender } from '../../src/queues/index.ts';
import {
  type Checkpoint,
  DATA_VERSION,
  drawRenderId,
  storeJobId,
  submitJobId,
  sumCost,
} from '../../src/render/index.ts';
import { onEachEngine } from '../support/engines.ts';

onEachEngine('wakeRender()', (queues, engine) => {
  test('a render that waits for its next poll runs at once', async () => {
    const id = await addRender(queues());
    let runs = 0;
    startRenderWorker(engine(), async (job, token) => {
      if (++runs > 1) return canceled;
      await job.moveToDelayed(Date.now() + 3_600_000, token);
      throw new DelayedError();
    });
    await until(async () => (await queues().render.getJobState(id)) === 'delayed');
    expect(await wakeRender(queues(), id)).toBe('woken');
    await until(async () => (await queues().render.getJobState(id)) === 'completed');
  });

  test.for(['waiting', 'in a paused queue', 'waiting for another try'])(
    'a render whose submission is %s runs at once, and the submission is removed',
    async (where) => {
      const id = await addRender(queues());
      if (where === 'in a paused queue') {
        await queues().submit.pause();
        cleanup(() => queues().submit.resume());
      }
      startRenderWorker(
        engine(),
        createParent(queues(), where === 'waiting for another try' ? 3_600_000 : 0),
      );
      await until(async () => (await queues().render.getJobState(id)) === 'waiting-children');
      expect(await wakeRender(queues(), id)).toBe('woken');
      await until(async () => (await queues().render.getJobState(id)) === 'completed');
      expect(await queues().submit.getJob(submitJobId(id, 1))).toBeUndefined();
    },
  );

  test.for(['waiting', 'in a paused queue', 'waiting for another try'])(
    'a render whose store job is %s runs at once, and the store job is removed',
    async (where) => {
      const id = await addRender(queues(), { step: 'store', taskId: 'task_1', expiresAt: 9e12 });
      if (where === 'in a paused queue') {
        await queues().store.pause();
        cleanup(() => queues().store.resume());
      }
      startRenderWorker(
        engine(),
        createParent(queues(), where === 'waiting for another try' ? 3_600_000 : 0),
      );
      await until(async () => (await queues().render.getJobState(id)) === 'waiting-children');
      expect(await wakeRender(queues(), id)).toBe('woken');
      await until(async () => (await queues().render.getJobState(id)) === 'completed');
      expect(await queues().store.getJob(storeJobId(id, 1))).toBeUndefined();
    },
  );

  test('a render whose store job is running is left alone', async () => {
    const id = await addRender(queues(), { step: 'store', taskId: 'task_1', expiresAt: 9e12 });
    const running = latch();
    const end = latch();
    startRenderWorker(engine(), createParent(queues(), 0));
    const stores = engine().worker('store', async () => {
      running.open();
      await end.wait();
      return { kind: 'expired' };
    });
    cleanup(() => stores.close());
    await running.wait();
    expect(await wakeRender(queues(), id)).toBe('busy');
    end.open();
    await until(async () => (await queues().render.getJobState(id)) === 'completed');
    expect((await queues().store.getJob(storeJobId(id, 1)))?.returnvalue).toEqual({ kind: 'expired' });
  });

  test('a render whose submission is running is left alone', async () => {
    const id = await addRender(queues());
    const running = latch();
    const end = latch();
    startRenderWorker(engine(), createParent(queues(), 0));
    const submits = engine().worker('submit', async () => {
      running.open();
      await end.wait();
      return { kind: 'unknown', reason: 'a test' };
    });
    cleanup(() => submits.close());
    await running.wait();
    expect(await wakeRender(queues(), id)).toBe('busy');
    end.open();
    await until(async () => (await queues().render.getJobState(id)) === 'completed');
    expect((await queues().submit.getJob(submitJobId(id, 1)))?.returnvalue).toMatchObject({
      kind: 'unknown',
    });
  });

  test('a submission with a task id that is not in the ledger stays', async () => {
    const id = await addRender(queues());
    startRenderWorker(engine(), createParent(queues(), 3_600_000));
    await until(async () => (await queues().render.getJobState(id)) === 'waiting-children');
    const child = await queues().submit.getJob(submitJobId(id, 1));
    await child?.updateData({ ...child.data, accepted: { taskId: 'task_1', acceptedAt: 1 } });
    expect(await wakeRender(queues(), id)).toBe('busy');
    expect(await child?.getState()).toBe('delayed');
  });

  test('an ended or unknown render only loses its cancel marker', async () => {
    const id = await addRender(queues());
    startRenderWorker(engine(), async () => canceled);
    await until(async () => (await queues().render.getJobState(id)) === 'completed');
    const unknown = drawRenderId();
    for (const renderId of [id, unknown]) {
      const marker = { version: DATA_VERSION, renderId, tenant: 'acme', requestedAt: 1 };
      await queues().cancel.add('cancel', marker, { jobId: renderId });
    }
    expect(await wakeRender(queues(), id)).toBe('ended');
    expect(await wakeRender(queues(), unknown)).toBe('absent');
    expect(await queues().cancel.getJob(id)).toBeUndefined();
    expect(await queues().cancel.getJob(unknown)).toBeUndefined();
  });
});

const canceled: RenderResult = { status: 'canceled', cost: sumCost([]) };

/** A processor that waits for its submit or store child in its first run, and ends in the second run. */
const createParent = (queues: Queues, childDelay: number): Processor<Checkpoint, RenderResult> => {
  let runs = 0;
  return async (job, token) => {
    if (++runs > 1) return canceled;
    const { version, renderId, tenant, provider, request, at, createdAt } = job.data;
    const parent = { id: renderId, queue: job.queueQualifiedName };
    const options = { parent, continueParentOnFailure: true, delay: childDelay, priority: 10 };
    if (at.step === 'store') {
      const { taskId, expiresAt } = at;
      const data = { version, renderId, attempt: 1, tenant, provider, taskId, createdAt, expiresAt };
      await queues.store.add('child', data, { ...options, jobId: storeJobId(renderId, 1) });
    } else {
      const data = { version, renderId, tenant, provider, request, attempt: 1 };
      await queues.submit.add('child', data, { ...options, jobId: submitJobId(renderId, 1) });
    }
    if (await job.moveToWaitingChildren(token)) throw new WaitingChildrenError();
    throw new Error('the parent did not wait for its child');
  };
};

function startRenderWorker(engine: Engine, processor: Processor<Checkpoint, RenderResult>): void {
  const worker = engine.worker('render', processor);
  cleanup(() => worker.close());
}

async function addRender(queues: Queues, at: Checkpoint['at'] = { step: 'submit' }): Promise<string> {
  const renderId = drawRenderId();
  const { name, data, opts } = renderJob({
    version: DATA_VERSION,
    renderId,
    tenant: 'acme',
    request: { model: 'nano-banana-pro', prompt: 'p', resolution: '1K', images: [], priority: 'batch' },
    fingerprint: 'f',
    provider: 'toapis',
    creatorToken: 'd',
    createdAt: 1,
    updatedAt: 1,
    attempt: 1,
    purchases: [],
    at,
  });
  await queues.render.add(name, data, opts);
  return renderId;
}
