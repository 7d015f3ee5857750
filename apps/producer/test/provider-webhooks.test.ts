import { createHmac } from 'node:crypto';
import { type Checkpoint, randomRenderId, renderJob } from '@darkroom/shared';
import { needs, plantSecret, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openRig, type Rig } from './rig.ts';

const SECRET = plantSecret();

const checkpoint = (at: Checkpoint['at'], purchases: Checkpoint['purchases'] = []): Checkpoint => ({
  v: 1,
  renderId: randomRenderId(),
  tenant: 'default',
  request: {
    model: 'gemini-3-pro-image-preview',
    prompt: 'p',
    resolution: '1K',
    images: [],
    priority: 'batch',
  },
  fingerprint: 'f',
  doorToken: 'd',
  createdAt: 1,
  updatedAt: 1,
  attempt: 1,
  purchases,
  at,
});

async function put(rig: Rig, data: Checkpoint, delay = 3_600_000) {
  const job = renderJob(data);
  await rig.queues.render.add(job.name, job.data, { ...job.opts, delay });
  return data.renderId;
}

async function tell(
  rig: Rig,
  data: { task_id: string; client_business_id: string },
  over: { secret?: string; at?: number; type?: string } = {},
) {
  const body = JSON.stringify({
    id: 'evt_1',
    type: over.type ?? 'generation.completed',
    api_version: 'v1',
    data,
  });
  const timestamp = String(Math.floor((over.at ?? Date.now()) / 1000));
  const signature = createHmac('sha256', over.secret ?? SECRET)
    .update(`evt_1.${timestamp}.${body}`)
    .digest('hex');
  const response = await fetch(`${rig.url}/v1/webhooks/toapis`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-toapis-webhook-id': 'evt_1',
      'x-toapis-webhook-timestamp': timestamp,
      'x-toapis-webhook-signature': `v1=${'0'.repeat(64)},v1=${signature}`,
    },
    body,
  });
  return { status: response.status, ...((await response.json()) as { outcome?: string; code?: string }) };
}

needs('redis').describe("the provider's webhooks", () => {
  const open = () => openRig({ settings: { TOAPIS_WEBHOOK_SECRET: `rotated-out, ${SECRET}` } });
  const stateOf = async (rig: Rig, id: string) => (await rig.queues.render.getJob(id))?.getState();

  test('a finished task promotes the render that polls it, and being told twice does no harm', async () => {
    const rig = await open();
    const purchase = { attempt: 1, taskId: 't1', acceptedAt: 1, costMicros: 1, refunded: false };
    const at = { step: 'poll', taskId: 't1', acceptedAt: 1, deadlineAt: 9, looks: 0, progress: 0 } as const;
    const id = await put(rig, checkpoint(at, [purchase]));
    expect(await tell(rig, { task_id: 't1', client_business_id: id })).toEqual({
      status: 200,
      outcome: 'promoted',
    });
    expect(await stateOf(rig, id)).toBe('prioritized');
    expect(await tell(rig, { task_id: 't1', client_business_id: id })).toEqual({
      status: 200,
      outcome: 'promoted',
    });
  });

  test('an unknown submission is settled by its client_business_id: in the ledger first, then the render goes on', async () => {
    const rig = await open();
    const id = await put(rig, checkpoint({ step: 'hold', reason: 'cut', until: 9 }));
    expect(await tell(rig, { task_id: 't7', client_business_id: id })).toEqual({
      status: 200,
      outcome: 'settled',
    });
    expect(await rig.ledger.accepted(id, 1)).toMatchObject({
      taskId: 't7',
      source: 'webhook',
      costMicros: 25_000,
    });
    expect(await stateOf(rig, id)).toBe('prioritized');
  });

  test('one that was dead-lettered as unknown is brought back', async () => {
    const rig = await open();
    const resume = { step: 'hold', reason: 'cut', until: 9 } as const;
    const failure = { code: 'submission_unknown', message: 'm', step: 'hold', at: 1, chain: [] } as const;
    const dead = checkpoint({ step: 'bury', failure: { ...failure, chain: [] }, resume, attemptsMade: 0 });
    const worker = rig.engine.worker('render', async () => {
      throw new Error('submission_unknown');
    });
    const id = await put(rig, dead, 0);
    await until(async () => (await stateOf(rig, id)) === 'failed');
    await worker.close();
    expect(await tell(rig, { task_id: 't8', client_business_id: id })).toEqual({
      status: 200,
      outcome: 'settled',
    });
    expect(await rig.ledger.accepted(id, 1)).toMatchObject({ taskId: 't8' });
    expect(await stateOf(rig, id)).not.toBe('failed');
  });

  test('a task whose submission is still under way is to be told again', async () => {
    const rig = await open();
    const id = await put(rig, checkpoint({ step: 'submit' }));
    expect(await tell(rig, { task_id: 't9', client_business_id: id })).toEqual({
      status: 503,
      outcome: 'early',
    });
    expect(await rig.ledger.accepted(id, 1)).toBeUndefined();
  });

  test('a wrong secret, an old timestamp and missing headers are refused; strangers and test events are ignored', async () => {
    const rig = await open();
    const id = await put(rig, checkpoint({ step: 'hold', reason: 'cut', until: 9 }));
    const data = { task_id: 't1', client_business_id: id };
    expect(await tell(rig, data, { secret: 'somebody else' })).toMatchObject({
      status: 401,
      code: 'webhook_refused',
    });
    expect(await tell(rig, data, { at: Date.now() - 301_000 })).toMatchObject({ status: 401 });
    const bare = await fetch(`${rig.url}/v1/webhooks/toapis`, { method: 'POST', body: '{}' });
    expect(bare.status).toBe(401);
    expect(await rig.ledger.accepted(id, 1)).toBeUndefined();
    expect(await tell(rig, { ...data, client_business_id: randomRenderId() })).toEqual({
      status: 200,
      outcome: 'ignored',
    });
    expect(await tell(rig, data, { type: 'endpoint.test' })).toEqual({ status: 200, outcome: 'ignored' });
  });

  test('without a secret there is no such endpoint', async () => {
    const rig = await openRig();
    const response = await fetch(`${rig.url}/v1/webhooks/toapis`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
  });
});
