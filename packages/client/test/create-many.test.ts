import { cleanup, latch, requires, startHttpProxy, until } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type CreateManyResult,
  createDarkroom,
  type DarkroomError,
  type RenderRequest,
} from '../src/index.ts';
import { FAST_RETRIES, type RunningDarkroom, startDarkroom } from './support/running-darkroom.ts';
import {
  cutConnection,
  jsonResponse,
  problemResponse,
  RENDER_ID,
  renderBody,
  startScriptedServer,
} from './support/scripted-server.ts';

const mugs = (count: number): RenderRequest[] =>
  Array.from({ length: count }, (_, index) => ({ prompt: `mug ${index}`, priority: 'batch' }));

async function collect(results: AsyncIterable<CreateManyResult>): Promise<CreateManyResult[]> {
  const all: CreateManyResult[] = [];
  for await (const result of results) all.push(result);
  return all;
}

requires('redis').describe('creating many renders', () => {
  let darkroom: RunningDarkroom;
  beforeAll(async () => {
    darkroom = await startDarkroom();
  });

  test('each request gets one result, in the order of the source', async () => {
    const before = await darkroom.countJobs();
    const requests = mugs(1500);
    const run = darkroom.createClient().renders.createMany(requests, { chunk: 400 });
    const results = await collect(run);
    expect(results.map(({ index }) => index)).toEqual(requests.map((_, index) => index));
    expect(results.every(({ request, index }) => request === requests[index])).toBe(true);
    expect(run.tally).toEqual({ accepted: 1500, duplicates: 0, rejected: 0 });
    expect(new Set(results.map(({ render }) => render?.id)).size).toBe(1500);
    expect(await darkroom.countJobs()).toBe(before + 1500);
  });

  test('a request that is not valid becomes a result and does not stop the run', async () => {
    const endless: Record<string, unknown> = {};
    endless['prompt'] = endless;
    const requests = [{ prompt: 'a' }, { prompt: '' }, endless, null, 'text', { prompt: 'b' }] as never[];
    const results = await collect(darkroom.createClient().renders.createMany(requests, { chunk: 4 }));
    expect(results.map(({ error }) => error?.code)).toEqual([
      undefined,
      'invalid_request',
      'unserializable',
      'invalid_request',
      'invalid_request',
      undefined,
    ]);
    expect(results[1]?.error?.problems[0]?.field).toBe('prompt');
  });

  test('a broken connection loses no request and creates no render twice', async () => {
    const before = await darkroom.countJobs();
    const proxy = await startHttpProxy(darkroom.url);
    // The connection breaks before the response, in the middle of its lines, and after the server has accepted all.
    proxy.fail({ method: 'POST', times: 1 }, 'lose-answer');
    proxy.fail({ method: 'POST', times: 2 }, { truncate: 60_000 });
    proxy.fail({ method: 'POST', times: 1 }, 'reset');
    const { renders } = darkroom.createClient({ url: proxy.url });
    const run = renders.createMany(mugs(1000), { chunk: 500 });
    const results = await collect(run);
    expect(results.map(({ index }) => index)).toEqual(mugs(1000).map((_, index) => index));
    expect(run.tally).toEqual({ accepted: 1000, duplicates: 0, rejected: 0 });
    expect(await darkroom.countJobs()).toBe(before + 1000);
    expect(proxy.requests).toHaveLength(6);
  });

  test('after a broken connection, the client sends only the unanswered requests again', async () => {
    const proxy = await startHttpProxy(darkroom.url);
    proxy.fail({ method: 'POST', times: 1 }, { truncate: 60_000 });
    const sent: number[] = [];
    const { renders } = darkroom.createClient({
      url: proxy.url,
      fetch: (input, init) => {
        sent.push(String(init?.body).split('\n').length - 1);
        return fetch(input, init);
      },
    });
    await renders.createMany(mugs(500)).finish();
    expect(sent).toHaveLength(2);
    expect(sent[0]).toBe(500);
    expect(sent[1]).toBeLessThan(500);
    expect(sent[1]).toBeGreaterThan(0);
  });

  test('a second run with the same key continues the first and creates no render twice', async () => {
    const before = await darkroom.countJobs();
    const { renders } = darkroom.createClient();
    const first = renders.createMany(mugs(250), { chunk: 100, key: 'spring-catalogue' });
    let seen = 0;
    for await (const _ of first) if (++seen === 120) break;
    const second = renders.createMany(mugs(250), { chunk: 100, key: 'spring-catalogue' });
    const tally = await second.finish();
    expect(tally.accepted + tally.duplicates).toBe(250);
    expect(tally.duplicates).toBeGreaterThanOrEqual(120);
    expect(await darkroom.countJobs()).toBe(before + 250);
  });

  test('a request keeps its own key, and the result reports the duplicate', async () => {
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'a mug' }, { idempotencyKey: 'own-1' });
    const [result] = await collect(
      renders.createMany([{ prompt: 'a mug', idempotency_key: 'own-1' }], { key: 'k' }),
    );
    expect(result?.render).toMatchObject({ id, duplicate: true });
  });

  test('the client reads the source only as fast as the server accepts requests', async () => {
    const proxy = await startHttpProxy(darkroom.url);
    proxy.stall();
    let pulled = 0;
    let closed = false;
    const source = async function* () {
      try {
        for (const mug of mugs(1000)) {
          pulled++;
          yield mug;
        }
      } finally {
        closed = true;
      }
    };
    const results: CreateManyResult[] = [];
    const gate = latch();
    const { renders } = darkroom.createClient({ url: proxy.url });
    const run = renders.createMany(source(), {
      chunk: 50,
      onResult: async (result) => {
        results.push(result);
        if (results.length === 60) await gate.wait();
      },
    });
    const finished = run.finish();
    await until(() => proxy.requests.length === 1);
    expect(pulled).toBe(50);
    await proxy.resume();
    await until(() => results.length === 60);
    expect(pulled).toBe(100);
    gate.open();
    await finished;
    expect(pulled).toBe(1000);
    expect(closed).toBe(true);
  });
});

