import { freePort, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { retryAfterOf, retryDelay, retryPolicy } from '../src/http/retry-timing.ts';
import {
  createDarkroom,
  type DarkroomError,
  type DarkroomOptions,
  type Retry,
  systemClock,
} from '../src/index.ts';
import { HASTY } from './support/running-darkroom.ts';
import { cut, json, playServer, problem, RENDER_ID, render } from './support/scripted-server.ts';

const client = (url: string, more: Partial<DarkroomOptions> = {}) => {
  const retries: Retry[] = [];
  const darkroom = createDarkroom({ url, retry: HASTY, onRetry: (retry) => retries.push(retry), ...more });
  return { ...darkroom, retries };
};
const failureOf = async (promise: Promise<unknown>) =>
  (await promise.then(
    () => expect.fail('it went well'),
    (error: unknown) => error,
  )) as DarkroomError;

describe('what is sent again', () => {
  test.each([429, 502, 503, 504])('%i is tried again until it goes well', async (status) => {
    const no = (response: Parameters<typeof cut>[0]) => response.writeHead(status).end('<html>');
    const server = await playServer(no, no, json(200, render('queued')));
    const { renders } = client(server.url);
    expect((await renders.get(RENDER_ID)).status).toBe('queued');
    expect(server.asked).toHaveLength(3);
  });

  test.each([400, 401, 403, 404, 409, 413, 422, 500, 501])('%i is final', async (status) => {
    const server = await playServer(problem(status, 'bad_request'), json(200, render('queued')));
    const error = await failureOf(client(server.url).renders.get(RENDER_ID));
    expect(error).toMatchObject({ code: 'bad_request', status, transient: false });
    expect(server.asked).toHaveLength(1);
  });

  test('a POST is sent again under the same key', async () => {
    const server = await playServer(cut, problem(503, 'queue_unavailable'), json(202, render('queued')));
    await client(server.url).renders.create({ prompt: 'a mug' });
    const keys = server.asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[\x21-\x7e]{20,}$/);
  });

  test('two calls draw two keys', async () => {
    const server = await playServer(json(202, render('queued')));
    const { renders } = client(server.url);
    await Promise.all([renders.create({ prompt: 'a' }), renders.create({ prompt: 'a' })]);
    expect(new Set(server.asked.map(({ headers }) => headers['idempotency-key'])).size).toBe(2);
  });

  test('a POST without a key is sent once, whatever comes', async () => {
    const server = await playServer(cut);
    const error = await failureOf(client(server.url).renders.redeliver(RENDER_ID));
    expect(error).toMatchObject({ code: 'network', transient: true });
    expect(server.asked).toHaveLength(1);
  });

  test('the tries are counted', async () => {
    const server = await playServer(problem(503, 'store_unavailable'));
    const { renders, retries } = client(server.url, { retry: { ...HASTY, tries: 4 } });
    expect(await failureOf(renders.get(RENDER_ID))).toMatchObject({ code: 'store_unavailable', status: 503 });
    expect(server.asked).toHaveLength(4);
    expect(retries.map(({ failures }) => failures)).toEqual([1, 2, 3]);
  });

  test('Retry-After comes before our own pauses', async () => {
    const server = await playServer(
      problem(429, 'rate_limited', { 'retry-after': '1' }),
      json(200, render('queued')),
    );
    const { renders, retries } = client(server.url);
    const began = performance.now();
    await renders.get(RENDER_ID);
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
    expect(retries[0]?.error).toMatchObject({ code: 'rate_limited', retryAfterMs: 1000 });
  });

  test('a Retry-After that is too long is handed to the caller', async () => {
    const server = await playServer(problem(429, 'rate_limited', { 'retry-after': '3600' }));
    const error = await failureOf(client(server.url).renders.get(RENDER_ID));
    expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 3_600_000 });
    expect(server.asked).toHaveLength(1);
  });

  test('nobody there is a network error that keeps its cause', async () => {
    const error = await failureOf(client(`http://127.0.0.1:${await freePort()}`).renders.get(RENDER_ID));
    expect(error).toMatchObject({ name: 'DarkroomError', code: 'network', status: undefined });
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('an answer that does not come in time is a timeout, and is tried again', async () => {
    const server = await playServer(() => undefined, json(200, render('queued')));
    const { renders, retries } = client(server.url, { timeoutMs: 500 });
    await renders.get(RENDER_ID);
    // Also a good answer may take too long on a machine that stands still.
    expect(new Set(retries.map(({ error }) => error.code))).toEqual(new Set(['timeout']));
  });

  test('a body that stops in the middle is tried again', async () => {
    const server = await playServer(
      (response) => response.writeHead(200, { 'content-length': '500' }).write('{"id":', () => cut(response)),
      json(200, render('queued')),
    );
    expect((await client(server.url).renders.get(RENDER_ID)).status).toBe('queued');
  });
});

describe('what is not Darkroom', () => {
  test('a page in its place is told as such', async () => {
    const server = await playServer((response) => response.writeHead(200).end('<html>welcome</html>'));
    expect(await failureOf(client(server.url).renders.get(RENDER_ID))).toMatchObject({
      code: 'unexpected_answer',
    });
  });

  test('a redirect is not followed: the key goes nowhere else', async () => {
    const other = await playServer(json(200, render('queued')));
    const server = await playServer((response) =>
      response.writeHead(302, { location: `${other.url}/v1` }).end(),
    );
    const error = await failureOf(client(server.url, { apiKey: 'k' }).renders.get(RENDER_ID));
    expect(error).toMatchObject({ code: 'unexpected_answer', status: 302 });
    expect(other.asked).toEqual([]);
  });
});

