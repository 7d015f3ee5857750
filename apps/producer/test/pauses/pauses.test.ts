import {
  auditListSchema,
  pauseListSchema,
  pauseSchema,
  renderDetailSchema,
  renderListSchema,
} from '@darkroom/api';
import { ControlStore, NO_CONTROLS } from '@darkroom/shared/control';
import { createApiKey } from '@darkroom/shared/keys';
import { addAccountStop } from '@darkroom/shared/queues';
import { type Checkpoint, DATA_VERSION } from '@darkroom/shared/render';
import { findWaitCause } from '@darkroom/shared/snapshot';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { createCheckpoint, enqueue } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';
import { impatientClock } from '../support/impatient-clock.ts';

const poll: Checkpoint['at'] = {
  step: 'poll',
  taskId: 'task_1',
  acceptedAt: Date.now(),
  deadlineAt: Date.now() + 3_600_000,
  polls: 1,
  progress: 10,
};

requires('redis').describe('pauses of submission', () => {
  let harness: Harness;
  let as: (who: 'operator' | 'shop') => Record<string, string>;

  const send = (path: string, body?: unknown, who: 'operator' | 'shop' = 'operator') =>
    fetch(`${harness.url}${path}`, {
      method: 'POST',
      headers: { ...as(who), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const get = async (path: string, who: 'operator' | 'shop' = 'operator') =>
    await (await harness.get(path, as(who))).json();
  const listPauses = async (who: 'operator' | 'shop' = 'operator') =>
    pauseListSchema.parse(await get('/v1/pauses', who)).data;
  const readWaiting = async (id: string) =>
    renderDetailSchema.parse(await get(`/v1/renders/${id}`)).waiting_for;

  beforeAll(async () => {
    const [operator, shop] = [createApiKey(), createApiKey()];
    as = (who) => ({ authorization: `Bearer ${who === 'operator' ? operator.text : shop.text}` });
    harness = await openHarness({
      settings: {
        API_KEYS: [
          { tenant: '*', roles: ['operate', 'read'], sha256: operator.sha256 },
          { tenant: 'shop', roles: ['enqueue', 'read', 'operate'], sha256: shop.sha256 },
        ],
      },
      wrap: (deps) => ({ ...deps, clock: impatientClock() }),
    });
  });

  test('a pause is listed, named by the waiting render, audited, and kept in the store until it is ended', async () => {
    const checkpoint = createCheckpoint({ tenant: 'shop' });
    await enqueue(harness, checkpoint);
    const id = checkpoint.renderId;
    const created = await send('/v1/pauses', {
      name: 'shop-template',
      tenant: 'shop',
      reason: 'wrong template',
      owner: 'ann',
      until: '2099-01-01T00:00:00Z',
    });
    expect(created.status).toBe(201);
    const pause = pauseSchema.parse(await created.json());
    expect(pause.scope).toEqual({ tenant: 'shop', run: null, model: null, queue: null });
    expect(await listPauses()).toEqual([pause]);
    expect(await new ControlStore(harness.store).readPause('shop-template')).toMatchObject({ owner: 'ann' });

    const waiting = await readWaiting(id);
    expect(waiting).toMatchObject({
      cause: 'paused',
      name: 'shop-template',
      owner: 'ann',
      reason: 'wrong template',
      until: '2099-01-01T00:00:00.000Z',
      retry_at: '2099-01-01T00:00:00.000Z',
      resolves_itself: true,
      command: 'darkroom resume shop-template',
      also: [],
    });
    const page = await (await harness.get(`/renders/${id}`, as('operator'))).text();
    expect(page).toContain('An operator paused the submission');
    const overview = await (await harness.get('/overview', as('operator'))).text();
    expect(overview).toContain('Submission is paused: tenant shop');
    expect(renderDetailSchema.parse(await get(`/v1/renders/${id}`)).eta_reason).toBe('paused');

    expect((await send(`/v1/renders/${id}/let-through`, { reason: 'sample' })).status).toBe(202);
    expect(await readWaiting(id)).toBeNull();
    expect((await send('/v1/pauses/shop-template/resume')).status).toBe(200);
    expect(await listPauses()).toEqual([]);
    expect(await readProblem(await send('/v1/pauses/shop-template/resume'))).toMatchObject({
      code: 'pause_not_found',
    });
    const { data } = auditListSchema.parse(await get('/v1/audit'));
    expect(data.map(({ action, reason }) => [action, reason])).toEqual([
      ['pause.end', null],
      ['render.let_through', 'sample'],
      ['pause.create', 'wrong template'],
    ]);
  });

  test('pauses of queues are in the same list, and end by their name', async () => {
    expect((await send('/v1/queues/store/pause', { reason: 'disk' })).status).toBe(200);
    expect(await listPauses()).toMatchObject([
      { name: 'queue-store', reason: 'disk', scope: { queue: 'store' } },
    ]);
    // The copy in the store brings it back after a loss of the queue.
    expect(await new ControlStore(harness.store).readPause('queue-store')).toMatchObject({ reason: 'disk' });
    expect((await send('/v1/pauses/queue-store/resume')).status).toBe(200);
    expect(await harness.queues.store.isPaused()).toBe(false);
    expect(await new ControlStore(harness.store).readPause('queue-store')).toBeUndefined();
  });

  test('an operator of one tenant pauses, sees and ends only pauses of its tenant', async () => {
    await send('/v1/pauses', { name: 'everything', reason: 'audit' });
    const own = pauseSchema.parse(await (await send('/v1/pauses', { reason: 'own' }, 'shop')).json());
    expect(own.scope.tenant).toBe('shop');
    expect((await send('/v1/pauses', { reason: 'x', tenant: 'other' }, 'shop')).status).toBe(422);
    expect(await listPauses('shop')).toEqual([own]);
    expect((await send('/v1/pauses/everything/resume', undefined, 'shop')).status).toBe(404);
    expect((await send(`/v1/pauses/${own.name}/resume`, undefined, 'shop')).status).toBe(200);
    expect((await send('/v1/pauses/everything/resume')).status).toBe(200);
  });

  test('a pause needs a reason, a free name and a future end', async () => {
    const problems = async (body: object) => (await readProblem(await send('/v1/pauses', body))).problems;
    expect(await problems({})).toMatchObject([{ field: 'reason' }]);
    expect(await problems({ reason: 'x', until: '2020-01-01T00:00:00Z' })).toMatchObject([
      { field: 'until' },
    ]);
    expect(await problems({ reason: 'x', name: 'queue-submit' })).toMatchObject([{ field: 'name' }]);
    expect(await problems({ reason: 'x', tenants: 'shop' })).toMatchObject([{ field: 'tenants' }]);
  });

  test('of several causes a render names the first, and the others with it; lists filter by each', async () => {
    const add = async (at: Checkpoint['at']) => {
      const checkpoint = createCheckpoint({ at, tenant: 'causes' });
      await enqueue(harness, checkpoint);
      return checkpoint.renderId;
    };
    const submit = await add({ step: 'submit' });
    const provider = await add(poll);
    const unknown = await add({ step: 'hold', reason: 'lost', until: Date.now() + 3_600_000 });
    const list = async (cause: string) =>
      renderListSchema
        .parse(await get(`/v1/renders?tenant=causes&waiting_for=${cause}`))
        .data.map(({ id }) => id);
    expect(await list('provider')).toEqual([provider]);
    expect(await list('unknown_purchase')).toEqual([unknown]);
    expect(await readWaiting(unknown)).toMatchObject({ resolves_itself: false });
    await harness.queues.submit.add('1K', {} as never, { jobId: 'someone.s1', priority: 1 });
    expect(await list('quota')).toEqual([submit]);
    await addAccountStop(harness.queues, {
      version: DATA_VERSION,
      kind: 'account',
      reason: 'insufficient_quota',
      since: 1_700_000_000_000,
      refusals: 1,
      creatorToken: 't',
    });
    expect(await list('account')).toEqual([submit]);
    expect(await readWaiting(submit)).toMatchObject({ also: [{ cause: 'quota' }] });
    await send('/v1/pauses', { name: 'one', reason: 'audit' });
    await send('/v1/pauses', { name: 'two', reason: 'review', tenant: 'causes' });
    expect(await list('paused')).toEqual([submit]);
    expect(await readWaiting(submit)).toMatchObject({
      cause: 'paused',
      name: 'one',
      resolves_itself: false,
      also: [{ name: 'two' }, { cause: 'account' }],
    });
    // It is at the provider: a pause of submission does not concern it.
    expect(await list('provider')).toEqual([provider]);
    expect((await harness.get('/v1/renders?waiting_for=nothing', as('operator'))).status).toBe(422);
    const problem = await (await harness.get('/problems/unknown_purchase')).text();
    expect(problem).toContain('the reason why a render waits');
  });
});

test('a render whose image is paid waits for the store, if that is away', () => {
  const render = { renderId: 'rnd_1', tenant: 'shop', request: { model: 'm' }, step: 'store' } as const;
  const now = { at: 0, control: NO_CONTROLS, pauses: [], hasSubmitBacklog: true, isStoreAway: true };
  expect(findWaitCause(render, now)).toMatchObject({ cause: 'store', command: 'darkroom doctor' });
  expect(findWaitCause(render, { ...now, isStoreAway: false })).toBeNull();
});
