import { renderSchema } from '@darkroom/api';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { latch, requires, service, startProxy, uniquePrefix, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { createRenderWatch } from '../../src/render-watch/index.ts';
import { openWatchedHarness, startFakeWorker } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const NOWHERE = '/v1/renders/rnd_0123456789abcdef0123456789abcdef';

async function waited(rig: Harness, id: string, seconds: number) {
  const started = performance.now();
  const response = await rig.get(`/v1/renders/${id}?wait=${seconds}`);
  const ended = performance.now();
  expect(response.status).toBe(200);
  return { render: renderSchema.parse(await response.json()), ms: ended - started };
}

describe.each(['redis', 'embedded'] as const)('GET /v1/renders/{id}?wait= on %s', (engine) => {
  const open = (more: { clock?: Clock } = {}) =>
    openWatchedHarness({ ...more, ...(engine === 'embedded' ? { queueUrl: engine } : {}) });
  const suite = engine === 'redis' ? requires('redis').test : test;

  suite('answers the moment that the render ends, whatever it ends in', async () => {
    const { rig, followed } = await open();
    const worker = startFakeWorker(rig);
    for (const [act, status] of [
      ['complete', 'completed'],
      ['fail', 'failed'],
      ['cancel', 'canceled'],
    ] as const) {
      const render = await worker.ask();
      const answer = waited(rig, render.id, 30);
      await until(() => followed(render.id) > 0);
      await render.poll();
      await render[act]();
      const { render: told } = await answer;
      expect(told).toMatchObject({ id: render.id, status });
      await until(() => followed(render.id) === 0);
    }
  });

  suite('the end is told by its event, not found by looking', async () => {
    // Nobody ever looks by himself.
    const sleep = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms < 100 ? ms : 3_600_000, signal);
    const { rig, followed, heard } = await open({ clock: { ...systemClock, sleep } });
    const worker = startFakeWorker(rig);
    const render = await worker.ask();
    const answer = waited(rig, render.id, 60);
    await until(() => followed(render.id) === 1);
    await heard();
    await render.complete();
    expect((await answer).render.status).toBe('completed');
  });

  suite('answers at once when the render has ended already', async () => {
    const { rig, quiet } = await open();
    const render = await startFakeWorker(rig).ask();
    const first = waited(rig, render.id, 30);
    await render.complete();
    await first;
    const { render: told, ms } = await waited(rig, render.id, 60);
    expect(told.status).toBe('completed');
    expect(ms).toBeLessThan(20_000);
    await until(quiet);
  });
});

