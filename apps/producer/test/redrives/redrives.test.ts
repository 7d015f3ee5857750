import {
  type RedrivePlanResponse,
  type RedriveResponse,
  redriveItemListSchema,
  redriveListSchema,
  redrivePlanSchema,
  redriveSchema,
} from '@darkroom/api';
import { parseSettings } from '@darkroom/shared/config';
import { createApiKey } from '@darkroom/shared/keys';
import { keyOfId, RedriveStore } from '@darkroom/shared/redrives';
import { systemClock } from '@darkroom/shared/runtime';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { AT, putFailedRenders } from '../support/failed-renders.ts';
import { createCheckpoint } from '../support/fake-worker.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const keys = { shop: createApiKey(), all: createApiKey() };
const as = (name: keyof typeof keys) => ({ authorization: `Bearer ${keys[name].text}` });

requires('redis').describe('redrives', () => {
  let harness: Harness;
  let ids: string[];
  let redrives: RedriveStore;
  let now = systemClock.now();

  const post = (path: string, body: unknown, name: keyof typeof keys = 'all') =>
    fetch(`${harness.url}/v1/redrives${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...as(name) },
      body: JSON.stringify(body),
    });
  const plan = async (body: object, name: keyof typeof keys = 'all'): Promise<RedrivePlanResponse> => {
    const response = await post('', { ...body, dry_run: true }, name);
    expect(response.status).toBe(200);
    return redrivePlanSchema.parse(await response.json()) as RedrivePlanResponse;
  };
  const begin = async (body: object): Promise<RedriveResponse> => {
    const response = await post('', body);
    expect(response.status).toBe(202);
    return redriveSchema.parse(await response.json()) as RedriveResponse;
  };
  const get = async (path: string, name: keyof typeof keys = 'all') =>
    harness.get(`/v1/redrives${path}`, as(name));

  beforeAll(async () => {
    harness = await openHarness({
      settings: {
        API_KEYS: [
          { tenant: 'shop', roles: ['operate'], sha256: keys.shop.sha256 },
          { tenant: '*', roles: ['read', 'operate'], sha256: keys.all.sha256 },
        ],
      },
      wrap: (deps) => ({ ...deps, clock: { ...deps.clock, now: () => now } }),
    });
    redrives = new RedriveStore(harness.store);
    ids = await putFailedRenders(harness, [
      { code: 'upstream_unreachable', tenant: 'shop' },
      { code: 'generation_failed', attempt: 4, resolution: '4K' },
      { code: 'result_host_refused', resume: AT.store(now + 3_600_000) },
      { code: 'result_host_refused', resume: AT.store(now - 1), run: 'expired' },
      { code: 'task_timeout', resume: AT.poll },
      { code: 'submission_unknown', resume: AT.hold, tenant: 'shop' },
      { code: 'internal_error', resume: AT.submit },
      { code: 'worker_lost', resume: AT.submit },
    ]);
    // Only the ledger knows: the first was not claimed, the second was.
    await harness.ledger.claim(
      { renderId: ids[7] as string, attempt: 1, claim: 1 },
      { provider: 'toapis', owner: 'dead', claimedBy: 'host 1', request: createCheckpoint().request },
    );
  });

  test('a plan says how many go on at which step, and which are bought again at which price', async () => {
    const made = await plan({ filter: {} });
    expect(made).toMatchObject({
      total: 8,
      steps: { submit: 4, hold: 1, poll: 1, store: 2, finish: 0 },
      unknown: 0,
      not_found: [],
    });
    const { PRICES } = parseSettings({});
    // At submit: unreachable, failed, and the unexpected error whose purchase has no claim. At store: the expired image.
    const micros = (PRICES[0] ?? 0) * 3 + (PRICES[2] ?? 0);
    expect(made.purchases.count).toBe(4);
    expect(Math.round(Number(made.purchases.price) * 1e6)).toBe(micros);
    expect(made.acknowledge.count).toBe(3);
    expect(await (await harness.get(`/v1/redrive-plans/${made.id}`, as('all'))).json()).toEqual(made);
  });

  test('renders that fail after the plan was made are not in it', async () => {
    const made = await plan({ filter: { run: 'expired' } });
    const [later] = await putFailedRenders(harness, [{ code: 'upstream_unreachable', run: 'expired' }]);
    const items = await redrives.readPlanPart(keyOfId(made.id), 0);
    expect(items.map(({ id }) => id)).toEqual([ids[3]]);
    expect((await plan({ ids: [later, ids[3], 'rnd_0123456789abcdef0123456789abcdef'] })).not_found).toEqual([
      'rnd_0123456789abcdef0123456789abcdef',
    ]);
  });

  test('an acceptance or a statement that has arrived makes the acknowledgement needless', async () => {
    const [held = '', stated = ''] = await putFailedRenders(harness, [
      { code: 'submission_unknown', resume: AT.hold, run: 'arrived' },
      { code: 'submission_unknown', resume: AT.hold, run: 'arrived' },
    ]);
    await harness.ledger.writeAcceptance(held, 1, {
      provider: 'toapis',
      taskId: 'task_9',
      acceptedAt: 1,
      costMicros: 25_000,
      source: 'webhook',
    });
    await harness.ledger.addStatement(stated, 1, { kind: 'not_bought', actor: 'a test' });
    const made = await plan({ filter: { run: 'arrived' } });
    expect([made.purchases.count, made.acknowledge.count]).toEqual([1, 0]);
  });

  test('a plan is executed once: the same request finds its redrive, another one is refused', async () => {
    const { id } = await plan({ ids: ids.slice(0, 3) });
    const first = await begin({ plan: id, rate: 5, max_spend: '0.5', reason: 'the provider is back' });
    expect(first).toMatchObject({
      status: 'waiting',
      plan: id,
      total: 3,
      remaining: 3,
      rate: 5,
      max_spend: '0.500',
      reason: 'the provider is back',
    });
    expect(await begin({ plan: id, rate: 5, max_spend: '0.5', reason: 'the provider is back' })).toEqual(
      first,
    );
    const other = await post('', { plan: id, rate: 6 });
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([409, 'plan_executed']);
    expect((await harness.queues.redrive.getJob(first.id))?.data).toMatchObject({ total: 3, part: 0 });
    const items = redriveItemListSchema.parse(await (await get(`/${first.id}/items?limit=2`)).json());
    expect(items.data.map((item) => [item.id, item.status, item.buys])).toEqual([
      [ids[0], 'waiting', true],
      [ids[1], 'waiting', true],
    ]);
    const rest = await (await get(`/${first.id}/items?limit=2&cursor=${items.next_cursor}`)).json();
    expect(rest).toMatchObject({ data: [{ id: ids[2], step: 'store', buys: false }], next_cursor: null });
  });

  test('a plan expires', async () => {
    const { id, expires_at } = await plan({ ids: [ids[0]] });
    now = Date.parse(expires_at);
    const response = await post('', { plan: id });
    now = systemClock.now();
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      409,
      'plan_expired',
    ]);
  });

  test('a redrive is paused, resumed and canceled, and shows its renders', async () => {
    const { id: planned } = await plan({ ids: ids.slice(0, 3) });
    const { id } = await begin({ plan: planned });
    expect(await (await post(`/${id}/pause`, { reason: 'wait' })).json()).toMatchObject({
      status: 'paused',
      status_reason: 'wait',
    });
    expect(await (await post(`/${id}/resume`, {})).json()).toMatchObject({ status: 'waiting' });
    expect(await (await post(`/${id}/cancel`, {})).json()).toMatchObject({ status: 'canceling' });
    const resumed = await post(`/${id}/resume`, {});
    expect([resumed.status, ((await resumed.json()) as { code: string }).code]).toEqual([
      409,
      'redrive_ended',
    ]);
    const audit = (await (await harness.get('/v1/audit?limit=4', as('all'))).json()) as {
      data: { action: string; target: { id: string } }[];
    };
    // The clock stands still, so the four have no order.
    expect(new Set(audit.data.map(({ action, target }) => `${action} ${target.id}`))).toEqual(
      new Set(['cancel', 'resume', 'pause', 'create'].map((action) => `redrive.${action} ${id}`)),
    );
    const key = keyOfId(id);
    await redrives.writeMarks(key, 0, {
      marks: 'dfc',
      failures: { 1: { code: 'content_policy_violation', message: 'no', step: 'submit' } },
    });
    await redrives.writeEnd(key, {
      status: 'partial',
      endedAt: now,
      started: 2,
      done: 1,
      skipped: 1,
      failed: 1,
      buys: 2,
      spendMicros: 50_000,
      tallies: [{ [await reasonOf(ids[0])]: [9, 7] }, {}, {}, {}, {}],
    });
    expect(await (await get(`/${id}`)).json()).toMatchObject({
      status: 'partial',
      done: 1,
      failed: 1,
      skipped: 1,
      remaining: 0,
      spend: '0.050',
    });
    const items = redriveItemListSchema.parse(await (await get(`/${id}/items?status=failed,skipped`)).json());
    expect(items.data).toMatchObject([
      { id: ids[1], status: 'failed', error: { code: 'content_policy_violation', message: 'no' } },
      { id: ids[2], status: 'skipped', skip_reason: 'changed' },
    ]);
    const summary = (await (await harness.get('/v1/dead-letters/summary', as('all'))).json()) as {
      groups: { code: string; earlier_redrives: object }[];
    };
    expect(summary.groups.find(({ code }) => code === 'upstream_unreachable')?.earlier_redrives).toEqual({
      renders: 9,
      failed_again: 7,
    });
  });

  const reasonOf = async (id: string | undefined) => {
    const response = await harness.get(`/v1/dead-letters/${id}`, as('all'));
    return ((await response.json()) as { reason: string }).reason;
  };

  test('an operator of one tenant plans, sees and changes only redrives of its tenant', async () => {
    const own = await plan({ filter: {} }, 'shop');
    expect(own.total).toBe(2);
    const foreign = await plan({ ids: [ids[0]] });
    expect((await post('', { plan: foreign.id }, 'shop')).status).toBe(404);
    const { id } = await begin({ plan: foreign.id });
    expect((await get(`/${id}`, 'shop')).status).toBe(404);
    expect((await post(`/${id}/cancel`, {}, 'shop')).status).toBe(404);
    expect((await post('', { plan: own.id }, 'shop')).status).toBe(202);
    const seen = redriveListSchema.parse(await (await get('', 'shop')).json());
    expect(seen.data.map(({ plan: of }) => of)).toEqual([own.id]);
    const all = redriveListSchema.parse(await (await get('?limit=1')).json());
    expect([all.data.length, typeof all.next_cursor]).toEqual([1, 'string']);
  });

  test.for<[object, string, string]>([
    [{}, 'plan', 'the id of a plan, or `dry_run` with `ids` or `filter`'],
    [{ filter: {} }, 'plan', 'the id of a plan, or `dry_run` with `ids` or `filter`'],
    [{ dry_run: true }, 'ids', 'either `ids` or `filter`'],
    [{ dry_run: true, filter: {}, rate: 5 }, 'rate', 'nothing, because `dry_run` executes no plan'],
    [
      { plan: `rdp_${'0'.repeat(32)}`, max_spend: '5 dollars' },
      'max_spend',
      'an amount of dollars as a string, such as "12.50"',
    ],
    [
      { plan: `rdp_${'0'.repeat(32)}`, ids: [`rnd_${'0'.repeat(32)}`] },
      'ids',
      'nothing, because the plan names the renders',
    ],
    [{ plan: 'x' }, 'plan', 'the id of a plan'],
  ])('the request %o is refused with a problem at %s', async ([body, field, expected]) => {
    const response = await post('', body);
    expect(response.status).toBe(422);
    expect(((await response.json()) as { problems: object[] }).problems).toMatchObject([{ field, expected }]);
  });
});
