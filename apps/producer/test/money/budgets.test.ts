import { auditListSchema, budgetListSchema, budgetSchema } from '@darkroom/api';
import { readBudgets } from '@darkroom/shared/budgets';
import { submitJobId } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { createCheckpoint, enqueue } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

requires('redis').describe('/v1/budgets', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });

  const send = (method: string, name: string, body?: object) =>
    fetch(`${harness.url}/v1/budgets/${name}`, {
      method,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });

  test('a budget is set, changed, listed and removed; each change is in the audit log', async () => {
    const set = await send('PUT', 'shop', { limit: '12.5', tenant: 'shop', reason: 'contract' });
    expect(budgetSchema.parse(await set.json())).toMatchObject({
      limit: '12.500',
      per: 'day',
      tenant: 'shop',
      run: null,
      used: null,
      reason: 'contract',
      renews_at: expect.stringMatching(/T00:00:00\.000Z$/),
    });
    const [first] = await readBudgets(harness.store);
    expect((await send('PUT', 'shop', { limit: '20', tenant: 'shop' })).status).toBe(200);
    const [raised] = await readBudgets(harness.store);
    // The sums stay: it is the same budget.
    expect(raised).toMatchObject({ limitMicros: 20_000_000, since: first?.since });
    const moved = await send('PUT', 'shop', { limit: '20', per: 'total', tenant: 'shop' });
    expect((await readProblem(moved)).detail).toBeTruthy();
    expect(moved.status).toBe(422);
    expect((await send('PUT', 'shop', { limit: 'much', tenant: 'shop' })).status).toBe(422);
    expect((await send('PUT', 'night', { limit: '1', per: 'total', run: 'night' })).status).toBe(200);
    const list = budgetListSchema.parse(await (await harness.get('/v1/budgets')).json());
    expect(list.data.map(({ name, renews_at }) => [name, renews_at === null])).toEqual([
      ['night', true],
      ['shop', false],
    ]);
    for (const name of ['shop', 'night']) expect((await send('DELETE', name)).status).toBe(200);
    expect((await send('DELETE', 'shop')).status).toBe(404);
    const { data } = auditListSchema.parse(await (await harness.get('/v1/audit?target=budget:shop')).json());
    expect(data.map(({ action, before, after }) => [action, before?.['limit'], after?.['limit']])).toEqual([
      ['budget.unset', '20.000', null],
      ['budget.set', '12.500', '20.000'],
      ['budget.set', null, '12.500'],
    ]);
  });

  test('a render that waits for a budget says its name, its limit and when it renews', async () => {
    const checkpoint = createCheckpoint();
    const { renderId, tenant, provider, request, version } = checkpoint;
    await enqueue(harness, checkpoint);
    const renewsAt = Date.UTC(2036, 0, 1);
    const budget = {
      name: 'night',
      limitMicros: 1_500_000,
      per: 'day',
      since: renewsAt - 1,
      renewsAt,
    } as const;
    const data = { version, renderId, tenant, provider, attempt: 1, request, budget };
    await harness.queues.submit.add('submit', data, { jobId: submitJobId(renderId, 1), delay: 3_600_000 });
    const render = (await (await harness.get(`/v1/renders/${renderId}`)).json()) as { waiting_for: unknown };
    expect(render.waiting_for).toMatchObject({
      cause: 'budget',
      reason: 'budget night: $1.500 per UTC day is used up; it renews at 2036-01-01T00:00:00.000Z',
    });
    const page = await (await harness.get(`/renders/${renderId}`, { accept: 'text/html' })).text();
    expect(page).toMatch(/<strong>Waits<\/strong>: <a [^>]*>A budget is used up<\/a>/);
  });
});
