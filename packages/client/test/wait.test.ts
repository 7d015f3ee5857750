import { requires, startHttpProxy, until } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { createDarkroom, type DarkroomError } from '../src/index.ts';
import { FAST_RETRIES, type RunningDarkroom, startDarkroom } from './support/running-darkroom.ts';
import {
  cutConnection,
  jsonResponse,
  problemResponse,
  RENDER_ID,
  renderBody,
  startScriptedServer,
} from './support/scripted-server.ts';

requires('redis').describe('waiting for the end of a render', () => {
  let darkroom: RunningDarkroom;
  beforeAll(async () => {
    darkroom = await startDarkroom({ worker: true });
  });

  test('the client resolves with the completed render', async () => {
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'A lighthouse at dusk', size: '16:9' });
    const render = await renders.wait(id);
    expect(render).toMatchObject({ id, status: 'completed', progress: 100, error: null });
    expect(render.image?.url).toMatch(/^http/);
  });

  test('a failed render is a result, and an error only with throwOnFailure', async () => {
    const { renders } = darkroom.createClient();
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

  test('the wait ends at its time limit with the id and the last status, and the render continues', async () => {
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'never [[sim:stuck]]' });
    await until(async () => (await renders.get(id)).status === 'rendering');
    const began = performance.now();
    const error = await renders.wait(id, { timeoutMs: 400 }).catch((error: DarkroomError) => error);
    // The default limit is 15 minutes.
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(error).toMatchObject({ code: 'timeout', renderId: id, lastStatus: 'rendering' });
    expect((error as DarkroomError).message).toContain(`${id} has not ended within 400 ms`);
    expect((await renders.get(id)).status).toBe('rendering');
  });

  test('the client waits through an outage', async () => {
    const proxy = await startHttpProxy(darkroom.url);
    const { renders } = darkroom.createClient({ url: proxy.url, retry: { ...FAST_RETRIES, tries: 2 } });
    const { id } = await renders.create({ prompt: 'a mug [[sim:stuck]]' });
    const waited = renders.wait(id);
    await until(() => proxy.requests.some((line) => line.includes('wait=')));
    await proxy.refuse();
    const requestsBefore = proxy.requests.length;
    const resumed = proxy.resume();
    const faults = proxy.fail({ method: 'GET', times: 5 }, 'reset');
    await resumed;
    await until(() => faults.hits === 5);
    await darkroom.completeTask(id);
    expect(await waited).toMatchObject({ status: 'completed' });
    expect(faults.hits).toBe(5);
    expect(proxy.requests.length).toBeGreaterThan(requestsBefore);
  });

  test('an unknown render is an error at once', async () => {
    await expect(darkroom.createClient().renders.wait(RENDER_ID)).rejects.toMatchObject({
      code: 'render_not_found',
    });
  });
});

describe('long polls', () => {
  test('the client asks for no longer than the time left, and does not repeat polls without a pause', async () => {
    const server = await startScriptedServer(jsonResponse(200, renderBody('rendering', 20)));
    const { renders } = createDarkroom({ url: server.url });
    const error = await renders
      .wait(RENDER_ID, { timeoutMs: 1500 })
      .catch((error: unknown) => error as DarkroomError);
    expect(error).toMatchObject({ code: 'timeout', lastStatus: 'rendering', renderId: RENDER_ID });
    const [first, ...rest] = server.received.map(({ path }) => path.split('?')[1]);
    expect(first).toBe('wait=1');
    expect(rest.filter((query) => query !== undefined)).toEqual([]);
    // One poll may start at the end of the time.
    expect(rest.length).toBeLessThanOrEqual(3);
  });

  test('when the server is unavailable the whole time, its error is the cause of the timeout', async () => {
    const server = await startScriptedServer(problemResponse(503, 'queue_unavailable'));
    const { renders } = createDarkroom({ url: server.url, retry: FAST_RETRIES });
    await expect(renders.wait(RENDER_ID, { timeoutMs: 3_000 })).rejects.toMatchObject({
      code: 'timeout',
      lastStatus: undefined,
      cause: { code: 'queue_unavailable' },
    });
    // A single request would be tried 6 times.
    expect(server.received.length).toBeGreaterThan(6);
  });

  test('a Retry-After beyond maxRetryAfterMs does not end a wait that has time left', async () => {
    const server = await startScriptedServer(
      problemResponse(503, 'queue_unavailable', { 'retry-after': '3600' }),
      jsonResponse(200, renderBody('completed', 100)),
    );
    const { renders } = createDarkroom({ url: server.url, retry: { ...FAST_RETRIES, maxRetryAfterMs: 30 } });
    expect((await renders.wait(RENDER_ID)).status).toBe('completed');
  });

  test('an abort ends a wait at once', async () => {
    const server = await startScriptedServer(() => undefined);
    const { renders } = createDarkroom({ url: server.url });
    const controller = new AbortController();
    const waited = renders.wait(RENDER_ID, { signal: controller.signal }).catch((error: unknown) => error);
    await until(() => server.received.length === 1);
    controller.abort();
    expect(await waited).toMatchObject({ code: 'aborted' });
  });

  test('the client reconnects after a broken connection', async () => {
    const server = await startScriptedServer(cutConnection, jsonResponse(200, renderBody('canceled')));
    const { renders } = createDarkroom({ url: server.url, retry: FAST_RETRIES });
    await expect(renders.wait(RENDER_ID, { throwOnFailure: true })).rejects.toMatchObject({
      code: 'render_canceled',
    });
  });
});

test('a time limit that is not a number is a TypeError, because such a wait would have no end', async () => {
  const server = await startScriptedServer(jsonResponse(200, renderBody('queued')));
  const { renders } = createDarkroom({ url: server.url });
  for (const timeoutMs of [Number.NaN, '500' as never]) {
    await expect(renders.wait(RENDER_ID, { timeoutMs })).rejects.toThrow(/^timeoutMs: /);
    await expect(renders.onProgress(RENDER_ID, () => undefined, { timeoutMs })).rejects.toThrow(
      /^timeoutMs: /,
    );
  }
  expect(server.received).toEqual([]);
});

test('the client reports no retry after the time is over', async () => {
  const server = await startScriptedServer(() => undefined);
  const retries: unknown[] = [];
  const { renders } = createDarkroom({ url: server.url, onRetry: (retry) => retries.push(retry) });
  for (const timeoutMs of [20, 0, -1])
    await expect(renders.wait(RENDER_ID, { timeoutMs })).rejects.toMatchObject({ code: 'timeout' });
  expect(retries).toEqual([]);
});
