import { createApiKey } from '@darkroom/shared/keys';
import { renderJob } from '@darkroom/shared/queues';
import { type Checkpoint, drawRenderId, type Failure } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import { UnrecoverableError } from 'bullmq';
import { expect, test } from 'vitest';
import { createCheckpoint } from '../support/fake-worker.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const failure: Failure = { code: 'submission_unknown', message: 'lost', step: 'hold', at: 1, chain: [] };
const held = { step: 'hold', reason: 'lost', until: 2 } as const;

/** A render that failed because its purchase is unknown. */
async function putFailed(harness: Harness): Promise<string> {
  const checkpoint: Checkpoint = {
    ...createCheckpoint(),
    renderId: drawRenderId(),
    at: { step: 'bury', failure, resume: held, attemptsMade: 0 },
  };
  const { name, data, opts } = renderJob(checkpoint);
  await harness.queues.render.add(name, data, opts);
  const worker = harness.engine.worker('render', async () => {
    throw new UnrecoverableError('submission_unknown: lost');
  });
  await until(async () => (await harness.queues.render.getJobState(checkpoint.renderId)) === 'failed');
  await worker.close();
  return checkpoint.renderId;
}

const post = (harness: Harness, id: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${harness.url}/v1/renders/${id}/statement`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

requires('redis').describe('POST /v1/renders/{id}/statement', () => {
  test('a statement is in the ledger with its actor, and the failed render runs again', async () => {
    const harness = await openHarness();
    const id = await putFailed(harness);
    const response = await post(harness, id, { purchase: 'bought', task_id: 'task_1', note: 'seen' });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ id, status: 'rendering' });
    expect(await harness.ledger.readStatement(id, 1)).toMatchObject({
      kind: 'bought',
      taskId: 'task_1',
      note: 'seen',
      actor: 'a user of this machine',
    });
    expect(await harness.queues.render.getJobState(id)).not.toBe('failed');
    // The render runs: nothing is left to state.
    expect((await post(harness, id, { purchase: 'not_bought' })).status).toBe(409);
  });

  test.for<[object, string, string]>([
    [{ purchase: 'bought' }, 'task_id', 'the id of the task at the provider'],
    [{ purchase: 'not_bought', task_id: 'task_1' }, 'task_id', 'no task_id, unless `purchase` is `bought`'],
    [{ purchase: 'maybe' }, 'purchase', 'one of "bought", "not_bought", "buy_again"'],
    [{}, 'purchase', 'one of "bought", "not_bought", "buy_again"'],
  ])('the statement %o is refused with a problem at %s', async ([body, field, expected]) => {
    const harness = await openHarness();
    const id = await putFailed(harness);
    const response = await post(harness, id, body);
    expect(response.status).toBe(422);
    const { problems } = (await response.json()) as { problems: { field: string; expected: string }[] };
    expect(problems).toMatchObject([{ field, expected }]);
    expect(await harness.ledger.readStatement(id, 1)).toBeUndefined();
  });

  test('only an operator of all tenants can make a statement', async () => {
    const tenant = createApiKey();
    const harness = await openHarness({
      settings: {
        API_KEYS: [{ tenant: 'default', roles: ['read', 'enqueue', 'operate'], sha256: tenant.sha256 }],
      },
    });
    const id = await putFailed(harness);
    const headers = { authorization: `Bearer ${tenant.text}` };
    expect((await post(harness, id, { purchase: 'not_bought' }, headers)).status).toBe(403);
    expect(await harness.ledger.readStatement(id, 1)).toBeUndefined();
  });

  test('the page of the render has a form for it, and shows the render again after it was sent', async () => {
    const harness = await openHarness();
    const id = await putFailed(harness);
    const page = await (await harness.get(`/renders/${id}`)).text();
    expect(page).toContain(`action="/renders/${id}/statement"`);
    const send = (fields: Record<string, string>) =>
      fetch(`${harness.url}/renders/${id}/statement`, {
        method: 'POST',
        body: new URLSearchParams(fields),
        redirect: 'manual',
      });
    const incomplete = await send({ purchase: 'bought', task_id: '', note: '' });
    expect(incomplete.status).toBe(422);
    expect(await incomplete.text()).toContain('task_id');
    const sent = await send({ purchase: 'not_bought', task_id: '', note: '' });
    expect([sent.status, sent.headers.get('location')]).toEqual([303, `/renders/${id}`]);
    expect(await harness.ledger.readStatement(id, 1)).toMatchObject({ kind: 'not_bought' });
  });
});