requires('redis').describe('GET /v1/renders/{id}?wait=', () => {
  test('answers with the present state when the time is up', async () => {
    const { rig, quiet } = await openWatchedHarness();
    const render = await startFakeWorker(rig).ask();
    await render.poll();
    await render.progress(37);
    const { render: told, ms } = await waited(rig, render.id, 1);
    expect(told).toMatchObject({ status: 'rendering', progress: 37 });
    expect(ms).toBeGreaterThan(950);
    expect(ms).toBeLessThan(20_000);
    await until(quiet);
  });

  test('is no waiting when it is 0 or absent', async () => {
    const rig = await openHarness();
    const { id } = await startFakeWorker(rig).ask();
    for (const query of ['?wait=0', '']) {
      const response = await rig.get(`/v1/renders/${id}${query}`);
      expect(await response.json()).toMatchObject({ id, status: 'queued' });
    }
  });

  test.each(['61', '-1', '1.5', 'soon', '', '30&wait=30', '1e1', ' 5'])(
    'wait=%s is refused by name',
    async (text) => {
      const rig = await openHarness();
      const problem = await readProblem(await rig.get(`${NOWHERE}?wait=${text}`));
      expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
      expect(problem.problems.map(({ field }) => field)).toEqual(['wait']);
    },
  );

  test('a parameter that there is not is refused by name, with those that there are', async () => {
    const rig = await openHarness();
    const problem = await readProblem(await rig.get(`${NOWHERE}?wiat=30`));
    expect(problem.problems).toEqual([
      { field: 'wiat', expected: 'one of wait', received: 'an unknown parameter' },
    ]);
  });

  test('there is no waiting for what is not there', async () => {
    const rig = await openHarness();
    const started = performance.now();
    expect(await readProblem(await rig.get(`${NOWHERE}?wait=60`))).toMatchObject({ status: 404 });
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test('a caller that goes away leaves nothing behind', async () => {
    const { rig, followed, quiet } = await openWatchedHarness();
    const { id } = await startFakeWorker(rig).ask();
    const caller = new AbortController();
    const call = fetch(`${rig.url}/v1/renders/${id}?wait=60`, { signal: caller.signal });
    await until(() => followed(id) === 1);
    caller.abort();
    await expect(call).rejects.toThrow();
    await until(quiet);
  });

  test('a caller that goes away during a look leaves nothing behind', async () => {
    const { rig, engine, followed, quiet } = await openWatchedHarness();
    const { id } = await startFakeWorker(rig).ask();
    const caller = new AbortController();
    const following = createRenderWatch({ engine, clock: systemClock });
    const until = systemClock.now() + 60_000;
    const looks = following.watch(id, { events: 'end', until, signal: caller.signal });
    await looks.next();
    expect(followed(id)).toBe(1);
    caller.abort();
    expect(quiet()).toBe(true);
    expect(await looks.next()).toEqual({ done: true, value: undefined });
  });

  test('many wait for one render, and all are told', async () => {
    const { rig, followed } = await openWatchedHarness();
    const render = await startFakeWorker(rig).ask();
    const answers = Promise.all(Array.from({ length: 50 }, () => waited(rig, render.id, 30)));
    await until(() => followed(render.id) === 50);
    await render.complete();
    const told = await answers;
    expect(new Set(told.map(({ render: { status } }) => status))).toEqual(new Set(['completed']));
  });

  test('a producer that closes answers all that wait, at once', async () => {
    const { rig, followed } = await openWatchedHarness();
    const render = await startFakeWorker(rig).ask();
    const answer = waited(rig, render.id, 60);
    await until(() => followed(render.id) === 1);
    const started = performance.now();
    await rig.producer.close();
    expect((await answer).render.status).toBe('queued');
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test.each(['stall', 'refuse'] as const)(
    'an end while the queue is away (%s) is told once it is back',
    async (fault) => {
      const proxy = await startProxy(service('redis').url);
      const prefix = uniquePrefix();
      const behind = await openHarness({ prefix });
      const render = await startFakeWorker(behind).ask();
      const { rig, followed } = await openWatchedHarness({ queueUrl: proxy.url, prefix });
      const answer = waited(rig, render.id, 60);
      await until(() => followed(render.id) === 1);
      // Behind its first look on the same connection.
      expect((await rig.get(`/v1/renders/${render.id}`)).status).toBe(200);
      await proxy[fault]();
      await render.complete();
      await until(async () => (await behind.queues.render.getJob(render.id))?.finishedOn);
      await proxy.resume();
      const { render: told, ms } = await answer;
      expect(told.status).toBe('completed');
      expect(ms).toBeLessThan(30_000);
    },
    60_000,
  );

  test('the end is found by looking when its event is lost', async () => {
    const { rig, followed, events } = await openWatchedHarness();
    const render = await startFakeWorker(rig).ask();
    const answer = waited(rig, render.id, 60);
    await until(() => followed(render.id) === 1);
    await events()?.close();
    await render.complete();
    expect((await answer).render.status).toBe('completed');
  });

  test('an event that nobody can read ends the following of nobody', async () => {
    const { rig, followed, events, heard } = await openWatchedHarness();
    const worker = startFakeWorker(rig);
    const first = await worker.ask();
    const answer = waited(rig, first.id, 30);
    await until(() => followed(first.id) === 1);
    // What is published before anybody reads is lost.
    await heard();
    const broken = latch<Error>();
    events()?.once('error', (error) => broken.open(error));
    const backend = rig.queues.render.getBackend();
    await backend.publishEvent({ event: 'progress', jobId: first.id, data: '{broken' }, 1_000);
    expect((await broken.wait()).message).toMatch(/JSON/);
    await heard();
    await first.complete();
    expect((await answer).render.status).toBe('completed');
  });
});
