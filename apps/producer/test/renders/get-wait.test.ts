import { renderDetailSchema } from '@darkroom/api';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { latch, requires, service, startProxy, uniquePrefix, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { createRenderWatch } from '../../src/render-watch/index.ts';
import { openWatchedHarness, startFakeWorker } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const NOWHERE = '/v1/renders/rnd_0123456789abcdef0123456789abcdef';

async function waited(harness: Harness, id: string, seconds: number) {
  const started = performance.now();
  const response = await harness.get(`/v1/renders/${id}?wait=${seconds}`);
  const ended = performance.now();
  expect(response.status).toBe(200);
  return { render: renderDetailSchema.parse(await response.json()), ms: ended - started };
}

describe.each(['redis', 'embedded'] as const)('GET /v1/renders/{id}?wait= on %s', (engine) => {
  const open = (more: { clock?: Clock } = {}) =>
    openWatchedHarness({ ...more, ...(engine === 'embedded' ? { queueUrl: engine } : {}) });
  const suite = engine === 'redis' ? requires('redis').test : test;

  suite('the API answers as soon as a render is completed, failed or canceled', async () => {
    const { harness, followed } = await open();
    const worker = startFakeWorker(harness);
    for (const [end, status] of [
      ['complete', 'completed'],
      ['fail', 'failed'],
      ['cancel', 'canceled'],
    ] as const) {
      const render = await worker.ask();
      const answer = waited(harness, render.id, 30);
      await until(() => followed(render.id) > 0);
      await render.poll();
      await render[end]();
      const { render: received } = await answer;
      expect(received).toMatchObject({ id: render.id, status });
      await until(() => followed(render.id) === 0);
    }
  });

  suite('a waiting caller gets the end from its event, without reading again', async () => {
    // No watch reads without an event.
    const sleep = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms < 100 ? ms : 3_600_000, signal);
    const { harness, followed, heard } = await open({ clock: { ...systemClock, sleep } });
    const worker = startFakeWorker(harness);
    const render = await worker.ask();
    const answer = waited(harness, render.id, 60);
    await until(() => followed(render.id) === 1);
    await heard();
    await render.complete();
    expect((await answer).render.status).toBe('completed');
  });

  suite('the API answers at once when the render has already ended', async () => {
    const { harness, quiet } = await open();
    const render = await startFakeWorker(harness).ask();
    const first = waited(harness, render.id, 30);
    await render.complete();
    await first;
    const { render: received, ms } = await waited(harness, render.id, 60);
    expect(received.status).toBe('completed');
    expect(ms).toBeLessThan(20_000);
    await until(quiet);
  });
});

