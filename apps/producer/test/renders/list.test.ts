import { type RenderListResponse, renderListSchema } from '@darkroom/api';
import { createApiKey, formatApiKey, parseApiKeys, type Role } from '@darkroom/shared/keys';
import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { renderJob } from '@darkroom/shared/queues';
import { type Checkpoint, sumCost } from '@darkroom/shared/render';
import { requires, service, startProxy, uniqueS3Url, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { toCursor } from '../../src/lookup/index.ts';
import { createCheckpoint, enqueue, startFakeWorker } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();

/** As a worker leaves it: in the index and, when it has ended, with a receipt. */
async function entered(
  harness: Harness,
  checkpoint: Checkpoint,
  status?: 'completed' | 'failed' | 'canceled',
) {
  await harness.ledger.writeDayIndex(checkpoint);
  if (!status) return await enqueue(harness, checkpoint);
  const { version, renderId, tenant, request, fingerprint, createdAt, purchases } = checkpoint;
  const ended = { status, finishedAt: createdAt + 60_000, attempts: 0, cost: sumCost([]) };
  const receipt = { version, renderId, tenant, request, fingerprint, createdAt, purchases, ...ended };
  await harness.ledger.writeReceipt(receipt);
}

async function listed(harness: Harness, query = '', headers = {}): Promise<RenderListResponse> {
  const response = await harness.get(`/v1/renders${query ? `?${query}` : ''}`, headers);
  expect(response.status).toBe(200);
  return renderListSchema.parse(await response.json());
}

const idsOf = ({ data }: RenderListResponse) => data.map(({ id }) => id);

/** All pages, by the cursors. `between` runs after each. */
async function walked(harness: Harness, query: string, between?: (page: number) => Promise<unknown>) {
  const ids: string[] = [];
  for (let page = 1, cursor = ''; ; page++) {
    const list = await listed(harness, `${query}${cursor && `&cursor=${cursor}`}`);
    ids.push(...idsOf(list));
    if (list.next_cursor === null) return { ids, pages: page };
    cursor = list.next_cursor;
    await between?.(page);
    expect(page).toBeLessThan(200);
  }
}

const at = (createdAt: number, more: Partial<Checkpoint> = {}) => createCheckpoint({ createdAt, ...more });
const request = (run: string) => ({ ...createCheckpoint().request, run });
const idOf = ({ renderId }: Checkpoint) => renderId;

describe.each(['redis', 'embedded'] as const)('GET /v1/renders on %s', (engine) => {
  const suite = engine === 'redis' ? requires('redis').test : test;

  suite('the list shows waiting, running and ended renders, newest first', async () => {
    const harness = await openHarness(engine === 'embedded' ? { queueUrl: engine } : {});
    const [ended, going, waiting] = [at(NOW - 3 * DAY_MS), at(NOW - 5_000), at(NOW)];
    await entered(harness, ended, 'completed');
    await entered(harness, going);
    await enqueue(harness, waiting);
    const list = await listed(harness);
    expect(list.data.map(({ id, status }) => [id, status])).toEqual([
      [idOf(waiting), 'queued'],
      [idOf(going), 'queued'],
      [idOf(ended), 'completed'],
    ]);
    expect(list.next_cursor).toBeNull();
  });
});

requires('redis').describe('GET /v1/renders', () => {
  test("another tenant's queued renders are read once, in few round trips, for all callers together", async () => {
    const reads: number[] = [];
    const harness = await openHarness({
      wrap: (deps) => {
        const readJobTexts: typeof deps.engine.readJobTexts = (queue, ids) => {
          reads.push(ids.length);
          return deps.engine.readJobTexts(queue, ids);
        };
        return { ...deps, engine: Object.assign(Object.create(deps.engine), { readJobTexts }) };
      },
    });
    const own = at(NOW);
    await enqueue(harness, own);
    const others = Array.from({ length: 3_000 }, () => renderJob(at(NOW, { tenant: 'other' })));
    await harness.queues.render.addBulk(others);

    const lists = await Promise.all(Array.from({ length: 20 }, () => listed(harness)));
    expect(lists.map(idsOf)).toEqual(Array(20).fill([idOf(own)]));
    // 3,001 jobs, 500 in each round trip.
    expect(reads).toEqual([500, 500, 500, 500, 500, 500, 1]);

    const later = at(NOW + 1);
    await enqueue(harness, later);
    expect(idsOf(await listed(harness))).toEqual([idOf(later), idOf(own)]);
    expect(reads.slice(7)).toEqual([1]);
  });

  test('the list is empty when there are no renders', async () => {
    const harness = await openHarness();
    expect(await listed(harness)).toEqual({ object: 'list', data: [], next_cursor: null });
  });

  test('the cursors lead to every render once, while renders are created, move and end', async () => {
    const harness = await openHarness();
    // Many renders have the same millisecond, as after a bulk call. Some days between them are empty.
    const indexed = Array.from({ length: 40 }, (_, n) => at(NOW - (n % 4) * 5 * DAY_MS - (n % 2)));
    const waiting = Array.from({ length: 60 }, (_, n) => at(NOW - (n % 3)));
    for (const one of indexed) await entered(harness, one, 'completed');
    await enqueue(harness, ...waiting);
    const { ids } = await walked(harness, 'limit=7', async (page) => {
      // A worker picks up two, one ends, and others come.
      for (const one of waiting.slice(page * 2, page * 2 + 2)) await harness.ledger.writeDayIndex(one);
      const taken = waiting[page];
      if (taken) await (await harness.queues.render.getJob(idOf(taken)))?.remove();
      if (taken) await entered(harness, taken, page % 2 ? 'failed' : 'completed');
      await enqueue(harness, createCheckpoint());
    });
    const all = [...indexed, ...waiting].sort(
      (one, other) => other.createdAt - one.createdAt || (idOf(one) < idOf(other) ? -1 : 1),
    );
    expect(ids).toEqual(all.map(idOf));
  });

  test('thousands of renders that no worker has picked up are listed once each', async () => {
    const harness = await openHarness();
    const waiting = Array.from({ length: 2_500 }, (_, n) => at(NOW - (n % 9)));
    await enqueue(harness, ...waiting);
    const { ids } = await walked(harness, 'limit=100');
    expect(ids).toHaveLength(2_500);
    expect(new Set(ids)).toEqual(new Set(waiting.map(idOf)));
  });

  test('an interactive render is listed, however many renders wait behind it', async () => {
    const harness = await openHarness();
    const [batch, hurried] = [{ ...request('x'), priority: 'batch' as const }, at(NOW)];
    const many = Array.from({ length: 20_010 }, (_, n) => at(NOW - 1 - n, { request: batch }));
    while (many.length > 0) await enqueue(harness, ...many.splice(0, 2_000));
    await enqueue(harness, hurried);
    expect(idsOf(await listed(harness, 'limit=1'))).toEqual([idOf(hurried)]);
  });

  test('a render that moves from the queue to the index is never missed', async () => {
    const harness = await openHarness();
    const worker = startFakeWorker(harness);
    const render = await worker.ask();
    // A worker has the render: it no longer waits, and it is not in the index yet.
    await until(async () => (await harness.queues.render.getActiveCount()) === 1);
    expect(idsOf(await listed(harness))).toEqual([render.id]);
    await render.poll();
    await until(async () => (await harness.queues.render.getActiveCount()) === 1);
    expect(idsOf(await listed(harness))).toEqual([render.id]);
  });

  test('the list filters by status, run and time, and pages through the rest', async () => {
    const harness = await openHarness();
    const states = ['completed', 'failed', 'canceled'] as const;
    const renders = Array.from({ length: 12 }, (_, n) =>
      at(NOW - n * 1_000, n % 2 ? { request: request('autumn') } : {}),
    );
    for (const [n, one] of renders.entries()) await entered(harness, one, states[n % 3]);
    const ids = (keep: (n: number) => boolean) => renders.filter((_, n) => keep(n)).map(idOf);
    const iso = (n: number) => encodeURIComponent(new Date(NOW - n * 1_000).toISOString());

    expect(idsOf(await listed(harness, 'status=failed'))).toEqual(ids((n) => n % 3 === 1));
    expect(idsOf(await listed(harness, 'status=failed,canceled'))).toEqual(ids((n) => n % 3 !== 0));
    expect(idsOf(await listed(harness, 'status=queued'))).toEqual([]);
    expect(idsOf(await listed(harness, 'run=autumn'))).toEqual(ids((n) => n % 2 === 1));
    expect(idsOf(await listed(harness, 'run=autumn&status=completed'))).toEqual(
      ids((n) => n % 2 === 1 && n % 3 === 0),
    );
    expect(idsOf(await listed(harness, `created_after=${iso(3)}`))).toEqual(ids((n) => n <= 3));
    expect(idsOf(await listed(harness, `created_before=${iso(3)}`))).toEqual(ids((n) => n > 3));
    expect(idsOf(await listed(harness, `created_after=${iso(8)}&created_before=${iso(3)}`))).toEqual(
      ids((n) => n > 3 && n <= 8),
    );
    expect((await walked(harness, 'run=autumn&limit=2')).ids).toEqual(ids((n) => n % 2 === 1));
  });

  test('one call reads a limited number of renders, and the next call continues there', async () => {
    const harness = await openHarness();
    const wanted = at(NOW - 10 * DAY_MS, { request: request('needle') });
    await entered(harness, wanted, 'completed');
    await enqueue(harness, ...Array.from({ length: 1_300 }, (_, n) => at(NOW - n)));
    const first = await listed(harness, 'run=needle');
    expect(first).toMatchObject({ data: [], next_cursor: expect.any(String) });
    expect((await walked(harness, 'run=needle')).ids).toEqual([idOf(wanted)]);
  });

  test('years without a render are read in a limited number of calls', async () => {
    let lists = 0;
    const harness = await openHarness({
      wrap: (deps) => ({
        ...deps,
        store: counting(deps.store, () => {
          lists++;
        }),
      }),
    });
    const [old, now] = [at(NOW - 400 * DAY_MS), at(NOW)];
    await entered(harness, old, 'completed');
    await entered(harness, now, 'completed');
    const { ids, pages } = await walked(harness, 'limit=5', async () => {
      expect(lists).toBeLessThan(130);
      lists = 0;
    });
    expect(ids).toEqual([idOf(now), idOf(old)]);
    expect(pages).toBeLessThan(8);
    // A time in the far future causes no long search backwards.
    expect(idsOf(await listed(harness, 'created_before=9999-12-31&limit=1'))).toEqual([idOf(now)]);
    expect(idsOf(await listed(harness, 'created_after=9998-12-31'))).toEqual([]);
  });

  test('a render that cannot be read hides no other render', async () => {
    const harness = await openHarness();
    const [good, odd] = [at(NOW), at(NOW - 1)];
    await enqueue(harness, good, { ...odd, at: { step: 'unheard of' } } as unknown as Checkpoint);
    expect(idsOf(await listed(harness))).toEqual([idOf(good)]);
    expect(harness.logs()).toContain(idOf(odd));
  });

  test('an entry without a render is skipped, and of two entries of one render one counts', async () => {
    const harness = await openHarness();
    await harness.ledger.writeDayIndex(at(NOW));
    const again = at(NOW - 1_000);
    await harness.ledger.writeDayIndex({ ...again, createdAt: NOW - DAY_MS });
    await entered(harness, again, 'completed');
    expect(idsOf(await listed(harness))).toEqual([idOf(again)]);
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
    const render = at(NOW);
    await entered(harness, render, 'completed');
    const id = `rnd_${'0'.repeat(32)}`;
    const future = toCursor({ createdAt: Date.UTC(9000, 1), renderId: id });
    expect(idsOf(await listed(harness, `cursor=${future}`))).toEqual([idOf(render)]);
    expect(idsOf(await listed(harness, `cursor=${toCursor({ createdAt: 0, renderId: id })}`))).toEqual([]);
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
    const [hers, his] = [at(NOW, { tenant: 'ann' }), at(NOW, { tenant: 'bob' })];
    await entered(harness, hers, 'completed');
    await enqueue(harness, his);
    expect(idsOf(await listed(harness, '', ann))).toEqual([idOf(hers)]);
    expect(idsOf(await listed(harness, 'tenant=ann', all))).toEqual([idOf(hers)]);
    expect(idsOf(await listed(harness, 'tenant=bob', all))).toEqual([idOf(his)]);
    expect(idsOf(await listed(harness, 'tenant=an', all))).toEqual([]);
    expect(idsOf(await listed(harness, '', all)).sort()).toEqual([idOf(hers), idOf(his)].sort());
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
        store: counting(deps.store, () => {
          throw new StoreError('unavailable', 'connect ECONNREFUSED');
        }),
      }),
    });
    expect(await readProblem(await storeless.get('/v1/renders'))).toMatchObject({
      code: 'store_unavailable',
    });
  });
});