describe('a bulk call with failures', () => {
  const client = (url: string, tries = 6) =>
    createDarkroom({ url, retry: { ...FAST_RETRIES, tries } }).renders;
  const accepted = (index: number) => ({ index, status: 202, render: renderBody('queued') });
  const summary = { object: 'bulk', accepted: 0, duplicates: 0, rejected: 0 };
  const ndjson = (response: Parameters<typeof cutConnection>[0], ...values: unknown[]) =>
    response
      .writeHead(200, { 'content-type': 'application/x-ndjson' })
      .end(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  const unavailable = {
    status: 503,
    code: 'queue_unavailable',
    title: 'unavailable',
    detail: 'x',
    problems: [],
  };
  const readKeys = (body: string) =>
    body
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as RenderRequest).idempotency_key);

  test('the client sends only the items with a transient error again, with the same keys', async () => {
    const server = await startScriptedServer(
      (response) =>
        ndjson(
          response,
          accepted(0),
          { index: 1, status: 503, error: unavailable },
          accepted(2),
          { index: 3, status: 429, error: { ...unavailable, status: 429, code: 'rate_limited' } },
          summary,
        ),
      (response) => ndjson(response, accepted(0), accepted(1), summary),
    );
    const results = await collect(client(server.url).createMany(mugs(4), { key: 'k' }));
    expect(results.map(({ index, error }) => error ?? index)).toEqual([0, 1, 2, 3]);
    expect(server.received.map(({ body }) => readKeys(body))).toEqual([
      ['k:0', 'k:1', 'k:2', 'k:3'],
      ['k:1', 'k:3'],
    ]);
    expect(server.received[0]?.headers).toMatchObject({
      accept: 'application/x-ndjson',
      'content-type': 'application/x-ndjson',
    });
  });

  test('an item that keeps failing becomes a result when no try is left', async () => {
    const server = await startScriptedServer((response) =>
      ndjson(response, { index: 0, status: 503, error: unavailable }, summary),
    );
    const [result] = await collect(client(server.url, 3).createMany(mugs(1)));
    expect(result?.error).toMatchObject({ code: 'queue_unavailable', transient: true });
    expect(server.received).toHaveLength(3);
  });

  test('a restore on the server lasts longer than all tries, and the run goes on after it', async () => {
    const restoring = { ...unavailable, code: 'restoring' };
    let calls = 0;
    const server = await startScriptedServer((response) => {
      calls += 1;
      ndjson(response, calls <= 9 ? { index: 0, status: 503, error: restoring } : accepted(0), summary);
    });
    const [result] = await collect(client(server.url, 3).createMany(mugs(1)));
    expect(result?.error).toBeUndefined();
    expect(server.received).toHaveLength(10);
  });

  test('a restore that does not end within `maxRestoreMs` becomes a result when no try is left', async () => {
    const restoring = { ...unavailable, code: 'restoring' };
    const server = await startScriptedServer((response) =>
      ndjson(response, { index: 0, status: 503, error: restoring }, summary),
    );
    const retry = { ...FAST_RETRIES, tries: 3, maxRestoreMs: 0 };
    const { renders } = createDarkroom({ url: server.url, retry });
    const [result] = await collect(renders.createMany(mugs(1)));
    expect(result?.error).toMatchObject({ code: 'restoring' });
    expect(server.received).toHaveLength(3);
  });

  test('a server that stays unavailable ends the run, and the results before it are valid', async () => {
    const server = await startScriptedServer(
      (response) => ndjson(response, accepted(0), accepted(1), summary),
      problemResponse(503, 'queue_unavailable'),
    );
    const run = client(server.url, 3).createMany(mugs(4), { chunk: 2, key: 'k' });
    const seen: number[] = [];
    const failed = (async () => {
      for await (const { index } of run) seen.push(index);
    })();
    await expect(failed).rejects.toMatchObject({ code: 'queue_unavailable' });
    expect(seen).toEqual([0, 1]);
    expect(run).toMatchObject({ key: 'k', tally: { accepted: 2 } });
    expect(server.received).toHaveLength(4);
  });

  test('a rejected bulk call ends the run at once', async () => {
    const server = await startScriptedServer(problemResponse(401, 'unauthorized'));
    await expect(client(server.url).createMany(mugs(3)).finish()).rejects.toMatchObject({
      code: 'unauthorized',
    });
    expect(server.received).toHaveLength(1);
  });

  test('the client splits a body that is too large, and an item that is too large alone becomes a result', async () => {
    const server = await startScriptedServer((response, { body }) => {
      const prompts = body
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as RenderRequest).prompt);
      if (prompts.length > 2 || prompts.includes('mug 3')) problemResponse(413, 'body_too_large')(response);
      else ndjson(response, ...prompts.map((_, index) => accepted(index)), summary);
    });
    const results = await collect(client(server.url).createMany(mugs(8)));
    expect(results.map(({ error }) => error?.code)).toEqual([
      ...Array(3).fill(undefined),
      'body_too_large',
      ...Array(4).fill(undefined),
    ]);
  });

  test('the client does not accept a response that ends normally but too early', async () => {
    const server = await startScriptedServer(
      (response) => ndjson(response, accepted(0)),
      (response) => ndjson(response, summary),
      (response) => ndjson(response, accepted(0), accepted(1), summary),
    );
    const results = await collect(client(server.url).createMany(mugs(3)));
    expect(results).toHaveLength(3);
    expect(server.received.map(({ body }) => readKeys(body).length)).toEqual([3, 2, 2]);
  });

  test('a server that answers no item ends the run when no try is left', async () => {
    const server = await startScriptedServer((response) => ndjson(response, summary));
    await expect(client(server.url, 3).createMany(mugs(2)).finish()).rejects.toMatchObject({
      code: 'network',
    });
    expect(server.received).toHaveLength(3);
  });

  test('the client sends the items again that the summary line reports as not read', async () => {
    const server = await startScriptedServer(
      (response) => ndjson(response, accepted(0), { ...summary, error: unavailable }),
      (response) => ndjson(response, accepted(0), summary),
    );
    expect(await collect(client(server.url).createMany(mugs(2)))).toHaveLength(2);
  });

  test('a connection that breaks after the last item needs no retry', async () => {
    const server = await startScriptedServer((response) =>
      response
        .writeHead(200, { 'content-type': 'application/x-ndjson' })
        .write(`${JSON.stringify(accepted(0))}\n`, () => cutConnection(response)),
    );
    expect(await client(server.url).createMany(mugs(1)).finish()).toMatchObject({ accepted: 1 });
    expect(server.received).toHaveLength(1);
  });

  test('the client accepts a response in one JSON document', async () => {
    const server = await startScriptedServer(
      jsonResponse(202, { ...summary, items: [accepted(0), accepted(1)] }),
    );
    expect(await collect(client(server.url).createMany(mugs(2)))).toHaveLength(2);
  });

  test('the client rejects a response with an unknown item', async () => {
    const server = await startScriptedServer((response) => ndjson(response, accepted(7), summary));
    await expect(client(server.url).createMany(mugs(2)).finish()).rejects.toMatchObject({
      code: 'unexpected_response',
    });
  });

  test('an abort ends a run whose source is stuck', async () => {
    const server = await startScriptedServer(jsonResponse(202, { ...summary, items: [accepted(0)] }));
    const stuck = latch();
    cleanup(() => stuck.open());
    const controller = new AbortController();
    const source = async function* () {
      yield { prompt: 'a mug' };
      await stuck.wait(60_000);
    };
    const run = client(server.url).createMany(source(), { chunk: 1, signal: controller.signal });
    const results: CreateManyResult[] = [];
    const failed = (async () => {
      for await (const result of run) results.push(result);
    })().catch((error: unknown) => error as DarkroomError);
    await until(() => results.length === 1);
    controller.abort();
    expect(await failed).toMatchObject({ code: 'aborted' });
  });

  test('leaving the loop closes the source and sends nothing more', async () => {
    const server = await startScriptedServer((response) => ndjson(response, accepted(0), summary));
    let closed = false;
    const source = function* () {
      try {
        for (;;) yield { prompt: 'a mug' };
      } finally {
        closed = true;
      }
    };
    for await (const _ of client(server.url).createMany(source(), { chunk: 1 })) break;
    expect(closed).toBe(true);
    expect(server.received).toHaveLength(1);
  });

  test('the run rejects with the error of the source', async () => {
    const source = function* () {
      yield { prompt: 'a mug' };
      throw new RangeError('the database is unavailable');
    };
    const server = await startScriptedServer((response) => ndjson(response, accepted(0), summary));
    const run = client(server.url).createMany(source(), { chunk: 1 });
    await expect(run.finish()).rejects.toThrow(RangeError);
    expect(run.tally.accepted).toBe(1);
  });

  test('large requests are split into several bulk calls', async () => {
    const server = await startScriptedServer((response, { body }) =>
      ndjson(response, ...readKeys(body).map((_, index) => accepted(index)), summary),
    );
    const large = Array.from({ length: 5 }, () => ({ prompt: 'x', image_urls: ['y'.repeat(400)] }));
    await client(server.url).createMany(large, { chunkCharacters: 1000 }).finish();
    expect(server.received.map(({ body }) => readKeys(body).length)).toEqual([2, 2, 1]);
  });

  test('options that are not valid are a TypeError', () => {
    expect(() => client('http://x').createMany([], { chunk: 0 })).toThrow(TypeError);
    expect(() => client('http://x').createMany([], { key: 'with\na line break' })).toThrow(TypeError);
    for (const source of [undefined, null, {}, 5, 'a mug'])
      expect(() => client('http://x').createMany(source as never)).toThrow(/^requests: expected an array/);
    expect(RENDER_ID).toHaveLength(36);
  });
});
