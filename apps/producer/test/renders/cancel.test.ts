import { renderSchema } from '@darkroom/api';
import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { DATA_VERSION, sumCost } from '@darkroom/shared/render';
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

/** A harness whose cancel waits much longer for the end of the render. */
const openPatient = () => openHarness({ wrap: (deps) => ({ ...deps, clock: slowClock() }) });

const cancel = (harness: Harness, id: string, init: RequestInit = {}) =>
  fetch(`${harness.url}/v1/renders/${id}/cancel`, { method: 'POST', ...init });

const readMarker = async (harness: Harness, id: string) => (await harness.queues.cancel.getJob(id))?.data;

async function readRender(response: Response, status: number) {
  expect(response.status).toBe(status);
  return renderSchema.parse(await response.json());
}

requires('redis').describe('POST /v1/renders/{id}/cancel', () => {
  test('cancel writes the marker that every run reads, and answers with the canceled render', async () => {
    const before = Date.now();
    const harness = await openPatient();
    const render = await startFakeWorker(harness).ask();
    const answer = cancel(harness, render.id);
    const marker = await until(() => readMarker(harness, render.id));
    expect(marker).toEqual({
      version: DATA_VERSION,
      renderId: render.id,
      tenant: 'default',
      requestedAt: expect.any(Number),
    });
    expect(marker.requestedAt).toBeGreaterThanOrEqual(before);
    await render.cancel();
    expect(await readRender(await answer, 200)).toMatchObject({
      id: render.id,
      status: 'canceled',
      cost: { spent: '0.000', possibly_spent: '0.000', purchases: 0 },
      error: null,
    });
  });

  test('a second cancel changes nothing', async () => {
    const harness = await openPatient();
    const render = await startFakeWorker(harness).ask();
    const first = cancel(harness, render.id);
    await render.cancel();
    const once = await readRender(await first, 200);
    expect(await readRender(await cancel(harness, render.id), 200)).toEqual(once);
    await (await harness.queues.cancel.getJob(render.id))?.remove();
    expect(await readRender(await cancel(harness, render.id), 200)).toEqual(once);
    expect(await readMarker(harness, render.id)).toBeUndefined();
  });

  test('a render that waits for its next poll is canceled at once', async () => {
    const harness = await openPatient();
    const render = await startFakeWorker(harness).ask();
    await render.poll(3_600_000);
    await until(async () => (await harness.queues.render.getDelayedCount()) === 1);
    const answer = cancel(harness, render.id);
    await render.cancel();
    expect(await readRender(await answer, 200)).toMatchObject({ status: 'canceled' });
  });

  test('a run that checked for the marker just before it was written is woken once it waits', async () => {
    // On this clock the wait of two seconds takes twenty.
    const start = systemClock.now();
    const clock: Clock = {
      ...systemClock,
      now: () => start + (systemClock.now() - start) / 10,
      sleep: (ms, signal) => systemClock.sleep(ms * 10, signal),
    };
    const { harness } = await openWatchedHarness({ clock });
    const render = await startFakeWorker(harness).ask();
    await until(async () => (await harness.queues.render.getActiveCount()) === 1);
    const answer = cancel(harness, render.id);
    await until(() => readMarker(harness, render.id));
    await render.poll(3_600_000);
    await render.cancel();
    expect(await readRender(await answer, 200)).toMatchObject({ status: 'canceled' });
    expect(await readMarker(harness, render.id)).toBeUndefined();
  });

  test('cancel answers 202 with the present state when the render takes longer to stop', async () => {
    const harness = await openHarness();
    const render = await startFakeWorker(harness).ask();
    await render.poll();
    const started = performance.now();
    expect(await readRender(await cancel(harness, render.id), 202)).toMatchObject({ status: 'rendering' });
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(await readMarker(harness, render.id)).toBeDefined();
  });

  test.each([
    ['complete', 'completed'],
    ['fail', 'failed'],
  ] as const)('cancel rejects a render that is to %s, before the call or during it', async (end, status) => {
    const harness = await openPatient();
    const render = await startFakeWorker(harness).ask();
    const meanwhile = cancel(harness, render.id);
    await until(() => readMarker(harness, render.id));
    await render[end]();
    const before = async () => cancel(harness, render.id);
    for (const answer of [await meanwhile, await before()]) {
      const problem = await readProblem(answer);
      expect(problem).toMatchObject({ status: 409, code: 'render_ended', render_id: render.id });
      expect(problem.detail).toContain(status);
    }
    // A later redrive must not find a marker that was written too late.
    expect(await readMarker(harness, render.id)).toBeUndefined();
  });

  test('cancel reads the end of a render that only the receipt knows', async () => {
    const harness = await openHarness();
    const { version, renderId, tenant, request, fingerprint, createdAt, purchases } = createCheckpoint();
    const common = { version, renderId, tenant, request, fingerprint, createdAt, purchases };
    const ended = { finishedAt: createdAt, attempts: 0, cost: sumCost([]) };
    await harness.ledger.writeReceipt({ ...common, ...ended, status: 'completed' });
    expect(await readProblem(await cancel(harness, renderId))).toMatchObject({ code: 'render_ended' });
    const canceled = { requestedAt: createdAt, from: 'submit' as const };
    await harness.ledger.writeReceipt({ ...common, ...ended, status: 'canceled', canceled });
    expect(await readRender(await cancel(harness, renderId), 200)).toMatchObject({ status: 'canceled' });
  });

  test("cancel answers 404 for an unknown render and for another tenant's", async () => {
    const harness = await openHarness();
    const others = createCheckpoint({ tenant: 'another' });
    await enqueue(harness, others);
    for (const id of [others.renderId, createCheckpoint().renderId, 'nonsense']) {
      expect(await readProblem(await cancel(harness, id))).toMatchObject({ code: 'render_not_found' });
    }
    expect(await harness.queues.cancel.count()).toBe(0);
  });

  test('cancel accepts no body or an empty body, of any kind', async () => {
    const harness = await openPatient();
    const worker = startFakeWorker(harness);
    const json = { 'content-type': 'application/json' };
    for (const init of [{}, { headers: json }, { headers: json, body: '{}' }, { body: '{}' }]) {
      const render = await worker.ask();
      const answer = cancel(harness, render.id, init);
      await render.cancel();
      await readRender(await answer, 200);
    }
    const { id } = await worker.ask();
    for (const [body, status, field] of [
      ['{"reason":"late"}', 422, 'reason'],
      ['[]', 422, 'body'],
      ['{', 400, 'body'],
    ] as const) {
      const problem = await readProblem(await cancel(harness, id, { headers: json, body }));
      expect(problem).toMatchObject({ status, problems: [{ field }] });
    }
    expect(await readProblem(await fetch(`${harness.url}/v1/renders/${id}/cancel`))).toMatchObject({
      status: 405,
    });
    expect(await readMarker(harness, id)).toBeUndefined();
  });

  test('cancel answers 503 while the queue is away, and works when it is sent again', async () => {
    const proxy = await startProxy(service('redis').url);
    const harness = await openHarness({ queueUrl: proxy.url });
    const render = createCheckpoint();
    await enqueue(harness, render);
    await proxy.refuse();
    expect(await readProblem(await cancel(harness, render.renderId))).toMatchObject({
      code: 'queue_unavailable',
    });
    await proxy.resume();
    await until(async () => (await cancel(harness, render.renderId)).status === 202);
    expect(await readMarker(harness, render.renderId)).toBeDefined();
  });

  /** A store that has the journal, but no request to cancel. */
  const withoutCancelRequests = (store: ObjectStore): ObjectStore => {
    const put: ObjectStore['put'] = (key, ...rest) =>
      key.endsWith('/cancel.json')
        ? Promise.reject(new StoreError('unavailable', 'gone'))
        : store.put(key, ...rest);
    return Object.assign(Object.create(store) as ObjectStore, { put });
  };

  test('the ledger has the request to cancel before the queue has the marker', async () => {
    const harness = await openHarness();
    const render = createCheckpoint();
    await enqueue(harness, render);
    await cancel(harness, render.renderId);
    const marker = await readMarker(harness, render.renderId);
    expect(await harness.ledger.readCancelRequest(render.renderId)).toEqual({
      version: DATA_VERSION,
      requestedAt: marker?.requestedAt,
    });

    const refusing = await openHarness({
      wrap: (deps) => ({ ...deps, store: withoutCancelRequests(deps.store) }),
    });
    await enqueue(refusing, render);
    expect(await readProblem(await cancel(refusing, render.renderId))).toMatchObject({
      code: 'store_unavailable',
    });
    expect(await readMarker(refusing, render.renderId)).toBeUndefined();
  });

  test('with INTAKE_WITHOUT_STORE=accept, cancel works while the store is away', async () => {
    const harness = await openHarness({
      settings: { INTAKE_WITHOUT_STORE: 'accept' },
      wrap: (deps) => ({ ...deps, store: withoutCancelRequests(deps.store) }),
    });
    const render = createCheckpoint();
    await enqueue(harness, render);
    expect((await cancel(harness, render.renderId)).status).toBe(202);
    expect(await readMarker(harness, render.renderId)).toBeDefined();
  });
});
