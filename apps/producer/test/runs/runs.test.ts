import {
  type RunResponse,
  redrivePlanSchema,
  runListSchema,
  runResultSchema,
  runSchema,
} from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { DATA_VERSION, drawRenderId, type Receipt, runEndKey, sumCost } from '@darkroom/shared/render';
import { placeReceipt, RunStore, readRun } from '@darkroom/shared/runs';
import { cleanup, requires, until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { putFailedRenders } from '../support/failed-renders.ts';
import { type Harness, openHarness } from '../support/harness.ts';

let runs = 0;
const nameRun = () => `night.${++runs}`;

/** The keys that were read one by one since the last look. */
const reads: string[] = [];

const watchReads = (store: ObjectStore): ObjectStore =>
  new Proxy(store, {
    get(target, name) {
      if (name === 'get')
        return (key: string, options: { signal?: AbortSignal }) => {
          reads.push(key);
          return target.get(key, options);
        };
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

requires('redis').describe('runs', () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await openHarness({
      wrap: (deps) => ({ ...deps, store: watchReads(deps.store) }),
      settings: { WEBHOOK_SECRETS: [{ value: `whsec_${'A'.repeat(32)}` }] },
    });
  });

  const post = (path: string, body: unknown = {}) =>
    fetch(`${harness.url}/v1/runs${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const create = async (body: object = {}): Promise<RunResponse> => {
    const response = await post('', { id: nameRun(), ...body });
    expect(response.status).toBe(201);
    return runSchema.parse(await response.json());
  };
  const get = async (id: string): Promise<RunResponse> =>
    runSchema.parse(await (await harness.get(`/v1/runs/${id}`)).json());
  const problemOf = async (response: Response) => {
    const { code, problems } = (await response.json()) as { code: string; problems: unknown };
    return { status: response.status, code, problems };
  };
  const countJobs = () => harness.jobCount();

  test('a run that is created twice is one run, and another definition is a conflict', async () => {
    const id = nameRun();
    const body = {
      id,
      name: 'The night',
      lane: 'batch',
      deadline: '2036-11-27T05:00:00Z',
      budget: '12.50',
      webhook_url: 'https://shop.example.com/hooks?token=s3cret',
      metadata: { shop: 'berlin', number: 3 },
    };
    const first = await post('', body);
    expect(first.status).toBe(201);
    expect(first.headers.get('location')).toBe(`${harness.url}/v1/runs/${id}`);
    const run = runSchema.parse(await first.json());
    expect(run).toMatchObject({ id, tenant: 'default', status: 'open', total: 0, budget: '12.500' });
    expect(run).toMatchObject({ eta: null, eta_reason: 'none_remain' });
    const { metadata, ...rest } = body;
    const again = await post('', { ...rest, metadata: { number: 3, shop: metadata.shop } });
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(run);
    expect(await problemOf(await post('', { ...body, lane: 'interactive' }))).toMatchObject({
      status: 409,
      code: 'run_conflict',
      problems: [{ field: 'lane' }],
    });
    const budgets = (await (await harness.get('/v1/budgets')).json()) as { data: unknown[] };
    expect(budgets.data).toContainEqual(
      expect.objectContaining({ limit: '12.500', per: 'total', run: id, tenant: 'default' }),
    );
  });

  test('a run without an id gets one, and a deadline must be in the future', async () => {
    expect((await create({ id: undefined })).id).toMatch(/^run_[0-9a-f]{16}$/);
    const past = await post('', { id: nameRun(), deadline: '2020-01-01T00:00:00Z' });
    expect(await problemOf(past)).toMatchObject({ status: 422, problems: [{ field: 'deadline' }] });
  });

  test('renders are counted however they are created, each once, in the lane of the run', async () => {
    const { id } = await create({ lane: 'batch' });
    const single = { prompt: 'a mug', run: id, idempotency_key: `${id}-single` };
    expect((await harness.post(single)).status).toBe(202);
    expect((await harness.post(single)).status).toBe(202);
    const items = Array.from({ length: 20 }, (_, n) => ({
      prompt: `p ${n}`,
      run: id,
      idempotency_key: `${id}-${n}`,
    }));
    await harness.bulk(items);
    await harness.bulk(items);
    await harness.post({ prompt: 'now', run: id, priority: 'interactive' });
    expect(await get(id)).toMatchObject({
      total: 22,
      counts: { queued: 22, completed: 0 },
      counts_complete: true,
      rate: null,
      eta: null,
      eta_reason: 'too_few_samples',
    });
    const jobs = (await harness.queues.render.getJobs(['prioritized', 'waiting'])).filter(
      ({ data }) => data.request.run === id,
    );
    expect(jobs).toHaveLength(22);
    expect(jobs.every(({ data }) => data.inRun)).toBe(true);
    expect(jobs.filter(({ data }) => data.request.priority === 'interactive')).toHaveLength(1);
  });

  test('a sealed run refuses new renders, and answers for those that it has', async () => {
    const { id } = await create();
    const known = { prompt: 'a mug', run: id, idempotency_key: `${id}-known` };
    await harness.post(known);
    const sealed = await post(`/${id}/seal`, { reason: 'all sent' });
    expect(sealed.status).toBe(200);
    expect(await sealed.json()).toMatchObject({ status: 'sealed', total: 1, sealed_at: expect.any(String) });
    const jobs = await countJobs();
    const refused = await harness.post({ prompt: 'late', run: id });
    expect(await problemOf(refused)).toMatchObject({
      status: 409,
      code: 'run_closed',
      problems: [{ field: 'run', received: `${id}, which is sealed` }],
    });
    const duplicate = await harness.post(known);
    expect(await duplicate.json()).toMatchObject({ duplicate: true });
    const bulk = await harness.bulk([known, { prompt: 'late', run: id }, { prompt: 'free' }]);
    const { items } = (await bulk.json()) as { items: { code?: string; render?: { duplicate: boolean } }[] };
    expect(JSON.stringify(items[0])).toContain('"duplicate":true');
    expect(JSON.stringify(items[1])).toContain('run_closed');
    expect(await countJobs()).toBe(jobs + 1);
    expect(await get(id)).toMatchObject({ total: 1 });
    expect((await post(`/${id}/seal`)).status).toBe(200);
  });

  test('a run whose counts the queue has lost still refuses renders after it was sealed', async () => {
    const { id } = await create();
    await post(`/${id}/seal`);
    await harness.engine.runTallies.finish({ tenant: 'default', id }, 1);
    expect(await problemOf(await harness.post({ prompt: 'late', run: id }))).toMatchObject({
      code: 'run_closed',
    });
  });

  test('a plain label names no run until one is created', async () => {
    const id = nameRun();
    expect((await harness.post({ prompt: 'a mug', run: id })).status).toBe(202);
    expect(await problemOf(await harness.get(`/v1/runs/${id}`))).toMatchObject({ code: 'run_not_found' });
    await post('', { id });
    expect((await get(id)).total).toBe(0);
    await harness.post({ prompt: 'a mug', run: id });
    expect((await get(id)).total).toBe(1);
  });

  test('a second producer counts the renders of a run that the first has created', async () => {
    const id = nameRun();
    await harness.post({ prompt: 'a mug', run: id });
    const prefix = harness.queues.render.opts.prefix?.replace(/[{}]/g, '') ?? '';
    const other = await openHarness({ prefix, wrap: (deps) => ({ ...deps, store: harness.store }) });
    const created = await fetch(`${other.url}/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id }),
    });
    expect(created.status).toBe(201);
    await harness.post({ prompt: 'a mug', run: id });
    expect((await get(id)).total).toBe(1);
  });

  test('the list has the runs of all, the latest first, page by page', async () => {
    const ids = [(await create()).id, (await create()).id, (await create()).id];
    const page = async (query: string) =>
      runListSchema.parse(await (await harness.get(`/v1/runs?limit=2${query}`)).json());
    const first = await page('&tenant=default');
    expect(first.data.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    const second = await page(`&tenant=default&cursor=${first.next_cursor}`);
    expect(second.data[0]?.id).toBe(ids[0]);
    expect((await page('')).data.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
  });

  test('the results of 2,000 ends are streamed without reading a render', async () => {
    const { id } = await create();
    const receipts = Array.from({ length: 2_000 }, (_, n) => endOf(id, n));
    // Only the last ones are read.
    const sorted = receipts.toSorted((one, other) => (one.renderId < other.renderId ? -1 : 1));
    for (const receipt of sorted.slice(-2)) await harness.ledger.writeReceipt(receipt);
    await Promise.all(
      receipts.map((one) => harness.store.put(runEndKey(one) ?? '', '', { contentType: 'text/plain' })),
    );
    const run = { tenant: 'default', id };
    await harness.engine.runTallies.change(run, 'move', receipts.map(placeReceipt));
    reads.length = 0;
    const response = await harness.get(`/v1/runs/${id}/results`);
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => runResultSchema.parse(JSON.parse(line)));
    expect(reads.filter((key) => key.startsWith('renders/'))).toEqual([]);
    expect(reads.length).toBeLessThan(10);
    expect(lines.map((line) => line.id)).toEqual(receipts.map(({ renderId }) => renderId).toSorted());
    const failed = lines.filter(({ status }) => status === 'failed');
    expect(failed).toHaveLength(200);
    expect(failed[0]).toMatchObject({ error_code: 'task_lost', spent: '0.000', possibly_spent: '0.025' });
    expect(await get(id)).toMatchObject({
      total: 2_000,
      counts: { completed: 1_800, failed: 200 },
      spent: '45.000',
      possibly_spent: '5.000',
    });
    const after = lines.at(-3)?.id;
    const rest = await (await harness.get(`/v1/runs/${id}/results?after=${after}`)).text();
    expect(rest.trimEnd().split('\n')).toHaveLength(2);
    const expanded = await harness.get(`/v1/runs/${id}/results?after=${after}&expand=render`);
    const [line] = (await expanded.text()).split('\n').map((text) => JSON.parse(text || '{}') as unknown);
    expect(runResultSchema.parse(line).render).toMatchObject({
      run: id,
      metadata: { n: expect.any(Number) },
    });
  }, 60_000);

  test('the events of a run end when it finishes', async () => {
    const { id } = await create();
    const abort = new AbortController();
    cleanup(() => abort.abort());
    const response = await fetch(`${harness.url}/v1/runs/${id}/events`, { signal: abort.signal });
    let text = '';
    const reading = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString('utf8');
    })();
    await until(() => text.includes('event: run\n'));
    await harness.post({ prompt: 'a mug', run: id });
    await until(() => text.includes('"total":1'));
    const run = { tenant: 'default', id };
    const store = new RunStore(harness.store);
    const cost = sumCost([]);
    await store.writeEnd(run, {
      end: 1,
      endedAt: Date.now(),
      completed: 1,
      failed: 0,
      canceled: 0,
      cost,
      renderEnds: 0,
    });
    await store.markEnded(run, 1);
    await reading;
    expect(text).toMatch(/event: finished\ndata: \{.*"status":"finished"/);
  });

  test('a canceled run takes no more renders, and the record says who canceled it and why', async () => {
    const { id } = await create();
    const response = await post(`/${id}/cancel`, { reason: 'wrong prompts' });
    expect(await response.json()).toMatchObject({ status: 'canceling', cancel_reason: 'wrong prompts' });
    const late = await harness.post({ prompt: 'late', run: id });
    expect(await problemOf(late)).toMatchObject({ problems: [{ received: `${id}, which is canceled` }] });
    expect((await readRun(harness.store, { tenant: 'default', id }))?.canceled?.actor).toBe(
      'a user of this machine',
    );
    const audit = (await (await harness.get('/v1/audit')).json()) as {
      data: { action: string; reason: string }[];
    };
    expect(audit.data).toContainEqual(
      expect.objectContaining({ action: 'run.cancel', reason: 'wrong prompts' }),
    );
  });

  test('a redrive of a run is a plan for its failed renders only', async () => {
    const { id } = await create();
    const [own] = await putFailedRenders(harness, [
      { code: 'upstream_unreachable', run: id },
      { code: 'upstream_unreachable', run: 'another' },
    ]);
    const response = await post(`/${id}/redrive`);
    expect(response.status).toBe(200);
    const plan = redrivePlanSchema.parse(await response.json());
    expect(plan.total).toBe(1);
    expect(own).toBeDefined();
  });
});

