import { freePort, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { nextRetryDelay, parseRetryAfter, resolveRetryPolicy } from '../src/http/retry-timing.ts';
import {
  createDarkroom,
  type DarkroomError,
  type DarkroomOptions,
  type Retry,
  systemClock,
} from '../src/index.ts';
import { FAST_RETRIES } from './support/running-darkroom.ts';
import {
  cutConnection,
  jsonResponse,
  problemResponse,
  RENDER_ID,
  renderBody,
  startScriptedServer,
} from './support/scripted-server.ts';

const client = (url: string, more: Partial<DarkroomOptions> = {}) => {
  const retries: Retry[] = [];
  const darkroom = createDarkroom({
    url,
    retry: FAST_RETRIES,
    onRetry: (retry) => retries.push(retry),
    ...more,
  });
  return { ...darkroom, retries };
};
const catchError = async (promise: Promise<unknown>) =>
  (await promise.then(
    () => expect.fail('expected a rejection'),
    (error: unknown) => error,
  )) as DarkroomError;

describe('retries', () => {
  test.each([429, 502, 503, 504])('the client retries a %i until it succeeds', async (status) => {
    const fail = (response: Parameters<typeof cutConnection>[0]) => response.writeHead(status).end('<html>');
    const server = await startScriptedServer(fail, fail, jsonResponse(200, renderBody('queued')));
    const { renders } = client(server.url);
    expect((await renders.get(RENDER_ID)).status).toBe('queued');
    expect(server.received).toHaveLength(3);
  });

  test.each([400, 401, 403, 404, 409, 413, 422, 500, 501])(
    'the client does not retry a %i',
    async (status) => {
      const server = await startScriptedServer(
        problemResponse(status, 'bad_request'),
        jsonResponse(200, renderBody('queued')),
      );
      const error = await catchError(client(server.url).renders.get(RENDER_ID));
      expect(error).toMatchObject({ code: 'bad_request', status, transient: false });
      expect(server.received).toHaveLength(1);
    },
  );

  test('the client retries a POST with the same key', async () => {
    const server = await startScriptedServer(
      cutConnection,
      problemResponse(503, 'queue_unavailable'),
      jsonResponse(202, renderBody('queued')),
    );
    await client(server.url).renders.create({ prompt: 'a mug' });
    const keys = server.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\x21-\x7e]{20,}$/);
  });

  test('two calls have different generated keys', async () => {
    const server = await startScriptedServer(jsonResponse(202, renderBody('queued')));
    const { renders } = client(server.url);
    await Promise.all([renders.create({ prompt: 'a' }), renders.create({ prompt: 'a' })]);
    expect(new Set(server.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(2);
  });

  test('the client does not retry a POST without a key', async () => {
    const server = await startScriptedServer(cutConnection);
    const error = await catchError(client(server.url).renders.redeliver(RENDER_ID));
    expect(error).toMatchObject({ code: 'network', transient: true });
    expect(server.received).toHaveLength(1);
  });

  test('the client stops after the configured number of tries', async () => {
    const server = await startScriptedServer(problemResponse(503, 'store_unavailable'));
    const { renders, retries } = client(server.url, { retry: { ...FAST_RETRIES, tries: 4 } });
    expect(await catchError(renders.get(RENDER_ID))).toMatchObject({
      code: 'store_unavailable',
      status: 503,
    });
    expect(server.received).toHaveLength(4);
    expect(retries.map(({ failures }) => failures)).toEqual([1, 2, 3]);
  });

  test('the client waits for Retry-After before it retries', async () => {
    const server = await startScriptedServer(
      problemResponse(429, 'rate_limited', { 'retry-after': '1' }),
      jsonResponse(200, renderBody('queued')),
    );
    const { renders, retries } = client(server.url);
    const began = performance.now();
    await renders.get(RENDER_ID);
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    expect(retries[0]?.error).toMatchObject({ code: 'rate_limited', retryAfterMs: 1000 });
  });

  test('a Retry-After that is too long ends the retries and is in the error', async () => {
    const server = await startScriptedServer(problemResponse(429, 'rate_limited', { 'retry-after': '3600' }));
    const error = await catchError(client(server.url).renders.get(RENDER_ID));
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 3_600_000 });
    expect(server.received).toHaveLength(1);
  });

  test('a refused connection is a network error with its cause', async () => {
    const error = await catchError(client(`http://127.0.0.1:${await freePort()}`).renders.get(RENDER_ID));
    expect(error).toMatchObject({ name: 'DarkroomError', code: 'network', status: undefined });
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('a response that does not arrive in time is a timeout, and the client retries', async () => {
    const server = await startScriptedServer(() => undefined, jsonResponse(200, renderBody('queued')));
    const { renders, retries } = client(server.url, { timeoutMs: 500 });
    await renders.get(RENDER_ID);
    // On a slow machine, the second response may also be too late, so there may be more than one retry.
    expect(new Set(retries.map(({ error }) => error.code))).toEqual(new Set(['timeout']));
  });

  test('the client retries when the body is incomplete', async () => {
    const server = await startScriptedServer(
      (response) =>
        response.writeHead(200, { 'content-length': '500' }).write('{"id":', () => cutConnection(response)),
      jsonResponse(200, renderBody('queued')),
    );
    expect((await client(server.url).renders.get(RENDER_ID)).status).toBe('queued');
  });
});

describe('a server that is not Darkroom', () => {
  test('a web page as the response is an unexpected response', async () => {
    const server = await startScriptedServer((response) =>
      response.writeHead(200).end('<html>welcome</html>'),
    );
    expect(await catchError(client(server.url).renders.get(RENDER_ID))).toMatchObject({
      code: 'unexpected_response',
    });
  });

  test('the client does not follow a redirect, so the API key goes to no other server', async () => {
    const other = await startScriptedServer(jsonResponse(200, renderBody('queued')));
    const server = await startScriptedServer((response) =>
      response.writeHead(302, { location: `${other.url}/v1` }).end(),
    );
    const error = await catchError(client(server.url, { apiKey: 'k' }).renders.get(RENDER_ID));
    expect(error).toMatchObject({ code: 'unexpected_response', status: 302 });
    expect(other.received).toEqual([]);
  });
});

describe('an abort', () => {
  test.each<[string, Partial<Parameters<typeof createDarkroom>[0]>, Parameters<typeof startScriptedServer>]>([
    ['a pending request', {}, [() => undefined]],
    ['a delay between tries', { retry: { baseMs: 60_000, maxMs: 60_000 } }, [cutConnection]],
    ['an incomplete body', {}, [(response) => response.writeHead(200).write('{')]],
  ])('an abort ends %s at once', async (_, options, responders) => {
    const server = await startScriptedServer(...responders);
    const controller = new AbortController();
    // The jitter is near its maximum, so a call that ignored the abort would exceed the time limit of the test.
    const clock = { ...systemClock, random: () => 0.99 };
    const { renders } = client(server.url, { clock, ...options });
    const failed = catchError(renders.get(RENDER_ID, { signal: controller.signal }));
    await until(() => server.received.length === 1);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await failed).toMatchObject({ code: 'aborted', cause: reason });
    expect(server.received).toHaveLength(1);
  });

  test('with an aborted signal, the client sends nothing', async () => {
    const server = await startScriptedServer(jsonResponse(200, renderBody('queued')));
    const error = await catchError(
      client(server.url).renders.get(RENDER_ID, { signal: AbortSignal.abort() }),
    );
    expect(error.code).toBe('aborted');
    expect(server.received).toEqual([]);
  });

  test('the client leaves no listeners on a long-lived signal', async () => {
    const server = await startScriptedServer(cutConnection, jsonResponse(200, renderBody('queued')));
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      (add as (...args: unknown[]) => void)(...args);
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      (remove as (...args: unknown[]) => void)(...args);
    };
    await client(server.url).renders.get(RENDER_ID, { signal });
    expect(server.received).toHaveLength(2);
    expect(listeners).toBe(0);
  });
});

