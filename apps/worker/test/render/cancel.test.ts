import { type ObjectStore } from '@darkroom/shared/object-store';
import { type RenderResult } from '@darkroom/shared/queues';
import { type Checkpoint, dayIndexPrefix, type Receipt } from '@darkroom/shared/render';
import { latch, requires, startHttpProxy, until } from '@darkroom/testkit';
import { DelayedError } from 'bullmq';
import { expect, test } from 'vitest';
import { addChild } from '../../src/bullmq/index.ts';
import { sweepCancels } from '../../src/maintenance/index.ts';
import { openRig, type Rig } from '../support/harness.ts';

const stateOf = async (rig: Rig, id: string) => (await rig.queues.render.getJob(id))?.getState();
const submits = (rig: Rig) => rig.simulator.requests.counts().categories.submit.received;
const texts = (receipt: Receipt) => receipt.notes?.map(({ text }) => text) ?? [];
const silent = { info: () => undefined } as never;

/** What holds of every canceled render, wherever it stood. */
async function expectCanceled(rig: Rig, id: string): Promise<Receipt> {
  const receipt = await rig.ended(id);
  expect(receipt).toMatchObject({ state: 'canceled', canceled: { requestedAt: expect.any(Number) } });
  const job = await rig.queues.render.getJob(id);
  expect(await job?.getState()).toBe('completed');
  expect(job?.returnvalue).toEqual({ state: 'canceled', costMicros: receipt.costMicros });
  expect(await rig.queues.cancel.getJob(id)).toBeUndefined();
  expect(await rig.queues.deadLetter.getJob(id)).toBeUndefined();
  expect(texts(receipt).at(-1)).toMatch(/^canceled /);
  const { objects } = await rig.store.list({ prefix: dayIndexPrefix('default', receipt.createdAt) });
  expect(objects.filter(({ key }) => key.endsWith(id))).toHaveLength(1);
  return receipt;
}

/** A worker whose provider answers when a test lets it. */
async function workThroughGate(rig: Rig) {
  const gate = await startHttpProxy(rig.simulator.url);
  await rig.work({ settings: { TOAPIS_BASE_URL: gate.url } });
  const held = (method: string) => until(() => gate.requests.some((line) => line.startsWith(method)));
  return { gate, held };
}

/** Its next look is far away: has it look now, and holds the answer. */
async function lookHeld(rig: Rig, id: string, { gate, held }: Awaited<ReturnType<typeof workThroughGate>>) {
  await until(async () => (await stateOf(rig, id)) === 'delayed');
  gate.stall();
  await (await rig.queues.render.getJob(id))?.promote();
  await held('GET');
}

const free = { costMicros: 0, attempts: 0, purchases: [], canceled: { from: 'submit' } };

