import { createApiKey, formatApiKey, parseApiKeys } from '@darkroom/shared/keys';
import { type ObjectStore } from '@darkroom/shared/object-store';
import { type Checkpoint } from '@darkroom/shared/render';
import { requires, uniqueS3Url } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createCheckpoint, enqueue } from '../support/fake-worker.ts';
import { type Harness, openHarness } from '../support/harness.ts';
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

requires('redis', 's3').describe('GET /v1/renders on S3', () => {
  const DAY = Math.floor(NOW / DAY_MS) * DAY_MS;
  const STATES = ['completed', 'failed', 'canceled'] as const;

  /** Enters many side by side. */
  async function fill(harness: Harness, renders: Checkpoint[]): Promise<void> {
    const rest = renders.entries();
    const some = async () => {
      for (const [n, one] of rest) await enterRender(harness, one, STATES[n % 3]);
    };
    await Promise.all(Array.from({ length: 32 }, some));
  }

  const newestFirst = (renders: Checkpoint[]) =>
    renders.toSorted(
      (one, other) => other.createdAt - one.createdAt || (readId(one) < readId(other) ? -1 : 1),
    );

  test('every render is listed once, over days with many index pages, empty days and midnights', async () => {
    const calls = { list: 0, get: 0 };
    const harness = await openHarness({
      storeUrl: uniqueS3Url(),
      wrap: (deps) => ({ ...deps, store: tallied(deps.store, calls) }),
    });
    const midnights = [-4, -3, -1, 0].flatMap((day) => [
      createRenderAt(DAY + day * DAY_MS - 1),
      createRenderAt(DAY + day * DAY_MS),
      createRenderAt(DAY + day * DAY_MS),
    ]);
    // Bulk calls: many of one millisecond, more than a page of the index in one day.
    const busy = Array.from({ length: 560 }, (_, n) =>
      createRenderAt(DAY - 2 * DAY_MS + 1_000 * (n % 40), n % 50 ? {} : { request: createRequest('autumn') }),
    );
    const indexed = [...busy, ...midnights, createRenderAt(DAY - 200 * DAY_MS)];
    await fill(harness, indexed);
    const waiting = Array.from({ length: 30 }, (_, n) => createRenderAt(NOW - (n % 3)));
    await enqueue(harness, ...waiting);
    const { ids } = await walkList(harness, 'limit=60', async (page) => {
      // One read for each render of the page, and a few index pages, or many empty days.
      expect(calls.get).toBeLessThanOrEqual(60);
      expect(calls.list).toBeLessThanOrEqual(130);
      Object.assign(calls, { list: 0, get: 0 });
      const taken = waiting[page];
      if (taken) await (await harness.queues.render.getJob(readId(taken)))?.remove();
      if (taken) await enterRender(harness, taken, 'completed');
      await enqueue(harness, createCheckpoint());
    });
    expect(ids).toEqual(newestFirst([...indexed, ...waiting]).map(readId));

    const autumn = newestFirst(busy.filter((one) => one.request.run));
    expect((await walkList(harness, 'run=autumn&limit=5')).ids).toEqual(autumn.map(readId));
    const iso = (time: number) => new Date(time).toISOString();
    const day = `created_after=${iso(DAY - 3 * DAY_MS)}&created_before=${iso(DAY - 2 * DAY_MS)}&limit=100`;
    const within = indexed.filter(
      ({ createdAt }) => createdAt >= DAY - 3 * DAY_MS && createdAt < DAY - 2 * DAY_MS,
    );
    expect((await walkList(harness, day)).ids).toEqual(newestFirst(within).map(readId));
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
        createRenderAt(NOW - Math.floor(n / 3) * 1_000 - (n > 25 ? 3 * DAY_MS : 0), {
          tenant: tenants[n % tenants.length] as string,
        }),
      );
      await fill(harness, renders);
      const waiting = createRenderAt(NOW + 1, { tenant: 'b' });
      await enqueue(harness, waiting);
      const newestFirst = [waiting, ...renders].sort(
        (a, b) => b.createdAt - a.createdAt || (a.renderId < b.renderId ? -1 : 1),
      );
      const ids: string[] = [];
      for (let cursor = ''; ; ) {
        const list = await listRenders(harness, `limit=7${cursor}`, all);
        ids.push(...readIds(list));
        if (list.next_cursor === null) break;
        cursor = `&cursor=${list.next_cursor}`;
      }
      expect(ids).toEqual(newestFirst.map(readId));
    },
    60_000,
  );

  test('a list of all tenants skips the entries of a tenant that fills a day', async () => {
    const { text, sha256 } = createApiKey();
    const all = { authorization: `Bearer ${text}` };
    let lists = 0;
    const harness = await openHarness({
      settings: { API_KEYS: [{ tenant: '*', roles: ['read'], sha256 }] },
      wrap: (deps) => ({ ...deps, store: countLists(deps.store, () => lists++) }),
    });
    const busy = Array.from({ length: 2_500 }, (_, n) => createRenderAt(NOW - n, { tenant: 'busy' }));
    await Promise.all(busy.map((render) => harness.ledger.writeDayIndex(render)));
    const [first, last] = [
      createRenderAt(NOW - 5_000, { tenant: 'first' }),
      createRenderAt(NOW + 5, { tenant: 'last' }),
    ];
    await fill(harness, [first, last, ...busy.slice(0, 3)]);
    const list = await listRenders(harness, 'limit=4', all);
    expect(readIds(list)).toEqual([last, ...busy.slice(0, 3)].map(readId));
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
    const hers = Array.from({ length: 5 }, (_, n) => createRenderAt(NOW - 2 * n, { tenant: 'ann' }));
    const others = Array.from({ length: 5 }, (_, n) => createRenderAt(NOW - 2 * n - 1, { tenant: 'anna' }));
    await fill(harness, [...hers, ...others]);
    await harness.ledger.writeDayIndex(createRenderAt(NOW - 1, { tenant: 'ann' }));
    const first = await listRenders(harness, 'limit=3', ann);
    expect(readIds(first)).toEqual(hers.slice(0, 3).map(readId));
    const cursor = `cursor=${first.next_cursor}`;
    expect(readIds(await listRenders(harness, cursor, ann))).toEqual(hers.slice(3).map(readId));
    expect(readIds(await listRenders(harness, cursor, anna))).toEqual(others.slice(2).map(readId));
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
  return Object.assign(countLists(store, countList), { get });
}
