import { renderDetailSchema, renderListSchema } from '@darkroom/api';
import { addAccountStop, type SubmitJob } from '@darkroom/shared/queues';
import { type Checkpoint, DATA_VERSION } from '@darkroom/shared/render';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createCheckpoint, enqueue } from '../support/fake-worker.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { putWorker } from '../support/worker-record.ts';

/** A clock with which what the producer read is always out of date, so that each request reads again. */
function impatientClock(): Clock {
  let reads = 0;
  return {
    ...systemClock,
    now: () => {
      reads += 1;
      return systemClock.now() + reads * 2_000;
    },
  };
}

const openWithoutCache = () => openHarness({ wrap: (deps) => ({ ...deps, clock: impatientClock() }) });

const readWaiting = async (harness: Harness, id: string) => {
  const response = await harness.get(`/v1/renders/${id}`);
  expect(response.status).toBe(200);
  return renderDetailSchema.parse(await response.json()).waiting_for;
};

async function enqueueAt(harness: Harness, at: Checkpoint['at']): Promise<string> {
  const checkpoint = createCheckpoint({ at });
  await enqueue(harness, checkpoint);
  return checkpoint.renderId;
}

const pause = (harness: Harness, queue: string, reason: string) =>
  fetch(`${harness.url}/v1/queues/${queue}/pause`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reason }),
  });

const poll = {
  step: 'poll',
  taskId: 'task_1',
  acceptedAt: Date.now(),
  deadlineAt: Date.now() + 3_600_000,
  polls: 1,
  progress: 10,
} as const;

requires('redis').describe('waiting_for', () => {
  test('a render whose queue an operator paused shows the actor, the reason and the time, in API, list and page', async () => {
    const harness = await openWithoutCache();
    const id = await enqueueAt(harness, { step: 'submit' });
    expect(await readWaiting(harness, id)).toBeNull();
    await pause(harness, 'submit', 'provider maintenance');
    const waiting = {
      cause: 'paused',
      name: 'queue-submit',
      actor: 'a user of this machine',
      owner: 'a user of this machine',
      reason: 'provider maintenance',
      since: expect.any(String),
      until: null,
      retry_at: null,
      resolves_itself: false,
      command: 'darkroom resume submit',
      also: [],
    };
    expect(await readWaiting(harness, id)).toEqual(waiting);
    const list = renderListSchema.parse(await (await harness.get('/v1/renders')).json());
    expect(list.data.map((render) => render.waiting_for)).toEqual([waiting]);
    const page = await (await harness.get(`/renders/${id}`)).text();
    expect(page).toContain('An operator paused the submission');
    expect(page).toContain('provider maintenance');
  });

  test('a pause of the queue submit does not concern a render that is at the provider', async () => {
    const harness = await openWithoutCache();
    const id = await enqueueAt(harness, poll);
    await pause(harness, 'submit', 'audit');
    expect(await readWaiting(harness, id)).toMatchObject({ cause: 'provider', actor: null });
  });

  test('a render that waits to be submitted shows a stopped account, and the quota while others wait, too', async () => {
    const harness = await openWithoutCache();
    const id = await enqueueAt(harness, { step: 'submit' });
    const child: SubmitJob = {
      version: DATA_VERSION,
      renderId: id,
      provider: 'toapis',
      attempt: 1,
      tenant: 'default',
      request: createCheckpoint().request,
    };
    await harness.queues.submit.add('1K', child, { jobId: `${id}.s1`, priority: 1 });
    expect(await readWaiting(harness, id)).toMatchObject({ cause: 'quota' });
    await addAccountStop(harness.queues, {
      version: DATA_VERSION,
      kind: 'account',
      reason: 'insufficient_quota',
      since: 1_700_000_000_000,
      refusals: 1,
      creatorToken: 't',
    });
    expect(await readWaiting(harness, id)).toMatchObject({
      cause: 'account',
      actor: null,
      reason: 'insufficient_quota',
      since: '2023-11-14T22:13:20.000Z',
    });
  });

  test('while every worker that runs is drained, renders wait for that, and a list finds them by it', async () => {
    const harness = await openWithoutCache();
    const [submit, provider] = [await enqueueAt(harness, { step: 'submit' }), await enqueueAt(harness, poll)];
    const hold = { step: 'hold', reason: 'lost', until: Date.now() + 3_600_000 } as const;
    const unknown = await enqueueAt(harness, hold);
    const list = async () => {
      const response = await harness.get('/v1/renders?waiting_for=drained');
      return renderListSchema.parse(await response.json()).data.map(({ id }) => id);
    };
    await putWorker(harness, 'one');
    await putWorker(harness, 'two');
    await putWorker(harness, 'lost', { seenAt: Date.now() - 60_000 });
    const change = (path: string, body: object = {}) =>
      fetch(`${harness.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    await change('/v1/workers/one/drain', { reason: 'new machine' });
    expect(await list()).toEqual([]);
    await change('/v1/workers/two/drain', { reason: 'new machine' });
    expect((await list()).toSorted()).toEqual([submit, provider].toSorted());
    expect(await readWaiting(harness, submit)).toMatchObject({
      cause: 'drained',
      name: 'two',
      reason: 'new machine',
      resolves_itself: false,
      command: 'darkroom workers undrain two',
      also: [],
    });
    expect(await readWaiting(harness, provider)).toMatchObject({
      cause: 'drained',
      also: [{ cause: 'provider' }],
    });
    // The provider's webhook ends it without a worker.
    expect(await readWaiting(harness, unknown)).toMatchObject({ cause: 'unknown_purchase', also: [] });
    const detail = renderDetailSchema.parse(await (await harness.get(`/v1/renders/${submit}`)).json());
    expect(detail.eta_reason).toBe('drained');
    await pause(harness, 'render', 'audit');
    expect(await readWaiting(harness, submit)).toMatchObject({
      cause: 'paused',
      also: [{ cause: 'drained' }],
    });
    expect(await (await harness.get('/metrics')).text()).toContain('darkroom_waiting{cause="drained"} 1');
    await change('/v1/workers/one/undrain');
    expect(await list()).toEqual([]);
  });

  test('probes and metrics name the causes and stay healthy', async () => {
    const harness = await openWithoutCache();
    await pause(harness, 'render', 'audit');
    const ready = await harness.get('/readyz');
    expect(ready.status).toBe(200);
    // A probe needs no key, so it does not show the reason.
    expect(await ready.json()).toEqual({
      status: 'ok',
      checks: { queue: 'ok', store: 'ok' },
      waiting_for: ['paused'],
    });
    expect(await (await harness.get('/healthz')).json()).toEqual({ status: 'ok', waiting_for: ['paused'] });
    const metrics = await (await harness.get('/metrics')).text();
    expect(metrics).toContain('darkroom_waiting{cause="paused"} 1');
    expect(metrics).toContain('darkroom_waiting{cause="account"} 0');
  });
});
