import { type RenderListResponse, renderListSchema } from '@darkroom/api';
import { createApiKey, formatApiKey, parseApiKeys, type Role } from '@darkroom/shared/keys';
import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { type Checkpoint } from '@darkroom/shared/render';
import { requires, service, startProxy, uniqueS3Url, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { toCursor } from '../../src/lookup/index.ts';
import { createCheckpoint, enqueue, startFakeWorker } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();

/** As a worker leaves it: in the index and, when it has ended, with a receipt. */
async function entered(rig: Harness, checkpoint: Checkpoint, status?: 'completed' | 'failed' | 'canceled') {
  await rig.ledger.writeDayIndex(checkpoint);
  if (!status) return await enqueue(rig, checkpoint);
  const { version, renderId, tenant, request, fingerprint, createdAt, purchases } = checkpoint;
  const ended = { status, finishedAt: createdAt + 60_000, attempts: 0, costMicros: 0 };
  const receipt = { version, renderId, tenant, request, fingerprint, createdAt, purchases, ...ended };
  await rig.ledger.writeReceipt(receipt);
}

async function listed(rig: Harness, query = '', headers = {}): Promise<RenderListResponse> {
  const response = await rig.get(`/v1/renders${query ? `?${query}` : ''}`, headers);
  expect(response.status).toBe(200);
  return renderListSchema.parse(await response.json());
}

const idsOf = ({ data }: RenderListResponse) => data.map(({ id }) => id);

/** All pages, by the cursors. `between` runs after each. */
async function walked(rig: Harness, query: string, between?: (page: number) => Promise<unknown>) {
  const ids: string[] = [];
  for (let page = 1, cursor = ''; ; page++) {
    const list = await listed(rig, `${query}${cursor && `&cursor=${cursor}`}`);
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

  suite('lists what waits, what goes on and what has ended, newest first', async () => {
    const rig = await openHarness(engine === 'embedded' ? { queueUrl: engine } : {});
    const [ended, going, waiting] = [at(NOW - 3 * DAY_MS), at(NOW - 5_000), at(NOW)];
    await entered(rig, ended, 'completed');
    await entered(rig, going);
    await enqueue(rig, waiting);
    const list = await listed(rig);
    expect(list.data.map(({ id, status }) => [id, status])).toEqual([
      [idOf(waiting), 'queued'],
      [idOf(going), 'queued'],
      [idOf(ended), 'completed'],
    ]);
    expect(list.next_cursor).toBeNull();
  });
});

requires('redis').describe('GET /v1/renders', () => {
  test('lists nothing where there is nothing', async () => {
    const rig = await openHarness();
    expect(await listed(rig)).toEqual({ object: 'list', data: [], next_cursor: null });
  });

  test('every render is listed once by following the cursors, while renders come, move and end', async () => {
    const rig = await openHarness();
    // Many of the same millisecond, as one bulk call makes them; over some days with empty ones between.
    const indexed = Array.from({ length: 40 }, (_, n) => at(NOW - (n % 4) * 5 * DAY_MS - (n % 2)));
    const waiting = Array.from({ length: 60 }, (_, n) => at(NOW - (n % 3)));
    for (const one of indexed) await entered(rig, one, 'completed');
    await enqueue(rig, ...waiting);
    const { ids } = await walked(rig, 'limit=7', async (page) => {
      // A worker picks up two, one ends, and others come.
      for (const one of waiting.slice(page * 2, page * 2 + 2)) await rig.ledger.writeDayIndex(one);
      const taken = waiting[page];
      if (taken) await (await rig.queues.render.getJob(idOf(taken)))?.remove();
      if (taken) await entered(rig, taken, page % 2 ? 'failed' : 'completed');
      await enqueue(rig, createCheckpoint());
    });
    const all = [...indexed, ...waiting].sort(
      (one, other) => other.createdAt - one.createdAt || (idOf(one) < idOf(other) ? -1 : 1),
    );
    expect(ids).toEqual(all.map(idOf));
  });

  test('thousands that no worker has picked up are listed once each', async () => {
    const rig = await openHarness();
    const waiting = Array.from({ length: 2_500 }, (_, n) => at(NOW - (n % 9)));
    await enqueue(rig, ...waiting);
    const { ids } = await walked(rig, 'limit=100');
    expect(ids).toHaveLength(2_500);
    expect(new Set(ids)).toEqual(new Set(waiting.map(idOf)));
  });

  test('one that is in a hurry is listed, however many wait behind it', async () => {
    const rig = await openHarness();
    const [batch, hurried] = [{ ...request('x'), priority: 'batch' as const }, at(NOW)];
    const many = Array.from({ length: 20_010 }, (_, n) => at(NOW - 1 - n, { request: batch }));
    while (many.length > 0) await enqueue(rig, ...many.splice(0, 2_000));
    await enqueue(rig, hurried);
    expect(idsOf(await listed(rig, 'limit=1'))).toEqual([idOf(hurried)]);
  });

  test('a render on its way from the queue to the index is never missed', async () => {
    const rig = await openHarness();
    const worker = startFakeWorker(rig);
    const render = await worker.ask();
    // A worker has it: it waits no longer, and is not in the index yet.
    await until(async () => (await rig.queues.render.getActiveCount()) === 1);
    expect(idsOf(await listed(rig))).toEqual([render.id]);
    await render.poll();
    await until(async () => (await rig.queues.render.getActiveCount()) === 1);
    expect(idsOf(await listed(rig))).toEqual([render.id]);
  });

  test('filters by status, run and time, and pages through what is left', async () => {
    const rig = await openHarness();
    const states = ['completed', 'failed', 'canceled'] as const;
    const renders = Array.from({ length: 12 }, (_, n) =>
      at(NOW - n * 1_000, n % 2 ? { request: request('autumn') } : {}),
    );
    for (const [n, one] of renders.entries()) await entered(rig, one, states[n % 3]);
    const ids = (keep: (n: number) => boolean) => renders.filter((_, n) => keep(n)).map(idOf);
    const iso = (n: number) => encodeURIComponent(new Date(NOW - n * 1_000).toISOString());

    expect(idsOf(await listed(rig, 'status=failed'))).toEqual(ids((n) => n % 3 === 1));
    expect(idsOf(await listed(rig, 'status=failed,canceled'))).toEqual(ids((n) => n % 3 !== 0));
    expect(idsOf(await listed(rig, 'status=queued'))).toEqual([]);
    expect(idsOf(await listed(rig, 'run=autumn'))).toEqual(ids((n) => n % 2 === 1));
    expect(idsOf(await listed(rig, 'run=autumn&status=completed'))).toEqual(
      ids((n) => n % 2 === 1 && n % 3 === 0),
    );
    expect(idsOf(await listed(rig, `created_after=${iso(3)}`))).toEqual(ids((n) => n <= 3));
    expect(idsOf(await listed(rig, `created_before=${iso(3)}`))).toEqual(ids((n) => n > 3));
    expect(idsOf(await listed(rig, `created_after=${iso(8)}&created_before=${iso(3)}`))).toEqual(
      ids((n) => n > 3 && n <= 8),
    );
    expect((await walked(rig, 'run=autumn&limit=2')).ids).toEqual(ids((n) => n % 2 === 1));
  });

  test('looks at a bounded number of renders, and goes on from there', async () => {
    const rig = await openHarness();
    const wanted = at(NOW - 10 * DAY_MS, { request: request('needle') });
    await entered(rig, wanted, 'completed');
    await enqueue(rig, ...Array.from({ length: 1_300 }, (_, n) => at(NOW - n)));
    const first = await listed(rig, 'run=needle');
    expect(first).toMatchObject({ data: [], next_cursor: expect.any(String) });
    expect((await walked(rig, 'run=needle')).ids).toEqual([idOf(wanted)]);
  });

  test('years without a render are walked through in a bounded number of looks', async () => {
    let lists = 0;
    const rig = await openHarness({
      wrap: (deps) => ({
        ...deps,
        store: counting(deps.store, () => {
          lists++;
        }),
      }),
    });
    const [old, now] = [at(NOW - 400 * DAY_MS), at(NOW)];
    await entered(rig, old, 'completed');
    await entered(rig, now, 'completed');
    const { ids, pages } = await walked(rig, 'limit=5', async () => {
      expect(lists).toBeLessThan(130);
      lists = 0;
    });
    expect(ids).toEqual([idOf(now), idOf(old)]);
    expect(pages).toBeLessThan(8);
    // A time of the far future is no long way back.
    expect(idsOf(await listed(rig, 'created_before=9999-12-31&limit=1'))).toEqual([idOf(now)]);
    expect(idsOf(await listed(rig, 'created_after=9998-12-31'))).toEqual([]);
  });

  test('one render that cannot be read hides no other', async () => {
    const rig = await openHarness();
    const [good, odd] = [at(NOW), at(NOW - 1)];
    await enqueue(rig, good, { ...odd, at: { step: 'unheard of' } } as unknown as Checkpoint);
    expect(idsOf(await listed(rig))).toEqual([idOf(good)]);
    expect(rig.logs()).toContain(idOf(odd));
  });

  test('an entry without a render is passed over, and of two entries of one render one counts', async () => {
    const rig = await openHarness();
    await rig.ledger.writeDayIndex(at(NOW));
    const again = at(NOW - 1_000);
    await rig.ledger.writeDayIndex({ ...again, createdAt: NOW - DAY_MS });
    await entered(rig, again, 'completed');
    expect(idsOf(await listed(rig))).toEqual([idOf(again)]);
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
  ])('%s is refused by name', async (query, field) => {
    const rig = await openHarness();
    const problem = await readProblem(await rig.get(`/v1/renders?${query}`));
    expect(problem).toMatchObject({ status: 422, code: 'invalid_request' });
    expect(problem.problems.map((one) => one.field)).toEqual([field]);
  });

  test('a cursor can be of any time', async () => {
    const rig = await openHarness();
    const render = at(NOW);
    await entered(rig, render, 'completed');
    const id = `rnd_${'0'.repeat(32)}`;
    const future = toCursor({ createdAt: Date.UTC(9000, 1), renderId: id });
    expect(idsOf(await listed(rig, `cursor=${future}`))).toEqual([idOf(render)]);
    expect(idsOf(await listed(rig, `cursor=${toCursor({ createdAt: 0, renderId: id })}`))).toEqual([]);
  });

  test('a key lists its own tenant; a key of all names one', async () => {
    const keys: string[] = [];
    const keyOf = (tenant: string, roles: Role[]) => {
      const { text, sha256 } = createApiKey();
      keys.push(formatApiKey({ tenant, roles, sha256 }));
      return { authorization: `Bearer ${text}` };
    };
    const [ann, all] = [keyOf('ann', ['read']), keyOf('*', ['read'])];
    const rig = await openHarness({ settings: { API_KEYS: parseApiKeys(keys.join(',')) ?? [] } });
    const [hers, his] = [at(NOW, { tenant: 'ann' }), at(NOW, { tenant: 'bob' })];
    await entered(rig, hers, 'completed');
    await enqueue(rig, his);
    expect(idsOf(await listed(rig, '', ann))).toEqual([idOf(hers)]);
    expect(idsOf(await listed(rig, 'tenant=ann', all))).toEqual([idOf(hers)]);
    expect(idsOf(await listed(rig, 'tenant=bob', all))).toEqual([idOf(his)]);
    expect(idsOf(await listed(rig, 'tenant=an', all))).toEqual([]);
    for (const [query, headers] of [
      ['', all],
      ['?tenant=..', all],
      ['?tenant=bob', ann],
      ['?tenant=ann', ann],
    ] as const) {
      const problem = await readProblem(await rig.get(`/v1/renders${query}`, headers));
      expect(problem).toMatchObject({ status: 422, problems: [{ field: 'tenant' }] });
    }
  });

  test('is answered 503 while the store or the queue is away', async () => {
    const proxy = await startProxy(service('redis').url);
    const rig = await openHarness({ queueUrl: proxy.url });
    await proxy.refuse();
    expect(await readProblem(await rig.get('/v1/renders'))).toMatchObject({ code: 'queue_unavailable' });

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
  async function fill(rig: Harness, renders: Checkpoint[]): Promise<void> {
    const rest = renders.entries();
    const some = async () => {
      for (const [n, one] of rest) await entered(rig, one, STATES[n % 3]);
    };
    await Promise.all(Array.from({ length: 32 }, some));
  }

  const newestFirst = (renders: Checkpoint[]) =>
    renders.toSorted((one, other) => other.createdAt - one.createdAt || (idOf(one) < idOf(other) ? -1 : 1));

  test('every render is listed once, over days with many pages of index, empty days and midnights', async () => {
    const calls = { list: 0, get: 0 };
    const rig = await openHarness({
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
    await fill(rig, indexed);
    const waiting = Array.from({ length: 30 }, (_, n) => at(NOW - (n % 3)));
    await enqueue(rig, ...waiting);
    const { ids } = await walked(rig, 'limit=60', async (page) => {
      // A look for each of the page, and a few pages of index: or many empty days.
      expect(calls.get).toBeLessThanOrEqual(60);
      expect(calls.list).toBeLessThanOrEqual(130);
      Object.assign(calls, { list: 0, get: 0 });
      const taken = waiting[page];
      if (taken) await (await rig.queues.render.getJob(idOf(taken)))?.remove();
      if (taken) await entered(rig, taken, 'completed');
      await enqueue(rig, createCheckpoint());
    });
    expect(ids).toEqual(newestFirst([...indexed, ...waiting]).map(idOf));

    const autumn = newestFirst(busy.filter((one) => one.request.run));
    expect((await walked(rig, 'run=autumn&limit=5')).ids).toEqual(autumn.map(idOf));
    const iso = (time: number) => new Date(time).toISOString();
    const day = `created_after=${iso(DAY - 3 * DAY_MS)}&created_before=${iso(DAY - 2 * DAY_MS)}&limit=100`;
    const within = indexed.filter(
      ({ createdAt }) => createdAt >= DAY - 3 * DAY_MS && createdAt < DAY - 2 * DAY_MS,
    );
    expect((await walked(rig, day)).ids).toEqual(newestFirst(within).map(idOf));
    expect(within.length).toBe(2);
  }, 120_000);

  test('an entry without a receipt is passed over, and a tenant sees its own, whosever cursor it has', async () => {
    const keys: string[] = [];
    const keyOf = (tenant: string) => {
      const { text, sha256 } = createApiKey();
      keys.push(formatApiKey({ tenant, roles: ['read'], sha256 }));
      return { authorization: `Bearer ${text}` };
    };
    // One name begins like the other.
    const [ann, anna] = [keyOf('ann'), keyOf('anna')];
    const settings = { API_KEYS: parseApiKeys(keys.join(',')) ?? [] };
    const rig = await openHarness({ storeUrl: uniqueS3Url(), settings });
    const hers = Array.from({ length: 5 }, (_, n) => at(NOW - 2 * n, { tenant: 'ann' }));
    const others = Array.from({ length: 5 }, (_, n) => at(NOW - 2 * n - 1, { tenant: 'anna' }));
    await fill(rig, [...hers, ...others]);
    await rig.ledger.writeDayIndex(at(NOW - 1, { tenant: 'ann' }));
    const first = await listed(rig, 'limit=3', ann);
    expect(idsOf(first)).toEqual(hers.slice(0, 3).map(idOf));
    const cursor = `cursor=${first.next_cursor}`;
    expect(idsOf(await listed(rig, cursor, ann))).toEqual(hers.slice(3).map(idOf));
    expect(idsOf(await listed(rig, cursor, anna))).toEqual(others.slice(2).map(idOf));
  }, 60_000);
});

/** A store whose reads are counted. */
function tallied(store: ObjectStore, calls: { list: number; get: number }): ObjectStore {
  const get: ObjectStore['get'] = async (...args) => {
    calls.get++;
    return await store.get(...args);
  };
  const tellList = () => {
    calls.list++;
  };
  return Object.assign(counting(store, tellList), { get });
}

/** A store that tells of each list before it makes it. */
function counting(store: ObjectStore, onList: () => void): ObjectStore {
  const list: ObjectStore['list'] = async (options) => {
    onList();
    return await store.list(options);
  };
  return Object.assign(Object.create(store) as ObjectStore, { list });
}