describe('the delay of a retry', () => {
  const policy = resolveRetryPolicy({ baseMs: 100, maxMs: 1000 });

  test('the delay doubles up to its maximum, with full jitter', () => {
    expect([1, 2, 3, 4, 5, 50].map((n) => nextRetryDelay(n, undefined, policy, 1))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
    expect(nextRetryDelay(4, undefined, policy, 0)).toBe(0);
  });

  test('an undefined option has its default', () => {
    expect(resolveRetryPolicy({ tries: undefined } as never)).toEqual(resolveRetryPolicy());
  });

  test('the delay is never shorter than Retry-After', () => {
    expect(nextRetryDelay(1, 2000, policy, 0)).toBe(2000);
    expect(nextRetryDelay(9, 2000, policy, 0.5)).toBe(2050);
    expect(nextRetryDelay(1, 60_001, policy, 0)).toBeUndefined();
  });

  test('Retry-After is parsed in seconds and as a date', () => {
    const now = Date.parse('2026-11-22T16:00:00Z');
    expect(parseRetryAfter('7', now)).toBe(7000);
    expect(parseRetryAfter('Sun, 22 Nov 2026 16:00:09 GMT', now)).toBe(9000);
    expect(parseRetryAfter('Sun, 22 Nov 2026 15:00:00 GMT', now)).toBe(0);
    expect(parseRetryAfter('soon', now)).toBeUndefined();
    expect(parseRetryAfter(null, now)).toBeUndefined();
  });
});

describe('the options', () => {
  test.each<[string, DarkroomOptions]>([
    ['url', { url: 'darkroom.example.com' }],
    ['url', { url: 'ftp://darkroom' }],
    ['url', { url: 'http://user:s3cret@darkroom' }],
    ['apiKey', { url: 'http://darkroom', apiKey: 's3cret\n' }],
    ['apiKey', { url: 'http://darkroom', apiKey: null as never }],
    ['headers', { url: 'http://darkroom', headers: { 'x-gateway': 's3cret\n' } }],
    ['headers', { url: 'http://darkroom', headers: { 'x gateway': 's3cret' } }],
    // Number() returns NaN for a missing setting. The wait or the retries would then have no end.
    ['timeoutMs', { url: 'http://darkroom', timeoutMs: Number.NaN }],
    ['timeoutMs', { url: 'http://darkroom', timeoutMs: 0 }],
    ['retry.tries', { url: 'http://darkroom', retry: { tries: Number.NaN } }],
    ['retry.maxMs', { url: 'http://darkroom', retry: { maxMs: Number.NaN } }],
  ])('an invalid %s is a TypeError that does not quote the value', (name, options) => {
    expect(() => createDarkroom(options)).toThrow(new RegExp(`^${name}: `));
    expect(() => createDarkroom(options)).not.toThrow(/s3cret/);
  });

  test('the client keeps the path of the url and sends the headers', async () => {
    const server = await startScriptedServer(jsonResponse(200, renderBody('queued')));
    const { renders } = createDarkroom({
      url: `${server.url}/darkroom?x`,
      headers: { traceparent: '00-1' },
      apiKey: 'k',
    });
    await renders.get(RENDER_ID);
    expect(server.received[0]).toMatchObject({
      path: `/darkroom/v1/renders/${RENDER_ID}`,
      headers: { traceparent: '00-1', authorization: 'Bearer k' },
    });
  });

  test('an id cannot lead to another endpoint', async () => {
    const server = await startScriptedServer(jsonResponse(200, {}));
    for (const id of ['', '..', 'a/b', 'a?b', '../../queues', undefined as never])
      await expect(client(server.url).renders.cancel(id)).rejects.toThrow(TypeError);
    expect(server.received).toEqual([]);
  });

  test('a wrong url is an error that names the requested path', async () => {
    const server = await startScriptedServer(problemResponse(404, 'not_found'));
    const { renders } = createDarkroom({ url: `${server.url}/v1` });
    await expect(renders.create({ prompt: 'a mug' })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/no endpoint \/v1\/v1\/renders\. Check the client's url/),
    });
  });

  test('the client uses the given fetch', async () => {
    const { renders } = createDarkroom({
      url: 'http://nowhere.invalid',
      fetch: async () => Response.json(renderBody('completed', 100)),
    });
    expect((await renders.get(RENDER_ID)).status).toBe('completed');
  });
});
