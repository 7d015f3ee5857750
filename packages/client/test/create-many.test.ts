import { cleanup, latch, requires, startHttpProxy, until } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type CreateManyResult,
  createDarkroom,
  type DarkroomError,
  type RenderRequest,
} from '../src/index.ts';
import { HASTY, type House, openHouse } from './support/running-darkroom.ts';
import { cut, json, playServer, problem, RENDER_ID, render } from './support/scripted-server.ts';

const mugs = (count: number): RenderRequest[] =>
  Array.from({ length: count }, (_, index) => ({ prompt: `mug ${index}`, priority: 'batch' }));

async function collect(results: AsyncIterable<CreateManyResult>): Promise<CreateManyResult[]> {
  const all: CreateManyResult[] = [];
  for await (const result of results) all.push(result);
  return all;
}

requires('redis').describe('asking for thousands', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse();
  });

  test('each is answered, in order, with what was asked for', async () => {
    const before = await house.jobCount();
    const requests = mugs(1500);
    const run = house.client().renders.createMany(requests, { chunk: 400 });
    const results = await collect(run);
    expect(results.map(({ index }) => index)).toEqual(requests.map((_, index) => index));
    expect(results.every(({ request, index }) => request === requests[index])).toBe(true);
    expect(run.tally).toEqual({ accepted: 1500, duplicates: 0, rejected: 0 });
    expect(new Set(results.map(({ render }) => render?.id)).size).toBe(1500);
    expect(await house.jobCount()).toBe(before + 1500);
  });

  test('one that is wrong is a result and stops nobody', async () => {
    const endless: Record<string, unknown> = {};
    endless['prompt'] = endless;
    const requests = [{ prompt: 'a' }, { prompt: '' }, endless, null, 'text', { prompt: 'b' }] as never[];
    const results = await collect(house.client().renders.createMany(requests, { chunk: 4 }));
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

  test('a connection that breaks in the middle loses nothing and makes nothing twice', async () => {
    const before = await house.jobCount();
    const proxy = await startHttpProxy(house.url);
    // In the head, in the middle of the lines, and after everything was done.
    proxy.fail({ method: 'POST', times: 1 }, 'lose-answer');
    proxy.fail({ method: 'POST', times: 2 }, { truncate: 60_000 });
    proxy.fail({ method: 'POST', times: 1 }, 'reset');
    const { renders } = house.client({ url: proxy.url });
    const run = renders.createMany(mugs(1000), { chunk: 500 });
    const results = await collect(run);
    expect(results.map(({ index }) => index)).toEqual(mugs(1000).map((_, index) => index));
    expect(run.tally).toEqual({ accepted: 1000, duplicates: 0, rejected: 0 });
    expect(await house.jobCount()).toBe(before + 1000);
    expect(proxy.requests).toHaveLength(6);
  });

  test('after a break only what has no answer is sent again', async () => {
    const proxy = await startHttpProxy(house.url);
    proxy.fail({ method: 'POST', times: 1 }, { truncate: 60_000 });
    const sent: number[] = [];
    const { renders } = house.client({
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

  test('a run that died goes on under its key and makes nothing twice', async () => {
    const before = await house.jobCount();
    const { renders } = house.client();
    const dead = renders.createMany(mugs(250), { chunk: 100, key: 'spring-catalogue' });
    let seen = 0;
    for await (const _ of dead) if (++seen === 120) break;
    const again = renders.createMany(mugs(250), { chunk: 100, key: 'spring-catalogue' });
    const tally = await again.finish();
    expect(tally.accepted + tally.duplicates).toBe(250);
    expect(tally.duplicates).toBeGreaterThanOrEqual(120);
    expect(await house.jobCount()).toBe(before + 250);
  });

  test("a request's own key stands, and its duplicate is told", async () => {
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'a mug' }, { idempotencyKey: 'own-1' });
    const [result] = await collect(
      renders.createMany([{ prompt: 'a mug', idempotency_key: 'own-1' }], { key: 'k' }),
    );
    expect(result?.render).toMatchObject({ id, duplicate: true });
  });

  test('what the server has not taken is not pulled', async () => {
    const proxy = await startHttpProxy(house.url);
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
    const second = latch();
    const { renders } = house.client({ url: proxy.url });
    const run = renders.createMany(source(), {
      chunk: 50,
      onResult: async (result) => {
        results.push(result);
        if (results.length === 60) await second.wait();
      },
    });
    const finished = run.finish();
    await until(() => proxy.requests.length === 1);
    expect(pulled).toBe(50);
    await proxy.resume();
    await until(() => results.length === 60);
    expect(pulled).toBe(100);
    second.open();
    await finished;
    expect(pulled).toBe(1000);
    expect(closed).toBe(true);
  });
});

describe('a bulk call that does not go well', () => {
  const client = (url: string, tries = 6) => createDarkroom({ url, retry: { ...HASTY, tries } }).renders;
  const taken = (index: number) => ({ index, status: 202, render: render('queued') });
  const summary = { object: 'bulk', accepted: 0, duplicates: 0, rejected: 0 };
  const ndjson = (response: Parameters<typeof cut>[0], ...values: unknown[]) =>
    response
      .writeHead(200, { 'content-type': 'application/x-ndjson' })
      .end(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  const away = { status: 503, code: 'queue_unavailable', title: 'away', detail: 'x', problems: [] };
  const keysOf = (body: string) =>
    body
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as RenderRequest).idempotency_key);

  test('items that could not be taken just now are sent again, alone and under their keys', async () => {
    const server = await playServer(
      (response) =>
        ndjson(
          response,
          taken(0),
          { index: 1, status: 503, error: away },
          taken(2),
          { index: 3, status: 429, error: { ...away, status: 429, code: 'rate_limited' } },
          summary,
        ),
      (response) => ndjson(response, taken(0), taken(1), summary),
    );
    const results = await collect(client(server.url).createMany(mugs(4), { key: 'k' }));
    expect(results.map(({ index, error }) => error ?? index)).toEqual([0, 1, 2, 3]);
    expect(server.asked.map(({ body }) => keysOf(body))).toEqual([
      ['k:0', 'k:1', 'k:2', 'k:3'],
      ['k:1', 'k:3'],
    ]);
    expect(server.asked[0]?.headers).toMatchObject({
      accept: 'application/x-ndjson',
      'content-type': 'application/x-ndjson',
    });
  });

  test('items that are never taken become results once the tries are used up', async () => {
    const server = await playServer((response) =>
      ndjson(response, { index: 0, status: 503, error: away }, summary),
    );
    const [result] = await collect(client(server.url, 3).createMany(mugs(1)));
    expect(result?.error).toMatchObject({ code: 'queue_unavailable', transient: true });
    expect(server.asked).toHaveLength(3);
  });

  test('a house that stays away ends the run, and what was given stands', async () => {
    const server = await playServer(
      (response) => ndjson(response, taken(0), taken(1), summary),
      problem(503, 'queue_unavailable'),
    );
    const run = client(server.url, 3).createMany(mugs(4), { chunk: 2, key: 'k' });
    const seen: number[] = [];
    const failed = (async () => {
      for await (const { index } of run) seen.push(index);
    })();
    await expect(failed).rejects.toMatchObject({ code: 'queue_unavailable' });
    expect(seen).toEqual([0, 1]);
    expect(run).toMatchObject({ key: 'k', tally: { accepted: 2 } });
    expect(server.asked).toHaveLength(4);
  });

  test('a refusal of the whole call is thrown at once', async () => {
    const server = await playServer(problem(401, 'unauthorized'));
    await expect(client(server.url).createMany(mugs(3)).finish()).rejects.toMatchObject({
      code: 'unauthorized',
    });
    expect(server.asked).toHaveLength(1);
  });

  test('a body that is too large is sent in halves, and one item that is, is a result', async () => {
    const server = await playServer((response, { body }) => {
      const prompts = body
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as RenderRequest).prompt);
      if (prompts.length > 2 || prompts.includes('mug 3')) problem(413, 'body_too_large')(response);
      else ndjson(response, ...prompts.map((_, index) => taken(index)), summary);
    });
    const results = await collect(client(server.url).createMany(mugs(8)));
    expect(results.map(({ error }) => error?.code)).toEqual([
      ...Array(3).fill(undefined),
      'body_too_large',
      ...Array(4).fill(undefined),
    ]);
  });

  test('a stream that stops in order and too early is not taken for whole', async () => {
    const server = await playServer(
      (response) => ndjson(response, taken(0)),
      (response) => ndjson(response, summary),
      (response) => ndjson(response, taken(0), taken(1), summary),
    );
    const results = await collect(client(server.url).createMany(mugs(3)));
    expect(results).toHaveLength(3);
    expect(server.asked.map(({ body }) => keysOf(body).length)).toEqual([3, 2, 2]);
  });

  test('a house that answers none of the items, again and again, ends the run', async () => {
    const server = await playServer((response) => ndjson(response, summary));
    await expect(client(server.url, 3).createMany(mugs(2)).finish()).rejects.toMatchObject({
      code: 'network',
    });
    expect(server.asked).toHaveLength(3);
  });

  test('what was not read of a call, its last line says so, is sent again', async () => {
    const server = await playServer(
      (response) => ndjson(response, taken(0), { ...summary, error: away }),
      (response) => ndjson(response, taken(0), summary),
    );
    expect(await collect(client(server.url).createMany(mugs(2)))).toHaveLength(2);
  });

  test('what breaks after the last answer does no harm', async () => {
    const server = await playServer((response) =>
      response
        .writeHead(200, { 'content-type': 'application/x-ndjson' })
        .write(`${JSON.stringify(taken(0))}\n`, () => cut(response)),
    );
    expect(await client(server.url).createMany(mugs(1)).finish()).toMatchObject({ accepted: 1 });
    expect(server.asked).toHaveLength(1);
  });

  test('an answer in one piece will do', async () => {
    const server = await playServer(json(202, { ...summary, items: [taken(0), taken(1)] }));
    expect(await collect(client(server.url).createMany(mugs(2)))).toHaveLength(2);
  });

  test('an answer about something nobody sent is refused', async () => {
    const server = await playServer((response) => ndjson(response, taken(7), summary));
    await expect(client(server.url).createMany(mugs(2)).finish()).rejects.toMatchObject({
      code: 'unexpected_answer',
    });
  });

  test('an abort ends a source that is stuck, and closes it', async () => {
    const server = await playServer(json(202, { ...summary, items: [taken(0)] }));
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

  test('leaving the loop closes the source and sends no more', async () => {
    const server = await playServer((response) => ndjson(response, taken(0), summary));
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
    expect(server.asked).toHaveLength(1);
  });

  test("a source's own error is the caller's to see", async () => {
    const source = function* () {
      yield { prompt: 'a mug' };
      throw new RangeError('the database went away');
    };
    const server = await playServer((response) => ndjson(response, taken(0), summary));
    const run = client(server.url).createMany(source(), { chunk: 1 });
    await expect(run.finish()).rejects.toThrow(RangeError);
    expect(run.tally.accepted).toBe(1);
  });

  test('images that are large go in calls of their own', async () => {
    const server = await playServer((response, { body }) =>
      ndjson(response, ...keysOf(body).map((_, index) => taken(index)), summary),
    );
    const large = Array.from({ length: 5 }, () => ({ prompt: 'x', image_urls: ['y'.repeat(400)] }));
    await client(server.url).createMany(large, { chunkCharacters: 1000 }).finish();
    expect(server.asked.map(({ body }) => keysOf(body).length)).toEqual([2, 2, 1]);
  });

  test('options that are of no use are refused', () => {
    expect(() => client('http://x').createMany([], { chunk: 0 })).toThrow(TypeError);
    expect(() => client('http://x').createMany([], { key: 'with blank' })).toThrow(TypeError);
    for (const source of [undefined, null, {}, 5, 'a mug'])
      expect(() => client('http://x').createMany(source as never)).toThrow(/^requests: expected an array/);
    expect(RENDER_ID).toHaveLength(36);
  });
});