requires('redis').describe('GET /v1/renders/{id}?wait=', () => {
  test('the API answers with the present state when the time has passed', async () => {
    const { harness, quiet } = await openWatchedHarness();
    const render = await startFakeWorker(harness).ask();
    await render.poll();
    await render.progress(37);
    const { render: received, ms } = await waited(harness, render.id, 1);
    expect(received).toMatchObject({ status: 'rendering', progress: 37 });
    expect(ms).toBeGreaterThan(950);
    expect(ms).toBeLessThan(20_000);
    await until(quiet);
  });

  test('the API does not wait when `wait` is 0 or absent', async () => {
    const harness = await openHarness();
    const { id } = await startFakeWorker(harness).ask();
    for (const query of ['?wait=0', '']) {
      const response = await harness.get(`/v1/renders/${id}${query}`);
      expect(await response.json()).toMatchObject({ id, status: 'queued' });
    }
  });

  test.each(['61', '-1', '1.5', 'soon', '', '30&wait=30', '1e1', ' 5'])(
    'the API rejects wait=%s and names the parameter',
    async (text) => {
      const harness = await openHarness();
      const problem = await readProblem(await harness.get(`${NOWHERE}?wait=${text}`));
      expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
      expect(problem.problems.map(({ field }) => field)).toEqual(['wait']);
    },
  );

  test('the API rejects an unknown parameter, names it and lists the known ones', async () => {
    const harness = await openHarness();
    const problem = await readProblem(await harness.get(`${NOWHERE}?wiat=30`));
    expect(problem.problems).toEqual([
      { field: 'wiat', expected: 'one of wait', received: 'unknown parameter; did you mean `wait`?' },
    ]);
  });

  test('the API answers 404 for an unknown render at once', async () => {
    const harness = await openHarness();
    const started = performance.now();
    expect(await readProblem(await harness.get(`${NOWHERE}?wait=60`))).toMatchObject({ status: 404 });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('a caller that disconnects leaves nothing behind', async () => {
    const { harness, followed, quiet } = await openWatchedHarness();
    const { id } = await startFakeWorker(harness).ask();
    const caller = new AbortController();
    const call = fetch(`${harness.url}/v1/renders/${id}?wait=60`, { signal: caller.signal });
    await until(() => followed(id) === 1);
    caller.abort();
    await expect(call).rejects.toThrow();
    await until(quiet);
  });

  test('a caller that disconnects during a read leaves nothing behind', async () => {
    const { harness, engine, followed, quiet } = await openWatchedHarness();
    const { id } = await startFakeWorker(harness).ask();
    const caller = new AbortController();
    const watch = createRenderWatch({ engine, clock: systemClock });
    const until = systemClock.now() + 60_000;
    const reads = watch.watch(id, { events: 'end', until, signal: caller.signal });
    await reads.next();
    expect(followed(id)).toBe(1);
    caller.abort();
    expect(quiet()).toBe(true);
    expect(await reads.next()).toEqual({ done: true, value: undefined });
  });

  test('many callers wait for one render, and all get its end', async () => {
    const { harness, followed } = await openWatchedHarness();
    const render = await startFakeWorker(harness).ask();
    const answers = Promise.all(Array.from({ length: 50 }, () => waited(harness, render.id, 30)));
    await until(() => followed(render.id) === 50);
    await render.complete();
    const responses = await answers;
    expect(new Set(responses.map(({ render: { status } }) => status))).toEqual(new Set(['completed']));
  });

  test('a producer that closes answers all waiting callers at once', async () => {
    const { harness, followed } = await openWatchedHarness();
    const render = await startFakeWorker(harness).ask();
    const answer = waited(harness, render.id, 60);
    await until(() => followed(render.id) === 1);
    const started = performance.now();
    await harness.producer.close();
    expect((await answer).render.status).toBe('queued');
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test.each(['stall', 'refuse'] as const)(
    'an end during an outage of the queue (%s) is reported after the outage',
    async (fault) => {
      const proxy = await startProxy(service('redis').url);
      const prefix = uniquePrefix();
      const behind = await openHarness({ prefix });
      const render = await startFakeWorker(behind).ask();
      const { harness, followed } = await openWatchedHarness({ queueUrl: proxy.url, prefix });
      const answer = waited(harness, render.id, 60);
      await until(() => followed(render.id) === 1);
      // After the first read on the same connection.
      expect((await harness.get(`/v1/renders/${render.id}`)).status).toBe(200);
      await proxy[fault]();
      await render.complete();
      await until(async () => (await behind.queues.render.getJob(render.id))?.finishedOn);
      await proxy.resume();
      const { render: received, ms } = await answer;
      expect(received.status).toBe('completed');
      expect(ms).toBeLessThan(30_000);
    },
    60_000,
  );

  test('a waiting caller gets the end also when its event is lost', async () => {
    const { harness, followed, events } = await openWatchedHarness();
    const render = await startFakeWorker(harness).ask();
    const answer = waited(harness, render.id, 60);
    await until(() => followed(render.id) === 1);
    await events()?.close();
    await render.complete();
    expect((await answer).render.status).toBe('completed');
  });

  test('an event that cannot be parsed ends no watch', async () => {
    const { harness, followed, events, heard } = await openWatchedHarness();
    const worker = startFakeWorker(harness);
    const first = await worker.ask();
    const answer = waited(harness, first.id, 30);
    await until(() => followed(first.id) === 1);
    // Events that are published before the reader listens are lost.
    await heard();
    const broken = latch<Error>();
    events()?.once('error', (error) => broken.open(error));
    const backend = harness.queues.render.getBackend();
    await backend.publishEvent({ event: 'progress', jobId: first.id, data: '{broken' }, 1_000);
    expect((await broken.wait()).message).toMatch(/JSON/);
    await heard();
    await first.complete();
    expect((await answer).render.status).toBe('completed');
  });
});