requires('redis').describe('runs of several tenants', () => {
  const keys = { shop: createApiKey(), other: createApiKey(), all: createApiKey() };
  const as = (name: keyof typeof keys) => ({
    authorization: `Bearer ${keys[name].text}`,
    'content-type': 'application/json',
  });

  test('a key of one tenant sees and changes only its own runs, and an operator names the tenant', async () => {
    const harness = await openHarness({
      settings: {
        API_KEYS: [
          { tenant: 'shop', roles: ['enqueue', 'read'], sha256: keys.shop.sha256 },
          { tenant: 'other', roles: ['enqueue', 'read'], sha256: keys.other.sha256 },
          { tenant: '*', roles: ['read', 'operate'], sha256: keys.all.sha256 },
        ],
      },
    });
    const call = (name: keyof typeof keys, path: string, body?: unknown) =>
      fetch(`${harness.url}/v1/runs${path}`, {
        headers: as(name),
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
    expect((await call('shop', '', { id: 'night' })).status).toBe(201);
    expect((await call('other', '/night')).status).toBe(404);
    expect((await call('other', '/night/cancel', {})).status).toBe(404);
    // The same name is another run of another tenant.
    expect((await call('other', '', { id: 'night', lane: 'batch' })).status).toBe(201);
    expect((await call('all', '/night')).status).toBe(422);
    expect(await (await call('all', '/night?tenant=shop')).json()).toMatchObject({
      tenant: 'shop',
      lane: null,
    });
    expect(await (await call('all', '?tenant=other')).json()).toMatchObject({ data: [{ lane: 'batch' }] });
    expect(await (await call('all', '')).json()).toMatchObject({ data: [{}, {}] });
    expect((await call('shop', '?tenant=other')).status).toBe(404);
    expect((await call('shop', '/night/redrive', {})).status).toBe(403);
    expect((await call('all', '/night/seal?tenant=shop', {})).status).toBe(200);
  });
});

function endOf(run: string, n: number): Receipt {
  const isFailed = n % 10 === 0;
  const purchases = [
    {
      provider: 'toapis' as const,
      attempt: 1,
      outcome: isFailed ? ('unknown' as const) : ('accepted' as const),
      costMicros: 25_000,
      taskId: `task_${n}`,
      acceptedAt: Date.now(),
    },
  ];
  return {
    version: DATA_VERSION,
    renderId: drawRenderId(),
    tenant: 'default',
    inRun: true,
    status: isFailed ? 'failed' : 'completed',
    request: {
      model: 'gemini-3-pro-image-preview',
      prompt: 'a mug',
      resolution: '1K',
      images: [],
      priority: 'batch',
      run,
      metadata: { n },
    },
    fingerprint: 'f',
    createdAt: Date.now(),
    finishedAt: Date.now(),
    attempts: 1,
    purchases,
    cost: sumCost(purchases),
    ...(isFailed
      ? { failure: { code: 'task_lost' as const, message: 'gone', step: 'poll' as const, at: 1, chain: [] } }
      : {}),
  };
}
