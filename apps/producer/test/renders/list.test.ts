import { createApiKey, formatApiKey, parseApiKeys, type Role } from '@darkroom/shared/keys';
import { StoreError } from '@darkroom/shared/object-store';
import { renderJob, tenantLine } from '@darkroom/shared/queues';
import { type Checkpoint, type Failure } from '@darkroom/shared/render';
import { requires, service, startProxy, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { toCursor } from '../../src/lookup/index.ts';
import { putReceipt } from '../support/contract/contract-fixture.ts';
import { createCheckpoint, enqueue, startFakeWorker } from '../support/fake-worker.ts';
import { openHarness, readProblem } from '../support/harness.ts';
import {
  countLists,
  createRenderAt,
  createRequest,
  DAY_MS,
  enterRender,
  listRenders,
  NOW,
  readId,
  readIds,
  walkList,
} from '../support/listed-renders.ts';

describe.each(['redis', 'embedded'] as const)('GET /v1/renders on %s', (engine) => {
  const suite = engine === 'redis' ? requires('redis').test : test;

  suite('the list shows waiting, running and ended renders, newest first', async () => {
    const harness = await openHarness(engine === 'embedded' ? { queueUrl: engine } : {});
    const [ended, going, waiting] = [
      createRenderAt(NOW - 3 * DAY_MS),
      createRenderAt(NOW - 5_000),
      createRenderAt(NOW),
    ];
    await enterRender(harness, ended, 'completed');
    await enterRender(harness, going);
    await enqueue(harness, waiting);
    const list = await listRenders(harness);
    expect(list.data.map(({ id, status }) => [id, status])).toEqual([
      [readId(waiting), 'queued'],
      [readId(going), 'queued'],
      [readId(ended), 'completed'],
    ]);
    expect(list.next_cursor).toBeNull();
  });
});

requires('redis').describe('GET /v1/renders', () => {
  test("another tenant's queued renders are read once, in few round trips, for all callers together", async () => {
    const reads: number[] = [];
    const added: number[] = [];
    const harness = await openHarness({
      wrap: (deps) => {
        const readJobTexts: typeof deps.engine.readJobTexts = (queue, ids) => {
          reads.push(ids.length);
          return deps.engine.readJobTexts(queue, ids);
        };
        const readAddedJobs: typeof deps.engine.readAddedJobs = async (queue, priority, after) => {
          const found = await deps.engine.readAddedJobs(queue, priority, after);
          if (priority === tenantLine('interactive', 'other')) added.push(found.ids.length);
          return found;
        };
        const engine = Object.assign(Object.create(deps.engine), { readJobTexts, readAddedJobs });
        return { ...deps, engine };
      },
    });
    const own = createRenderAt(NOW);
    await enqueue(harness, own);
    const others = Array.from({ length: 3_000 }, () => renderJob(createRenderAt(NOW, { tenant: 'other' })));
    await harness.queues.render.addBulk(others);

    const lists = await Promise.all(Array.from({ length: 20 }, () => listRenders(harness)));
    expect(lists.map(readIds)).toEqual(Array(20).fill([readId(own)]));
    // 3,001 jobs, 500 in each round trip. The first read, at the start of the producer, may have found one of them.
    expect(reads.toSorted((one, other) => one - other)).toEqual([1, 500, 500, 500, 500, 500, 500]);

    const later = createRenderAt(NOW + 1);
    await enqueue(harness, later);
    expect(readIds(await listRenders(harness))).toEqual([readId(later), readId(own)]);
    expect(reads.slice(7)).toEqual([1]);
    // Not even the ids of the others are read again.
    expect(Math.max(...added)).toBeGreaterThanOrEqual(3_000);
    expect(added.at(-1)).toBe(0);
  });

  test('the list is filtered by text in prompt and metadata, and by the code of a failure', async () => {
    const harness = await openHarness();
    const request = createRequest('night');
    const mug = createRenderAt(NOW, { request: { ...request, prompt: 'A Porcelain cup' } });
    const sku = createRenderAt(NOW - 1, { request: { ...request, metadata: { sku: 'K-1042' } } });
    await enqueue(harness, mug, sku);
    const failure: Failure = { code: 'task_lost', message: 'm', step: 'poll', at: NOW, chain: [] };
    const { renderId: failed } = await putReceipt(harness, { status: 'failed', failure });
    const ids = async (query: string) => readIds(await listRenders(harness, query));
    expect(await ids('text=porcelain')).toEqual([readId(mug)]);
    expect(await ids('text=k-1042')).toEqual([readId(sku)]);
    expect(await ids(`text=${readId(sku)}`)).toEqual([readId(sku)]);
    expect(await ids('code=task_lost,task_timeout')).toEqual([failed]);
    expect(await ids('code=task_timeout')).toEqual([]);
    const wrong = await readProblem(await harness.get('/v1/renders?code=nope'));
    expect(wrong.problems[0]?.field).toBe('code');
  });

  test('the list is empty when there are no renders', async () => {
    const harness = await openHarness();
    expect(await listRenders(harness)).toEqual({ object: 'list', data: [], next_cursor: null });
  });

  test('the cursors lead to every render once, while renders are created, move and end', async () => {
    const harness = await openHarness();
    // Many renders have the same millisecond, as after a bulk call. Some days between them are empty.
    const indexed = Array.from({ length: 40 }, (_, n) =>
      createRenderAt(NOW - (n % 4) * 5 * DAY_MS - (n % 2)),
    );
    const waiting = Array.from({ length: 60 }, (_, n) => createRenderAt(NOW - (n % 3)));
    for (const one of indexed) await enterRender(harness, one, 'completed');
    await enqueue(harness, ...waiting);
    const { ids } = await walkList(harness, 'limit=7', async (page) => {
      // A worker picks up two, one ends, and others come.
      for (const one of waiting.slice(page * 2, page * 2 + 2)) await harness.ledger.writeDayIndex(one);
      const taken = waiting[page];
      if (taken) await (await harness.queues.render.getJob(readId(taken)))?.remove();
      if (taken) await enterRender(harness, taken, page % 2 ? 'failed' : 'completed');
      await enqueue(harness, createCheckpoint());
    });
    const all = [...indexed, ...waiting].sort(
      (one, other) => other.createdAt - one.createdAt || (readId(one) < readId(other) ? -1 : 1),
    );
    expect(ids).toEqual(all.map(readId));
  });

  test('thousands of renders that no worker has picked up are listed once each', async () => {
    const harness = await openHarness();
    const waiting = Array.from({ length: 2_500 }, (_, n) => createRenderAt(NOW - (n % 9)));
    await enqueue(harness, ...waiting);
    const { ids } = await walkList(harness, 'limit=100');
    expect(ids).toHaveLength(2_500);
    expect(new Set(ids)).toEqual(new Set(waiting.map(readId)));
  });

  test('a render is listed, however many renders of other tenants wait before and behind it', async () => {
    const harness = await openHarness();
    const batch = { ...createRequest('x'), priority: 'batch' as const };
    const [first, hurried] = [createRenderAt(NOW - 1, { request: batch }), createRenderAt(NOW)];
    await enqueue(harness, first);
    const others = Array.from({ length: 20_010 }, () =>
      createRenderAt(NOW, { request: batch, tenant: 'other' }),
    );
    while (others.length > 0) await enqueue(harness, ...others.splice(0, 2_000));
    await enqueue(harness, hurried);
    expect(readIds(await listRenders(harness))).toEqual([readId(hurried), readId(first)]);
  });

  test('a render that moves from the queue to the index is never missed', async () => {
    const harness = await openHarness();
    const worker = startFakeWorker(harness);
    const render = await worker.ask();
    // A worker has the render: it no longer waits, and it is not in the index yet.
    await until(async () => (await harness.queues.render.getActiveCount()) === 1);
    expect(readIds(await listRenders(harness))).toEqual([render.id]);
    await render.poll();
    await until(async () => (await harness.queues.render.getActiveCount()) === 1);
    expect(readIds(await listRenders(harness))).toEqual([render.id]);
  });

  test('the list filters by status, run and time, and pages through the rest', async () => {
    const harness = await openHarness();
    const states = ['completed', 'failed', 'canceled'] as const;
    const renders = Array.from({ length: 12 }, (_, n) =>
      createRenderAt(NOW - n * 1_000, n % 2 ? { request: createRequest('autumn') } : {}),
    );
    for (const [n, one] of renders.entries()) await enterRender(harness, one, states[n % 3]);
    const ids = (keep: (n: number) => boolean) => renders.filter((_, n) => keep(n)).map(readId);
    const iso = (n: number) => encodeURIComponent(new Date(NOW - n * 1_000).toISOString());

    expect(readIds(await listRenders(harness, 'status=failed'))).toEqual(ids((n) => n % 3 === 1));
    expect(readIds(await listRenders(harness, 'status=failed,canceled'))).toEqual(ids((n) => n % 3 !== 0));
    expect(readIds(await listRenders(harness, 'status=queued'))).toEqual([]);
    expect(readIds(await listRenders(harness, 'run=autumn'))).toEqual(ids((n) => n % 2 === 1));
    expect(readIds(await listRenders(harness, 'run=autumn&status=completed'))).toEqual(
      ids((n) => n % 2 === 1 && n % 3 === 0),
    );
    expect(readIds(await listRenders(harness, `created_after=${iso(3)}`))).toEqual(ids((n) => n <= 3));
    expect(readIds(await listRenders(harness, `created_before=${iso(3)}`))).toEqual(ids((n) => n > 3));
    expect(readIds(await listRenders(harness, `created_after=${iso(8)}&created_before=${iso(3)}`))).toEqual(
      ids((n) => n > 3 && n <= 8),
    );
    expect((await walkList(harness, 'run=autumn&limit=2')).ids).toEqual(ids((n) => n % 2 === 1));
  });

  test('one call reads a limited number of renders, and the next call continues there', async () => {
    const harness = await openHarness();
    const wanted = createRenderAt(NOW - 10 * DAY_MS, { request: createRequest('needle') });
    await enterRender(harness, wanted, 'completed');
    await enqueue(harness, ...Array.from({ length: 1_300 }, (_, n) => createRenderAt(NOW - n)));
    const first = await listRenders(harness, 'run=needle');
    expect(first).toMatchObject({ data: [], next_cursor: expect.any(String) });
    expect((await walkList(harness, 'run=needle')).ids).toEqual([readId(wanted)]);
  });

  test('years without a render are read in a limited number of calls', async () => {
    let lists = 0;
    const harness = await openHarness({
      wrap: (deps) => ({
        ...deps,
        store: countLists(deps.store, () => {
          lists++;
        }),
      }),
    });
    const [old, now] = [createRenderAt(NOW - 400 * DAY_MS), createRenderAt(NOW)];
    await enterRender(harness, old, 'completed');
    await enterRender(harness, now, 'completed');
    const { ids, pages } = await walkList(harness, 'limit=5', async () => {
      expect(lists).toBeLessThan(130);
      lists = 0;
    });
    expect(ids).toEqual([readId(now), readId(old)]);
    expect(pages).toBeLessThan(8);
    // A time in the far future causes no long search backwards.
    expect(readIds(await listRenders(harness, 'created_before=9999-12-31&limit=1'))).toEqual([readId(now)]);
    expect(readIds(await listRenders(harness, 'created_after=9998-12-31'))).toEqual([]);
  });

  test('a render that cannot be read hides no other render', async () => {
    const harness = await openHarness();
    const [good, odd] = [createRenderAt(NOW), createRenderAt(NOW - 1)];
    await enqueue(harness, good, { ...odd, at: { step: 'unheard of' } } as unknown as Checkpoint);
    expect(readIds(await listRenders(harness))).toEqual([readId(good)]);
    expect(harness.logs()).toContain(readId(odd));
  });

  test('an entry without a render is skipped, and of two entries of one render one counts', async () => {
    const harness = await openHarness();
    await harness.ledger.writeDayIndex(createRenderAt(NOW));
    const again = createRenderAt(NOW - 1_000);
    await harness.ledger.writeDayIndex({ ...again, createdAt: NOW - DAY_MS });
    await enterRender(harness, again, 'completed');
    expect(readIds(await listRenders(harness))).toEqual([readId(again)]);
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['status=done', 'status'],
    ['status=', 'status'],
    ['status=failed&status=queued', 'status'],
    ['run=a%20b', 'run'],
    ['created_after=yesterday', 'created_after'],
    ['created_before=2026-13-01', 'created_before'],
    ['cursor=nonsense', 'cursor'],
    ['cursor=', 'cursor'],
    [`cursor=${Buffer.from('{"v":1,"at":-5,"id":"rnd_1"}').toString('base64url')}`, 'cursor'],
    [`cursor=${Buffer.from('{"v":2}').toString('base64url')}`, 'cursor'],
    ['state=failed', 'state'],
    ['tenant=default', 'tenant'],
  ])('the list rejects %s and names the parameter', async (query, field) => {
    const harness = await openHarness();
    const problem = await readProblem(await harness.get(`/v1/renders?${query}`));
    expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
    expect(problem.problems.map((one) => one.field)).toEqual([field]);
  });

  test('a cursor can have any time', async () => {
    const harness = await openHarness();
    const render = createRenderAt(NOW);
    await enterRender(harness, render, 'completed');
    const id = `rnd_${'0'.repeat(32)}`;
    const future = toCursor({ createdAt: Date.UTC(9000, 1), renderId: id });
    expect(readIds(await listRenders(harness, `cursor=${future}`))).toEqual([readId(render)]);
    expect(readIds(await listRenders(harness, `cursor=${toCursor({ createdAt: 0, renderId: id })}`))).toEqual(
      [],
    );
  });

  test('a key lists its own tenant, and a key of all tenants lists all of them or one', async () => {
    const keys: string[] = [];
    const keyOf = (tenant: string, roles: Role[]) => {
      const { text, sha256 } = createApiKey();
      keys.push(formatApiKey({ tenant, roles, sha256 }));
      return { authorization: `Bearer ${text}` };
    };
    const [ann, all] = [keyOf('ann', ['read']), keyOf('*', ['read'])];
    const harness = await openHarness({ settings: { API_KEYS: parseApiKeys(keys.join(',')) ?? [] } });
    const [hers, his] = [createRenderAt(NOW, { tenant: 'ann' }), createRenderAt(NOW, { tenant: 'bob' })];
    await enterRender(harness, hers, 'completed');
    await enqueue(harness, his);
    expect(readIds(await listRenders(harness, '', ann))).toEqual([readId(hers)]);
    expect(readIds(await listRenders(harness, 'tenant=ann', all))).toEqual([readId(hers)]);
    expect(readIds(await listRenders(harness, 'tenant=bob', all))).toEqual([readId(his)]);
    expect(readIds(await listRenders(harness, 'tenant=an', all))).toEqual([]);
    expect(readIds(await listRenders(harness, '', all)).sort()).toEqual([readId(hers), readId(his)].sort());
    for (const [query, headers] of [
      ['?tenant=..', all],
      ['?tenant=bob', ann],
      ['?tenant=ann', ann],
    ] as const) {
      const problem = await readProblem(await harness.get(`/v1/renders${query}`, headers));
      expect(problem).toMatchObject({ status: 422, problems: [{ field: 'tenant' }] });
    }
  });

  test('the list answers 503 while the store or the queue is away', async () => {
    const proxy = await startProxy(service('redis').url);
    const harness = await openHarness({ queueUrl: proxy.url });
    await proxy.refuse();
    expect(await readProblem(await harness.get('/v1/renders'))).toMatchObject({ code: 'queue_unavailable' });

    const storeless = await openHarness({
      wrap: (deps) => ({
        ...deps,
        store: countLists(deps.store, () => {
          throw new StoreError('unavailable', 'connect ECONNREFUSED');
        }),
      }),
    });
    expect(await readProblem(await storeless.get('/v1/renders'))).toMatchObject({
      code: 'store_unavailable',
    });
  });
});
