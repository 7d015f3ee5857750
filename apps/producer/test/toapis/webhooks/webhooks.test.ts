import { createHmac } from 'node:crypto';
import { CANCELED_OWNER } from '@darkroom/shared/ledger';
import { type RenderResult, renderJob } from '@darkroom/shared/queues';
import { type Checkpoint, drawRenderId, type Receipt } from '@darkroom/shared/render';
import { plantSecret, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Harness, openHarness, readProblem } from '../../support/harness.ts';

const SECRET = plantSecret();

const checkpoint = (at: Checkpoint['at'], purchases: Checkpoint['purchases'] = []): Checkpoint => ({
  version: 1,
  renderId: drawRenderId(),
  tenant: 'default',
  request: {
    model: 'gemini-3-pro-image-preview',
    prompt: 'p',
    resolution: '1K',
    images: [],
    priority: 'batch',
  },
  fingerprint: 'f',
  provider: 'toapis',
  creatorToken: 'd',
  createdAt: 1,
  updatedAt: 1,
  attempt: 1,
  purchases,
  at,
});

async function put(rig: Harness, data: Checkpoint, delay = 3_600_000) {
  const job = renderJob(data);
  await rig.queues.render.add(job.name, job.data, { ...job.opts, delay });
  return data.renderId;
}

/** A render whose job a worker has ended. */
async function ended(rig: Harness, data: Checkpoint, end: () => RenderResult): Promise<string> {
  const worker = rig.engine.worker<Checkpoint, RenderResult>('render', async () => end());
  const id = await put(rig, data, 0);
  await until(async () => (await rig.queues.render.getJob(id))?.finishedOn);
  await worker.close();
  return id;
}

/** A render that was dead-lettered because nobody knew whether it was bought. */
function deadAsUnknown(rig: Harness): Promise<string> {
  const resume = { step: 'hold', reason: 'cut', until: 9 } as const;
  const failure = { code: 'submission_unknown', message: 'm', step: 'hold', at: 1, chain: [] } as const;
  const dead = checkpoint({ step: 'bury', failure: { ...failure, chain: [] }, resume, attemptsMade: 0 });
  return ended(rig, dead, () => {
    throw new Error('submission_unknown');
  });
}

const canceledReceipt = ({
  version,
  renderId,
  tenant,
  request,
  fingerprint,
  purchases,
}: Checkpoint): Receipt => ({
  version,
  renderId,
  tenant,
  request,
  fingerprint,
  purchases,
  createdAt: 1,
  finishedAt: 3,
  attempts: 0,
  costMicros: 0,
  status: 'canceled',
  canceled: { requestedAt: 2, from: 'hold' },
  notes: [],
});

interface Told {
  secret?: string;
  at?: number;
  /** What goes over the wire in place of what was signed. */
  sent?: string;
}

const tell = (
  rig: Harness,
  data: { task_id: string; client_business_id: string },
  { type = 'generation.completed', ...over }: Told & { type?: string } = {},
) => post(rig, JSON.stringify({ id: 'evt_1', type, api_version: 'v1', data }), over);

async function post(rig: Harness, body: string, over: Told = {}) {
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
    body: over.sent ?? body,
  });
  return { status: response.status, ...((await response.json()) as { outcome?: string; code?: string }) };
}

