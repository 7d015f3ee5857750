import { requires, startHttpProxy, until } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDarkroom, type DarkroomError } from '../src/index.ts';
import { HASTY, type House, openHouse } from './support/running-darkroom.ts';
import { cut, json, playServer, problem, RENDER_ID, render } from './support/scripted-server.ts';

requires('redis').describe('waiting for the end of a render', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse({ work: true });
  });

  test('resolves with the completed render', async () => {
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'A lighthouse at dusk', size: '16:9' });
    const render = await renders.wait(id);
    expect(render).toMatchObject({ id, status: 'completed', progress: 100, error: null });
    expect(render.image?.url).toMatch(/^http/);
  });

  test('a failed render is an answer, and an error only for those who ask for one', async () => {
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'no [[sim:refuse_content]]' });
    expect(await renders.wait(id)).toMatchObject({
      status: 'failed',
      error: { code: 'content_policy_violation' },
    });
    await expect(renders.wait(id, { throwOnFailure: true })).rejects.toMatchObject({
      code: 'render_failed',
      renderId: id,
      render: { status: 'failed' },
      message: expect.stringContaining('content_policy_violation'),
    });
  });

  test('gives up in time, with the id and the last status, and the render goes on', async () => {
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'never [[sim:stuck]]' });
    await until(async () => (await renders.get(id)).status === 'rendering');
    const began = performance.now();
    const error = await renders.wait(id, { timeoutMs: 400 }).catch((error: DarkroomError) => error);
    // Else it would be a quarter of an hour.
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(error).toMatchObject({ code: 'timeout', renderId: id, lastStatus: 'rendering' });
    expect((error as DarkroomError).message).toContain(`${id} has not ended within 400 ms`);
    expect((await renders.get(id)).status).toBe('rendering');
  });

  test('an outage in between is waited through', async () => {
    const proxy = await startHttpProxy(house.url);
    const { renders } = house.client({ url: proxy.url, retry: { ...HASTY, tries: 2 } });
    const { id } = await renders.create({ prompt: 'a mug [[sim:stuck]]' });
    const waited = renders.wait(id);
    await until(() => proxy.requests.some((line) => line.includes('wait=')));
    await proxy.refuse();
    const tried = proxy.requests.length;
    const resumed = proxy.resume();
    const faults = proxy.fail({ method: 'GET', times: 5 }, 'reset');
    await resumed;
    await until(() => faults.hits === 5);
    await house.unstick(id);
    expect(await waited).toMatchObject({ status: 'completed' });
    expect(faults.hits).toBe(5);
    expect(proxy.requests.length).toBeGreaterThan(tried);
  });

  test('an unknown render is told at once', async () => {
    await expect(house.client().renders.wait(RENDER_ID)).rejects.toMatchObject({ code: 'render_not_found' });
  });
});

describe('long polls', () => {
  test('ask for no more than is left, and not in a hurry when answered at once', async () => {
    const server = await playServer(json(200, render('rendering', 20)));
    const { renders } = createDarkroom({ url: server.url });
    const error = await renders
      .wait(RENDER_ID, { timeoutMs: 1500 })
      .catch((error: unknown) => error as DarkroomError);
    expect(error).toMatchObject({ code: 'timeout', lastStatus: 'rendering', renderId: RENDER_ID });
    const [first, ...rest] = server.asked.map(({ path }) => path.split('?')[1]);
    expect(first).toBe('wait=1');
    expect(rest.filter((query) => query !== undefined)).toEqual([]);
    // One of them may fall together with the end of the time.
    expect(rest.length).toBeLessThanOrEqual(3);
  });

  test('a house that is away the whole time is the cause of the timeout', async () => {
    const server = await playServer(problem(503, 'queue_unavailable'));
    const { renders } = createDarkroom({ url: server.url, retry: HASTY });
    await expect(renders.wait(RENDER_ID, { timeoutMs: 3_000 })).rejects.toMatchObject({
      code: 'timeout',
      lastStatus: undefined,
      cause: { code: 'queue_unavailable' },
    });
    // More often than a request by itself is tried.
    expect(server.asked.length).toBeGreaterThan(6);
  });

  test('a Retry-After beyond our bounds does not end a wait that has time', async () => {
    const server = await playServer(
      problem(503, 'queue_unavailable', { 'retry-after': '3600' }),
      json(200, render('completed', 100)),
    );
    const { renders } = createDarkroom({ url: server.url, retry: { ...HASTY, maxRetryAfterMs: 30 } });
    expect((await renders.wait(RENDER_ID)).status).toBe('completed');
  });

  test('an abort ends a wait at once', async () => {
    const server = await playServer(() => undefined);
    const { renders } = createDarkroom({ url: server.url });
    const controller = new AbortController();
    const waited = renders.wait(RENDER_ID, { signal: controller.signal }).catch((error: unknown) => error);
    await until(() => server.asked.length === 1);
    controller.abort();
    expect(await waited).toMatchObject({ code: 'aborted' });
  });

  test('a connection that is cut is made again', async () => {
    const server = await playServer(cut, json(200, render('canceled')));
    const { renders } = createDarkroom({ url: server.url, retry: HASTY });
    await expect(renders.wait(RENDER_ID, { throwOnFailure: true })).rejects.toMatchObject({
      code: 'render_canceled',
    });
  });
});

test('a time limit that is no number is refused: such a wait would have no end', async () => {
  const server = await playServer(json(200, render('queued')));
  const { renders } = createDarkroom({ url: server.url });
  for (const timeoutMs of [Number.NaN, '500' as never]) {
    await expect(renders.wait(RENDER_ID, { timeoutMs })).rejects.toThrow(/^timeoutMs: /);
    await expect(renders.onProgress(RENDER_ID, () => undefined, { timeoutMs })).rejects.toThrow(
      /^timeoutMs: /,
    );
  }
  expect(server.asked).toEqual([]);
});

test('when the time is over nobody is told of another try', async () => {
  const server = await playServer(() => undefined);
  const told: unknown[] = [];
  const { renders } = createDarkroom({ url: server.url, onRetry: (retry) => told.push(retry) });
  for (const timeoutMs of [20, 0, -1])
    await expect(renders.wait(RENDER_ID, { timeoutMs })).rejects.toMatchObject({ code: 'timeout' });
  expect(told).toEqual([]);
});
