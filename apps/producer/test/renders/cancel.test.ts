import { renderSchema } from '@darkroom/api';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { requires, service, startProxy, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import {
  createCheckpoint,
  enqueue,
  openWatchedHarness,
  slowClock,
  startFakeWorker,
} from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

/** A rig that waits for the end of what was canceled as long as it takes. */
const openPatient = () => openHarness({ wrap: (deps) => ({ ...deps, clock: slowClock() }) });

const cancel = (rig: Harness, id: string, init: RequestInit = {}) =>
  fetch(`${rig.url}/v1/renders/${id}/cancel`, { method: 'POST', ...init });

const markerOf = async (rig: Harness, id: string) => (await rig.queues.cancel.getJob(id))?.data;

async function told(response: Response, status: number) {
  expect(response.status).toBe(status);
  return renderSchema.parse(await response.json());
}

requires('redis').describe('POST /v1/renders/{id}/cancel', () => {
  test('notes it where every run looks, and answers with the canceled render', async () => {
    const before = Date.now();
    const rig = await openPatient();
    const render = await startFakeWorker(rig).ask();
    const answer = cancel(rig, render.id);
    const marker = await until(() => markerOf(rig, render.id));
    expect(marker).toEqual({ renderId: render.id, tenant: 'default', requestedAt: expect.any(Number) });
    expect(marker.requestedAt).toBeGreaterThanOrEqual(before);
    await render.cancel();
    expect(await told(await answer, 200)).toMatchObject({
      id: render.id,
      status: 'canceled',
      cost: { amount: '0.000', purchases: 0 },
      error: null,
    });
  });

  test('canceling again changes nothing', async () => {
    const rig = await openPatient();
    const render = await startFakeWorker(rig).ask();
    const first = cancel(rig, render.id);
    await render.cancel();
    const once = await told(await first, 200);
    expect(await told(await cancel(rig, render.id), 200)).toEqual(once);
    await (await rig.queues.cancel.getJob(render.id))?.remove();
    expect(await told(await cancel(rig, render.id), 200)).toEqual(once);
    expect(await markerOf(rig, render.id)).toBeUndefined();
  });

  test('a render that waits for its next look need not wait for it', async () => {
    const rig = await openPatient();
    const render = await startFakeWorker(rig).ask();
    await render.poll(3_600_000);
    await until(async () => (await rig.queues.render.getDelayedCount()) === 1);
    const answer = cancel(rig, render.id);
    await render.cancel();
    expect(await told(await answer, 200)).toMatchObject({ status: 'canceled' });
  });

  test('a run that had looked just before it was asked is woken once it waits', async () => {
    // A clock on which two seconds of patience are twenty.
    const start = systemClock.now();
    const clock: Clock = {
      ...systemClock,
      now: () => start + (systemClock.now() - start) / 10,
      sleep: (ms, signal) => systemClock.sleep(ms * 10, signal),
    };
    const { rig } = await openWatchedHarness({ clock });
    const render = await startFakeWorker(rig).ask();
    await until(async () => (await rig.queues.render.getActiveCount()) === 1);
    const answer = cancel(rig, render.id);
    await until(() => markerOf(rig, render.id));
    await render.poll(3_600_000);
    await render.cancel();
    expect(await told(await answer, 200)).toMatchObject({ status: 'canceled' });
    expect(await markerOf(rig, render.id)).toBeUndefined();
  });

  test('answers 202 with the present state when it takes longer', async () => {
    const rig = await openHarness();
    const render = await startFakeWorker(rig).ask();
    await render.poll();
    const started = performance.now();
    expect(await told(await cancel(rig, render.id), 202)).toMatchObject({ status: 'rendering' });
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(await markerOf(rig, render.id)).toBeDefined();
  });

  test.each([
    ['complete', 'completed'],
    ['fail', 'failed'],
  ] as const)(
    'a render that is to %s has nothing left to cancel: before or meanwhile',
    async (act, status) => {
      const rig = await openPatient();
      const render = await startFakeWorker(rig).ask();
      const meanwhile = cancel(rig, render.id);
      await until(() => markerOf(rig, render.id));
      await render[act]();
      const before = async () => cancel(rig, render.id);
      for (const answer of [await meanwhile, await before()]) {
        const problem = await readProblem(answer);
        expect(problem).toMatchObject({ status: 409, code: 'render_ended', render_id: render.id });
        expect(problem.detail).toContain(status);
      }
      // A later redrive must not find one that came too late.
      expect(await markerOf(rig, render.id)).toBeUndefined();
    },
  );

  test('tells of an end that only the receipt knows', async () => {
    const rig = await openHarness();
    const { version, renderId, tenant, request, fingerprint, createdAt, purchases } = createCheckpoint();
    const common = { version, renderId, tenant, request, fingerprint, createdAt, purchases };
    const ended = { finishedAt: createdAt, attempts: 0, costMicros: 0 };
    await rig.ledger.writeReceipt({ ...common, ...ended, status: 'completed' });
    expect(await readProblem(await cancel(rig, renderId))).toMatchObject({ code: 'render_ended' });
    const canceled = { requestedAt: createdAt, from: 'submit' as const };
    await rig.ledger.writeReceipt({ ...common, ...ended, status: 'canceled', canceled });
    expect(await told(await cancel(rig, renderId), 200)).toMatchObject({ status: 'canceled' });
  });

  test("there is no canceling of what is not there, or another tenant's", async () => {
    const rig = await openHarness();
    const others = createCheckpoint({ tenant: 'another' });
    await enqueue(rig, others);
    for (const id of [others.renderId, createCheckpoint().renderId, 'nonsense']) {
      expect(await readProblem(await cancel(rig, id))).toMatchObject({ code: 'render_not_found' });
    }
    expect(await rig.queues.cancel.count()).toBe(0);
  });

  test('takes no body or an empty one, in whatever kind', async () => {
    const rig = await openPatient();
    const worker = startFakeWorker(rig);
    const json = { 'content-type': 'application/json' };
    for (const init of [{}, { headers: json }, { headers: json, body: '{}' }, { body: '{}' }]) {
      const render = await worker.ask();
      const answer = cancel(rig, render.id, init);
      await render.cancel();
      await told(await answer, 200);
    }
    const { id } = await worker.ask();
    for (const [body, status, field] of [
      ['{"reason":"late"}', 422, 'reason'],
      ['[]', 422, 'body'],
      ['{', 400, 'body'],
    ] as const) {
      const problem = await readProblem(await cancel(rig, id, { headers: json, body }));
      expect(problem).toMatchObject({ status, problems: [{ field }] });
    }
    expect(await readProblem(await fetch(`${rig.url}/v1/renders/${id}/cancel`))).toMatchObject({
      status: 405,
    });
    expect(await markerOf(rig, id)).toBeUndefined();
  });

  test('is answered 503 while the queue is away, and done when it is asked again', async () => {
    const proxy = await startProxy(service('redis').url);
    const rig = await openHarness({ queueUrl: proxy.url });
    const render = createCheckpoint();
    await enqueue(rig, render);
    await proxy.refuse();
    expect(await readProblem(await cancel(rig, render.renderId))).toMatchObject({
      code: 'queue_unavailable',
    });
    await proxy.resume();
    await until(async () => (await cancel(rig, render.renderId)).status === 202);
    expect(await markerOf(rig, render.renderId)).toBeDefined();
  });
});