requires('redis').describe('canceling a render', () => {
  test('that nobody picked up yet is free', async () => {
    const rig = await openRig();
    const id = await rig.render();
    expect(await rig.cancel(id)).toBe('busy');
    await rig.work();
    expect(await expectCanceled(rig, id)).toMatchObject(free);
    expect(submits(rig)).toBe(0);
  });

  test('whose submission waits in a paused queue is free, at once, and never submitted', async () => {
    const rig = await openRig();
    await rig.queues.submit.pause();
    await rig.work();
    const id = await rig.render();
    await until(async () => (await stateOf(rig, id)) === 'waiting-children');
    expect(await rig.cancel(id)).toBe('woken');
    expect(await expectCanceled(rig, id)).toMatchObject(free);
    expect(await rig.queues.submit.getJob(`${id}.s1`)).toBeUndefined();
    await rig.queues.submit.resume();
    const other = await rig.render();
    expect((await rig.ended(other)).status).toBe('completed');
    expect(rig.bought(id).charged).toBe(0);
    expect(submits(rig)).toBe(1);
  });

  test('whose submission waits for the quota is free, at once', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'rate_limited', retryAfterSeconds: 600 });
    await rig.work({ settings: { SUBMIT_CONCURRENCY: 1 } });
    const id = await rig.render();
    await until(async () => (await rig.queues.submit.getRateLimitTtl()) > 60_000);
    await until(async () => (await rig.queues.submit.getJobState(`${id}.s1`)) !== 'active');
    expect(await rig.cancel(id)).toBe('woken');
    expect(await expectCanceled(rig, id)).toMatchObject(free);
    expect(rig.bought(id).charged).toBe(0);
  });

  test('whose submission waits for another try is free, at once', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'no_channel', retryAfterSeconds: 600 });
    await rig.work();
    const id = await rig.render();
    await until(async () => (await rig.queues.submit.getJobState(`${id}.s1`)) === 'delayed');
    expect(await rig.cancel(id)).toBe('woken');
    expect(await expectCanceled(rig, id)).toMatchObject(free);
    expect(rig.bought(id).charged).toBe(0);
  });

  test('is seen by a submission that has begun, right before it would buy', async () => {
    const rig = await openRig();
    await rig.queues.submit.pause();
    await rig.work();
    const id = await rig.render();
    await until(async () => (await stateOf(rig, id)) === 'waiting-children');
    await rig.mark(id);
    await rig.queues.submit.resume();
    expect(await expectCanceled(rig, id)).toMatchObject(free);
    expect((await rig.queues.submit.getJob(`${id}.s1`))?.returnvalue).toEqual({ outcome: 'canceled' });
    expect(submits(rig)).toBe(0);
  });

  test('and taking it back before the render saw it has the render submitted after all', async () => {
    const rig = await openRig();
    await rig.queues.submit.pause();
    await rig.work();
    const id = await rig.render();
    await until(async () => (await stateOf(rig, id)) === 'waiting-children');
    await rig.mark(id);
    await rig.queues.render.pause();
    await rig.queues.submit.resume();
    await until(async () => (await rig.queues.submit.getJobState(`${id}.s1`)) === 'completed');
    await rig.queues.cancel.remove(id);
    await rig.queues.render.resume();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('while its submission is under way waits for the answer, and says what was spent', async () => {
    const rig = await openRig();
    const { gate, held } = await workThroughGate(rig);
    gate.stall();
    const id = await rig.render();
    await held('POST');
    expect(await rig.cancel(id)).toBe('busy');
    await gate.resume();
    const receipt = await expectCanceled(rig, id);
    expect(receipt).toMatchObject({ costMicros: 25_000, attempts: 1, canceled: { from: 'submit' } });
    expect(receipt.purchases).toMatchObject([{ taskId: rig.simulator.book.byBusinessId(id)[0]?.taskId }]);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });

  // As after a crash between adding the child and waiting for it.
  test.for(['waits', 'is under way'])('that runs while its submission %s tells the truth', async (child) => {
    const rig = await openRig();
    const id = await rig.render();
    const stranger = rig.engine.worker<Checkpoint, RenderResult>('render', async (job, token) => {
      const call = { queue: 'submit', id: `${id}.s1`, checkpoint: job.data } as const;
      await addChild(rig.queues, rig.settings, call, { id, queue: job.queueQualifiedName });
      await job.moveToDelayed(Date.now() + 3_600_000, token);
      throw new DelayedError();
    });
    await until(async () => (await stateOf(rig, id)) === 'delayed');
    await stranger.close();
    const waits = child === 'waits';
    if (waits) await rig.queues.submit.pause();
    rig.simulator.faults.add({ kind: 'slow', ms: 700 });
    await rig.work();
    if (!waits) await rig.simulator.requests.until((counts) => counts.categories.submit.received === 1);
    expect(await rig.cancel(id)).toBe('woken');
    const receipt = await expectCanceled(rig, id);
    expect(receipt).toMatchObject({ costMicros: waits ? 0 : 25_000, attempts: waits ? 0 : 1 });
    expect(texts(receipt).join()).not.toMatch(/may have been bought/);
    expect(rig.bought(id).charged).toBe(waits ? 0 : 1);
  });

  test('while the provider is at it stops waiting, and says what was spent', async () => {
    const rig = await openRig({ settings: { EXPECTED_LATENCY_MS: 600_000 } });
    rig.simulator.faults.add({ kind: 'stuck' });
    await rig.work();
    const id = await rig.render();
    await until(async () => (await stateOf(rig, id)) === 'delayed');
    expect(await rig.cancel(id)).toBe('woken');
    const receipt = await expectCanceled(rig, id);
    expect(receipt).toMatchObject({ costMicros: 25_000, attempts: 1, canceled: { from: 'poll' } });
    expect(texts(receipt)).toEqual([
      'picked up; waits for its turn to be submitted',
      `submitted: accepted as ${receipt.purchases[0]?.taskId}`,
      'canceled while the provider was at it; $0.025 were spent',
    ]);
    expect(rig.simulator.requests.counts().categories.query.received).toBe(0);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('during a look ends when that look does', async () => {
    const rig = await openRig({ settings: { EXPECTED_LATENCY_MS: 600_000 } });
    rig.simulator.faults.add({ kind: 'stuck' });
    const through = await workThroughGate(rig);
    const id = await rig.render();
    await lookHeld(rig, id, through);
    expect(await rig.cancel(id)).toBe('busy');
    await through.gate.resume();
    expect(await expectCanceled(rig, id)).toMatchObject({ costMicros: 25_000, canceled: { from: 'poll' } });
    expect(rig.simulator.requests.counts().categories.query.received).toBe(1);
    // Picked up, submitted, looked: the run of the look is the one that ended it.
    expect((await rig.queues.render.getJob(id))?.attemptsStarted).toBe(3);
  });

  test('before its image is brought home leaves the image where it is', async () => {
    const rig = await openRig({ settings: { EXPECTED_LATENCY_MS: 600_000 } });
    const through = await workThroughGate(rig);
    const id = await rig.render();
    await lookHeld(rig, id, through);
    await rig.simulator.tasks.complete(rig.simulator.book.byBusinessId(id)[0]?.taskId ?? '');
    await rig.mark(id);
    await through.gate.resume();
    const receipt = await expectCanceled(rig, id);
    expect(receipt).toMatchObject({ costMicros: 25_000, canceled: { from: 'store' } });
    expect(rig.simulator.requests.counts().categories.download.received).toBe(0);
  });

  test('whose image waits to be brought home ends at once, and the image stays where it is', async () => {
    const rig = await openRig();
    await rig.queues.store.pause();
    await rig.work();
    const id = await rig.render();
    await until(async () => (await rig.queues.store.getJob(`${id}.t1`)) !== undefined);
    await until(async () => (await stateOf(rig, id)) === 'waiting-children');
    expect(await rig.cancel(id)).toBe('woken');
    const receipt = await expectCanceled(rig, id);
    expect(receipt).toMatchObject({ costMicros: 25_000, attempts: 1, canceled: { from: 'store' } });
    await rig.queues.store.resume();
    const other = await rig.render();
    expect((await rig.ended(other)).status).toBe('completed');
    expect(rig.simulator.requests.counts().categories.download.received).toBe(1);
    expect((await rig.store.list({ prefix: `images/${id}` })).objects).toEqual([]);
  });

  test('that is held says that it may have been bought', async () => {
    const rig = await openRig({ settings: { UNKNOWN_GRACE_MS: 600_000 } });
    rig.simulator.faults.add({ kind: 'accept_then_cut' });
    await rig.work();
    const id = await rig.render();
    await until(async () => (await rig.checkpoint(id)).at.step === 'hold');
    await until(async () => (await stateOf(rig, id)) === 'delayed');
    expect(await rig.cancel(id)).toBe('woken');
    const receipt = await expectCanceled(rig, id);
    expect(receipt).toMatchObject({ costMicros: 0, attempts: 0, canceled: { from: 'hold' } });
    expect(texts(receipt).at(-2)).toMatch(/may have been bought/);
  });

  test('that is held and was accepted, as the ledger knows by now, tells what was spent', async () => {
    const rig = await openRig({ settings: { UNKNOWN_GRACE_MS: 600_000 } });
    rig.simulator.faults.add({ kind: 'accept_then_cut' });
    await rig.work();
    const id = await rig.render();
    await until(async () => (await rig.checkpoint(id)).at.step === 'hold');
    await until(async () => (await stateOf(rig, id)) === 'delayed');
    const accepted = {
      taskId: 'task_late',
      acceptedAt: 1,
      costMicros: 25_000,
      provider: 'toapis',
      source: 'webhook',
    } as const;
    await rig.ledger.writeAcceptance(id, 1, accepted);
    await rig.cancel(id);
    const receipt = await expectCanceled(rig, id);
    expect(receipt).toMatchObject({ costMicros: 25_000, purchases: [{ taskId: 'task_late' }] });
    expect(texts(receipt).join()).not.toMatch(/may have been bought/);
  });

  test('after a refund costs nothing', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'stuck' });
    await rig.work();
    const id = await rig.render();
    await until(async () => (await rig.checkpoint(id)).at.step === 'poll');
    // The second submission finds the queue paused.
    await rig.queues.submit.pause();
    await rig.simulator.tasks.fail(rig.simulator.book.byBusinessId(id)[0]?.taskId ?? '');
    await until(async () => (await rig.checkpoint(id)).attempt === 2);
    await until(async () => (await stateOf(rig, id)) === 'waiting-children');
    expect(await rig.cancel(id)).toBe('woken');
    expect(await expectCanceled(rig, id)).toMatchObject({
      costMicros: 0,
      attempts: 1,
      purchases: [{ refunded: true }],
    });
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 1 });
  });

  test('twice is once', async () => {
    const rig = await openRig();
    await rig.queues.submit.pause();
    await rig.work();
    const id = await rig.render();
    await until(async () => (await stateOf(rig, id)) === 'waiting-children');
    await Promise.all([rig.cancel(id), rig.cancel(id)]);
    const receipt = await expectCanceled(rig, id);
    expect(await rig.cancel(id)).toBe('ended');
    expect(await expectCanceled(rig, id)).toEqual(receipt);
  });

  test('whose image is being brought home is too late: it completes, and the marker is gone', async () => {
    const rig = await openRig();
    const [putting, go] = [latch(), latch()];
    const put: ObjectStore['put'] = async (key, ...rest) => {
      if (key.startsWith('images/')) {
        putting.open();
        await go.wait();
      }
      return rig.store.put(key, ...rest);
    };
    await rig.work({ store: Object.assign(Object.create(rig.store) as ObjectStore, { put }) });
    const id = await rig.render();
    await putting.wait();
    expect(await rig.cancel(id)).toBe('busy');
    go.open();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(await rig.queues.cancel.getJob(id)).toBeUndefined();
  });

  test('that dies instead leaves no marker for its redrive to find', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'redirect', to: 'http://localhost:1/secrets' });
    rig.simulator.faults.add({ kind: 'slow', route: 'download', ms: 700 });
    await rig.work();
    const id = await rig.render();
    await rig.simulator.requests.until((counts) => counts.categories.download.received === 1);
    await rig.cancel(id);
    expect(await rig.ended(id)).toMatchObject({ state: 'failed', failure: { step: 'store' } });
    expect(await rig.queues.cancel.getJob(id)).toBeUndefined();
    await rig.redrive(id);
    await until(async () => (await rig.ended(id)).status === 'completed');
  });

  test('that was redriven is canceled, and its dead letter goes', async () => {
    const rig = await openRig({ settings: { TASK_DEADLINE_MS: 300 } });
    rig.simulator.faults.add({ kind: 'stuck' });
    const worker = await rig.work();
    const id = await rig.render();
    expect((await rig.ended(id)).failure?.code).toBe('task_timeout');
    await worker.close();
    await rig.redrive(id);
    await rig.mark(id);
    await rig.work();
    await until(async () => (await rig.ended(id)).status === 'canceled');
    expect(await expectCanceled(rig, id)).toMatchObject({ costMicros: 25_000, canceled: { from: 'poll' } });
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('whose caller died before waking it is found by the sweep', async () => {
    const rig = await openRig({ settings: { EXPECTED_LATENCY_MS: 600_000 } });
    rig.simulator.faults.add({ kind: 'stuck' });
    await rig.work();
    const id = await rig.render();
    await until(async () => (await stateOf(rig, id)) === 'delayed');
    await rig.mark(id);
    await sweepCancels(rig.queues, silent);
    expect(await expectCanceled(rig, id)).toMatchObject({ canceled: { from: 'poll' } });
    // A marker that came too late is taken away.
    await rig.mark(id);
    await sweepCancels(rig.queues, silent);
    expect(await rig.queues.cancel.getJob(id)).toBeUndefined();
  });

  test('in the ledger leaves an intent of nobody: a slower run of the same submission cannot buy', async () => {
    const rig = await openRig();
    const id = await rig.render();
    const { request } = await rig.checkpoint(id);
    await rig.cancel(id);
    await rig.work();
    await expectCanceled(rig, id);
    expect(
      await rig.ledger.claim(id, 1, {
        owner: 'a slower run',
        provider: 'toapis',
        claimedBy: 'elsewhere',
        request,
      }),
    ).toBe(false);
  });
});