describe('an abort', () => {
  test.each<[string, Partial<Parameters<typeof createDarkroom>[0]>, Parameters<typeof playServer>]>([
    ['a request under way', {}, [() => undefined]],
    ['a pause between tries', { retry: { baseMs: 60_000, maxMs: 60_000 } }, [cut]],
    ['a body that drips', {}, [(response) => response.writeHead(200).write('{')]],
  ])('ends %s at once', async (_, more, scenes) => {
    const server = await playServer(...scenes);
    const controller = new AbortController();
    // The longest pause that a jitter can draw: an abort that were ignored would not end in time.
    const clock = { ...systemClock, random: () => 0.99 };
    const { renders } = client(server.url, { clock, ...more });
    const failed = failureOf(renders.get(RENDER_ID, { signal: controller.signal }));
    await until(() => server.asked.length === 1);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await failed).toMatchObject({ code: 'aborted', cause: reason });
    expect(server.asked).toHaveLength(1);
  });

  test('that came before sends nothing', async () => {
    const server = await playServer(json(200, render('queued')));
    const error = await failureOf(client(server.url).renders.get(RENDER_ID, { signal: AbortSignal.abort() }));
    expect(error.code).toBe('aborted');
    expect(server.asked).toEqual([]);
  });

  test('a signal that lives long collects no listeners', async () => {
    const server = await playServer(cut, json(200, render('queued')));
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
    expect(server.asked).toHaveLength(2);
    expect(listeners).toBe(0);
  });
});

describe('when to try again', () => {
  const policy = retryPolicy({ baseMs: 100, maxMs: 1000 });

  test('doubles up to the cap, with full jitter', () => {
    expect([1, 2, 3, 4, 5, 50].map((n) => retryDelay(n, undefined, policy, 1))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
    expect(retryDelay(4, undefined, policy, 0)).toBe(0);
  });

  test('options that are there and undefined are the defaults', () => {
    expect(retryPolicy({ tries: undefined } as never)).toEqual(retryPolicy());
  });

  test('never before what the server asked for', () => {
    expect(retryDelay(1, 2000, policy, 0)).toBe(2000);
    expect(retryDelay(9, 2000, policy, 0.5)).toBe(2050);
    expect(retryDelay(1, 60_001, policy, 0)).toBeUndefined();
  });

  test('Retry-After is read in both of its forms', () => {
    const now = Date.parse('2026-11-22T16:00:00Z');
    expect(retryAfterOf('7', now)).toBe(7000);
    expect(retryAfterOf('Sun, 22 Nov 2026 16:00:09 GMT', now)).toBe(9000);
    expect(retryAfterOf('Sun, 22 Nov 2026 15:00:00 GMT', now)).toBe(0);
    expect(retryAfterOf('soon', now)).toBeUndefined();
    expect(retryAfterOf(null, now)).toBeUndefined();
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
    // What Number() makes of a setting that is not there: such a wait, or such tries, would have no end.
    ['timeoutMs', { url: 'http://darkroom', timeoutMs: Number.NaN }],
    ['timeoutMs', { url: 'http://darkroom', timeoutMs: 0 }],
    ['retry.tries', { url: 'http://darkroom', retry: { tries: Number.NaN } }],
    ['retry.maxMs', { url: 'http://darkroom', retry: { maxMs: Number.NaN } }],
  ])('a %s that is of no use is refused, and not quoted', (name, options) => {
    expect(() => createDarkroom(options)).toThrow(new RegExp(`^${name}: `));
    expect(() => createDarkroom(options)).not.toThrow(/s3cret/);
  });

  test('a path of the url is kept, and headers are sent', async () => {
    const server = await playServer(json(200, render('queued')));
    const { renders } = createDarkroom({
      url: `${server.url}/darkroom?x`,
      headers: { traceparent: '00-1' },
      apiKey: 'k',
    });
    await renders.get(RENDER_ID);
    expect(server.asked[0]).toMatchObject({
      path: `/darkroom/v1/renders/${RENDER_ID}`,
      headers: { traceparent: '00-1', authorization: 'Bearer k' },
    });
  });

  test('an id cannot lead to another address', async () => {
    const server = await playServer(json(200, {}));
    for (const id of ['', '..', 'a/b', 'a?b', '../../queues', undefined as never])
      await expect(client(server.url).renders.cancel(id)).rejects.toThrow(TypeError);
    expect(server.asked).toEqual([]);
  });

  test('a url that leads past the API is told with the address that was asked', async () => {
    const server = await playServer(problem(404, 'not_found'));
    const { renders } = createDarkroom({ url: `${server.url}/v1` });
    await expect(renders.create({ prompt: 'a mug' })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/nothing at \/v1\/v1\/renders\. Is the client's url right/),
    });
  });

  test('another fetch is used where one is given', async () => {
    const { renders } = createDarkroom({
      url: 'http://nowhere.invalid',
      fetch: async () => Response.json(render('completed', 100)),
    });
    expect((await renders.get(RENDER_ID)).status).toBe('completed');
  });
});