requires('redis', 's3').describe('GET /v1/renders on S3', () => {
  const DAY = Math.floor(NOW / DAY_MS) * DAY_MS;
  const STATES = ['completed', 'failed', 'canceled'] as const;

  /** Enters many side by side. */
  async function fill(harness: Harness, renders: Checkpoint[]): Promise<void> {
    const rest = renders.entries();
    const some = async () => {
      for (const [n, one] of rest) await entered(harness, one, STATES[n % 3]);
    };
    await Promise.all(Array.from({ length: 32 }, some));
  }

  const newestFirst = (renders: Checkpoint[]) =>
    renders.toSorted((one, other) => other.createdAt - one.createdAt || (idOf(one) < idOf(other) ? -1 : 1));

  test('every render is listed once, over days with many index pages, empty days and midnights', async () => {
    const calls = { list: 0, get: 0 };
    const harness = await openHarness({
      storeUrl: uniqueS3Url(),
      wrap: (deps) => ({ ...deps, store: tallied(deps.store, calls) }),
    });
    const midnights = [-4, -3, -1, 0].flatMap((day) => [
      at(DAY + day * DAY_MS - 1),
      at(DAY + day * DAY_MS),
      at(DAY + day * DAY_MS),
    ]);
    // Bulk calls: many of one millisecond, more than a page of the index in one day.
    const busy = Array.from({ length: 560 }, (_, n) =>
      at(DAY - 2 * DAY_MS + 1_000 * (n % 40), n % 50 ? {} : { request: request('autumn') }),
    );
    const indexed = [...busy, ...midnights, at(DAY - 200 * DAY_MS)];
    await fill(harness, indexed);
    const waiting = Array.from({ length: 30 }, (_, n) => at(NOW - (n % 3)));
    await enqueue(harness, ...waiting);
    const { ids } = await walked(harness, 'limit=60', async (page) => {
      // One read for each render of the page, and a few index pages, or many empty days.
      expect(calls.get).toBeLessThanOrEqual(60);
      expect(calls.list).toBeLessThanOrEqual(130);
      Object.assign(calls, { list: 0, get: 0 });
      const taken = waiting[page];
      if (taken) await (await harness.queues.render.getJob(idOf(taken)))?.remove();
      if (taken) await entered(harness, taken, 'completed');
      await enqueue(harness, createCheckpoint());
    });
    expect(ids).toEqual(newestFirst([...indexed, ...waiting]).map(idOf));

    const autumn = newestFirst(busy.filter((one) => one.request.run));
    expect((await walked(harness, 'run=autumn&limit=5')).ids).toEqual(autumn.map(idOf));
    const iso = (time: number) => new Date(time).toISOString();
    const day = `created_after=${iso(DAY - 3 * DAY_MS)}&created_before=${iso(DAY - 2 * DAY_MS)}&limit=100`;
    const within = indexed.filter(
      ({ createdAt }) => createdAt >= DAY - 3 * DAY_MS && createdAt < DAY - 2 * DAY_MS,
    );
    expect((await walked(harness, day)).ids).toEqual(newestFirst(within).map(idOf));
    expect(within.length).toBe(2);
  }, 120_000);

  test.each(['a folder', 'S3'] as const)(
    'a key of all tenants lists the renders of all tenants in %s, newest first, each once',
    async (kind) => {
      const { text, sha256 } = createApiKey();
      const all = { authorization: `Bearer ${text}` };
      const harness = await openHarness({
        ...(kind === 'S3' ? { storeUrl: uniqueS3Url() } : {}),
        settings: { API_KEYS: [{ tenant: '*', roles: ['read'], sha256 }] },
      });
      // Names that begin alike sort differently with the separator of keys. Some renders have the same millisecond.
      const tenants = ['shop', 'shop-2', 'shop_3', 'a'];
      const renders = Array.from({ length: 40 }, (_, n) =>
        at(NOW - Math.floor(n / 3) * 1_000 - (n > 25 ? 3 * DAY_MS : 0), {
          tenant: tenants[n % tenants.length] as string,
        }),
      );
      await fill(harness, renders);
      const waiting = at(NOW + 1, { tenant: 'b' });
      await enqueue(harness, waiting);
      const newestFirst = [waiting, ...renders].sort(
        (a, b) => b.createdAt - a.createdAt || (a.renderId < b.renderId ? -1 : 1),
      );
      const ids: string[] = [];
      for (let cursor = ''; ; ) {
        const list = await listed(harness, `limit=7${cursor}`, all);
        ids.push(...idsOf(list));
        if (list.next_cursor === null) break;
        cursor = `&cursor=${list.next_cursor}`;
      }
      expect(ids).toEqual(newestFirst.map(idOf));
    },
    60_000,
  );

  test('a list of all tenants skips the entries of a tenant that fills a day', async () => {
    const { text, sha256 } = createApiKey();
    const all = { authorization: `Bearer ${text}` };
    let lists = 0;
    const harness = await openHarness({
      settings: { API_KEYS: [{ tenant: '*', roles: ['read'], sha256 }] },
      wrap: (deps) => ({ ...deps, store: counting(deps.store, () => lists++) }),
    });
    const busy = Array.from({ length: 2_500 }, (_, n) => at(NOW - n, { tenant: 'busy' }));
    await Promise.all(busy.map((render) => harness.ledger.writeDayIndex(render)));
    const [first, last] = [at(NOW - 5_000, { tenant: 'first' }), at(NOW + 5, { tenant: 'last' })];
    await fill(harness, [first, last, ...busy.slice(0, 3)]);
    const list = await listed(harness, 'limit=4', all);
    expect(idsOf(list)).toEqual([last, ...busy.slice(0, 3)].map(idOf));
    // Two pages to find the tenants, one page of each of them, and one for the first day.
    expect(lists).toBeLessThanOrEqual(7);
  }, 60_000);

  test("an entry without a receipt is skipped, and a tenant gets its own renders with any tenant's cursor", async () => {
    const keys: string[] = [];
    const keyOf = (tenant: string) => {
      const { text, sha256 } = createApiKey();
      keys.push(formatApiKey({ tenant, roles: ['read'], sha256 }));
      return { authorization: `Bearer ${text}` };
    };
    // One name begins like the other.
    const [ann, anna] = [keyOf('ann'), keyOf('anna')];
    const settings = { API_KEYS: parseApiKeys(keys.join(',')) ?? [] };
    const harness = await openHarness({ storeUrl: uniqueS3Url(), settings });
    const hers = Array.from({ length: 5 }, (_, n) => at(NOW - 2 * n, { tenant: 'ann' }));
    const others = Array.from({ length: 5 }, (_, n) => at(NOW - 2 * n - 1, { tenant: 'anna' }));
    await fill(harness, [...hers, ...others]);
    await harness.ledger.writeDayIndex(at(NOW - 1, { tenant: 'ann' }));
    const first = await listed(harness, 'limit=3', ann);
    expect(idsOf(first)).toEqual(hers.slice(0, 3).map(idOf));
    const cursor = `cursor=${first.next_cursor}`;
    expect(idsOf(await listed(harness, cursor, ann))).toEqual(hers.slice(3).map(idOf));
    expect(idsOf(await listed(harness, cursor, anna))).toEqual(others.slice(2).map(idOf));
  }, 60_000);
});

/** A store whose reads are counted. */
function tallied(store: ObjectStore, calls: { list: number; get: number }): ObjectStore {
  const get: ObjectStore['get'] = async (...args) => {
    calls.get++;
    return await store.get(...args);
  };
  const countList = () => {
    calls.list++;
  };
  return Object.assign(counting(store, countList), { get });
}

/** A store that reports each list call before it runs. */
function counting(store: ObjectStore, onList: () => void): ObjectStore {
  const list: ObjectStore['list'] = async (options) => {
    onList();
    return await store.list(options);
  };
  return Object.assign(Object.create(store) as ObjectStore, { list });
}