requires('redis').describe("the provider's webhooks", () => {
  const open = () => openHarness({ settings: { TOAPIS_WEBHOOK_SECRET: `rotated-out, ${SECRET}` } });
  const stateOf = async (rig: Harness, id: string) => (await rig.queues.render.getJob(id))?.getState();

  test('a finished task promotes the render that polls it, and being told twice does no harm', async () => {
    const rig = await open();
    const purchase = {
      provider: 'toapis' as const,
      attempt: 1,
      taskId: 't1',
      acceptedAt: 1,
      costMicros: 1,
      refunded: false,
    };
    const at = { step: 'poll', taskId: 't1', acceptedAt: 1, deadlineAt: 9, polls: 0, progress: 0 } as const;
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
    expect(await rig.ledger.readAcceptance(id, 1)).toMatchObject({
      taskId: 't7',
      provider: 'toapis',
      source: 'webhook',
      costMicros: 25_000,
    });
    expect(await stateOf(rig, id)).toBe('prioritized');
  });

  test('one that was dead-lettered as unknown is brought back', async () => {
    const rig = await open();
    const id = await deadAsUnknown(rig);
    expect(await tell(rig, { task_id: 't8', client_business_id: id })).toEqual({
      status: 200,
      outcome: 'settled',
    });
    expect(await rig.ledger.readAcceptance(id, 1)).toMatchObject({ taskId: 't8' });
    expect(await stateOf(rig, id)).not.toBe('failed');
  });

  test('told twice at the same time, one that was dead-lettered is brought back once', async () => {
    const rig = await open();
    const id = await deadAsUnknown(rig);
    const data = { task_id: 't8', client_business_id: id };
    const answers = await Promise.all(Array.from({ length: 6 }, () => tell(rig, data)));
    for (const { status, outcome } of answers) {
      // Whoever comes after the others finds it under way.
      expect([
        [200, 'settled'],
        [503, 'early'],
      ]).toContainEqual([status, outcome]);
    }
    expect(answers.map(({ outcome }) => outcome)).toContain('settled');
    expect(await rig.ledger.readAcceptance(id, 1)).toMatchObject({ taskId: 't8' });
    expect(await stateOf(rig, id)).toBe('prioritized');
  });

  test('a render that was canceled while its purchase was unknown knows what it cost, for ever', async () => {
    const rig = await open();
    const canceled = checkpoint({ step: 'cancel', requestedAt: 2, from: 'hold' });
    const id = await ended(rig, canceled, () => ({ status: 'canceled', costMicros: 0 }));
    const { request } = canceled;
    await rig.ledger.claim(id, 1, { owner: 'a run', provider: 'toapis', claimedBy: 'a worker', request });
    await rig.ledger.writeReceipt(canceledReceipt(canceled));
    const data = { task_id: 't5', client_business_id: id };
    const answers = await Promise.all([tell(rig, data), tell(rig, data)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await tell(rig, data)).toEqual({ status: 200, outcome: 'ignored' });
    const cost = { amount: '0.025', purchases: 1, refunded: 0 };
    const told = async () => (await (await rig.get(`/v1/renders/${id}`)).json()) as object;
    expect(await told()).toMatchObject({ status: 'canceled', attempts: 1, task_ids: ['t5'], cost });
    expect(await rig.ledger.readAcceptance(id, 1)).toMatchObject({
      taskId: 't5',
      provider: 'toapis',
      source: 'webhook',
    });
    // And that it was given back, and all of it when the queue has forgotten the render.
    expect(await tell(rig, data, { type: 'generation.failed' })).toEqual({ status: 200, outcome: 'settled' });
    await rig.queues.render.remove(id);
    expect(await told()).toMatchObject({
      status: 'canceled',
      task_ids: ['t5'],
      cost: { amount: '0.000', refunded: 1 },
    });
    expect((await rig.ledger.readReceipt(id))?.notes?.at(-1)?.text).toMatch(/t5 was refunded$/);
  });

  test('a render that was canceled before it was submitted has bought nothing, whoever says so', async () => {
    const rig = await open();
    const canceled = checkpoint({ step: 'cancel', requestedAt: 2, from: 'submit' });
    const id = await ended(rig, canceled, () => ({ status: 'canceled', costMicros: 0 }));
    await rig.ledger.writeReceipt(canceledReceipt(canceled));
    const data = { task_id: 't5', client_business_id: id };
    expect(await tell(rig, data)).toEqual({ status: 200, outcome: 'ignored' });
    await rig.ledger.claim(id, 1, {
      owner: CANCELED_OWNER,
      provider: 'toapis',
      claimedBy: 'canceled',
      request: canceled.request,
    });
    expect(await tell(rig, data)).toEqual({ status: 200, outcome: 'ignored' });
    expect(await rig.ledger.readAcceptance(id, 1)).toBeUndefined();
    expect(await rig.ledger.readReceipt(id)).toMatchObject({ purchases: [], costMicros: 0 });
  });

  test('a task whose submission is still under way is to be told again', async () => {
    const rig = await open();
    const id = await put(rig, checkpoint({ step: 'submit' }));
    expect(await tell(rig, { task_id: 't9', client_business_id: id })).toEqual({
      status: 503,
      outcome: 'early',
    });
    expect(await rig.ledger.readAcceptance(id, 1)).toBeUndefined();
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
    expect(await rig.ledger.readAcceptance(id, 1)).toBeUndefined();
    expect(await tell(rig, { ...data, client_business_id: drawRenderId() })).toEqual({
      status: 200,
      outcome: 'ignored',
    });
    expect(await tell(rig, data, { type: 'endpoint.test' })).toEqual({ status: 200, outcome: 'ignored' });
  });

  test('nobody can make us read much before we know whose it is', async () => {
    const rig = await open();
    const ask = (bytes: number) =>
      fetch(`${rig.url}/v1/webhooks/toapis`, { method: 'POST', body: 'x'.repeat(bytes) });
    expect(await readProblem(await ask(300_000))).toMatchObject({ status: 413, code: 'body_too_large' });
    expect(await readProblem(await ask(3_000))).toMatchObject({ status: 401, code: 'webhook_refused' });
  });

  test('what is signed and yet nothing we know is taken, so that it is not told for a day', async () => {
    const rig = await open();
    for (const body of ['', 'no JSON', '[]', '{"id":"evt_1"}']) {
      expect(await post(rig, body)).toEqual({ status: 202, outcome: 'ignored' });
    }
  });

  test('one byte more, or less, is another message', async () => {
    const rig = await open();
    const body = '{"id":"evt_1","type":"endpoint.test","data":{}}';
    expect(await post(rig, body)).toEqual({ status: 200, outcome: 'ignored' });
    for (const sent of [`${body}\n`, body.replace(':', ': '), body.slice(0, -1)]) {
      expect(await post(rig, body, { sent })).toMatchObject({ status: 401, code: 'webhook_refused' });
    }
  });

  test('without a secret there is no such endpoint', async () => {
    const rig = await openHarness();
    const response = await fetch(`${rig.url}/v1/webhooks/toapis`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
  });
});
