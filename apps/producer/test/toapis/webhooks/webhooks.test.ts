import { createHmac } from 'node:crypto';
import { type RenderResult, renderJob } from '@darkroom/shared/queues';
import { type Checkpoint, DATA_VERSION, drawRenderId, type Receipt, sumCost } from '@darkroom/shared/render';
import { plantSecret, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Harness, openHarness, readProblem } from '../../support/harness.ts';

const SECRET = plantSecret();

const checkpoint = (at: Checkpoint['at'], purchases: Checkpoint['purchases'] = []): Checkpoint => ({
  version: DATA_VERSION,
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

async function put(harness: Harness, data: Checkpoint, delay = 3_600_000) {
  const job = renderJob(data);
  await harness.queues.render.add(job.name, job.data, { ...job.opts, delay });
  return data.renderId;
}

/** Enqueues a render, and a worker ends its job. */
async function endRender(harness: Harness, data: Checkpoint, end: () => RenderResult): Promise<string> {
  const worker = harness.engine.worker<Checkpoint, RenderResult>('render', async () => end());
  const id = await put(harness, data, 0);
  await until(async () => (await harness.queues.render.getJob(id))?.finishedOn);
  await worker.close();
  return id;
}

/** A render that was dead-lettered because the outcome of its purchase is unknown. */
function deadAsUnknown(harness: Harness): Promise<string> {
  const resume = { step: 'hold', reason: 'cut', until: 9 } as const;
  const failure = { code: 'submission_unknown', message: 'm', step: 'hold', at: 1, chain: [] } as const;
  const dead = checkpoint({ step: 'bury', failure: { ...failure, chain: [] }, resume, attemptsMade: 0 });
  return endRender(harness, dead, () => {
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
  cost: sumCost([]),
  status: 'canceled',
  canceled: { requestedAt: 2, from: 'hold' },
  notes: [],
});

interface EventOverrides {
  secret?: string;
  at?: number;
  /** The body that is sent instead of the signed body. */
  sent?: string;
}

const sendEvent = (
  harness: Harness,
  data: { task_id: string; client_business_id: string },
  { type = 'generation.completed', ...over }: EventOverrides & { type?: string } = {},
) => post(harness, JSON.stringify({ id: 'evt_1', type, api_version: 'v1', data }), over);

async function post(harness: Harness, body: string, over: EventOverrides = {}) {
  const timestamp = String(Math.floor((over.at ?? Date.now()) / 1000));
  const signature = createHmac('sha256', over.secret ?? SECRET)
    .update(`evt_1.${timestamp}.${body}`)
    .digest('hex');
  const response = await fetch(`${harness.url}/v1/webhooks/toapis`, {
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
  const stateOf = async (harness: Harness, id: string) =>
    (await harness.queues.render.getJob(id))?.getState();

  test('an event about a finished task promotes the render that polls it, and a repeated event changes nothing', async () => {
    const harness = await open();
    const purchase = {
      provider: 'toapis' as const,
      attempt: 1,
      taskId: 't1',
      acceptedAt: 1,
      costMicros: 1,
      outcome: 'accepted' as const,
    };
    const at = { step: 'poll', taskId: 't1', acceptedAt: 1, deadlineAt: 9, polls: 0, progress: 0 } as const;
    const id = await put(harness, checkpoint(at, [purchase]));
    expect(await sendEvent(harness, { task_id: 't1', client_business_id: id })).toEqual({
      status: 200,
      outcome: 'promoted',
    });
    expect(await stateOf(harness, id)).toBe('prioritized');
    expect(await sendEvent(harness, { task_id: 't1', client_business_id: id })).toEqual({
      status: 200,
      outcome: 'promoted',
    });
  });

  test('an event with the client_business_id of a held render records the acceptance in the ledger, and then the render continues', async () => {
    const harness = await open();
    const id = await put(harness, checkpoint({ step: 'hold', reason: 'cut', until: 9 }));
    expect(await sendEvent(harness, { task_id: 't7', client_business_id: id })).toEqual({
      status: 200,
      outcome: 'recorded',
    });
    expect(await harness.ledger.readAcceptance(id, 1)).toMatchObject({
      taskId: 't7',
      provider: 'toapis',
      source: 'webhook',
      costMicros: 25_000,
    });
    expect(await stateOf(harness, id)).toBe('prioritized');
  });

  test('an event resumes a render that was dead-lettered with an unknown submission', async () => {
    const harness = await open();
    const id = await deadAsUnknown(harness);
    expect(await sendEvent(harness, { task_id: 't8', client_business_id: id })).toEqual({
      status: 200,
      outcome: 'recorded',
    });
    expect(await harness.ledger.readAcceptance(id, 1)).toMatchObject({ taskId: 't8' });
    expect(await stateOf(harness, id)).not.toBe('failed');
  });

  test('six simultaneous events resume a dead-lettered render once', async () => {
    const harness = await open();
    const id = await deadAsUnknown(harness);
    const data = { task_id: 't8', client_business_id: id };
    const answers = await Promise.all(Array.from({ length: 6 }, () => sendEvent(harness, data)));
    for (const { status, outcome } of answers) {
      // Events after the first find the render under way.
      expect([
        [200, 'recorded'],
        [503, 'early'],
      ]).toContainEqual([status, outcome]);
    }
    expect(answers.map(({ outcome }) => outcome)).toContain('recorded');
    expect(await harness.ledger.readAcceptance(id, 1)).toMatchObject({ taskId: 't8' });
    expect(await stateOf(harness, id)).toBe('prioritized');
  });

  test('an event records the cost of a render that was canceled while its purchase was unknown, permanently', async () => {
    const harness = await open();
    const canceled = checkpoint({ step: 'cancel', requestedAt: 2, from: 'hold' });
    const id = await endRender(harness, canceled, () => ({ status: 'canceled', cost: sumCost([]) }));
    const { request } = canceled;
    await harness.ledger.claim(
      { renderId: id, attempt: 1, claim: 1 },
      { owner: 'a run', provider: 'toapis', claimedBy: 'a worker', request },
    );
    await harness.ledger.writeReceipt(canceledReceipt(canceled));
    const data = { task_id: 't5', client_business_id: id };
    const answers = await Promise.all([sendEvent(harness, data), sendEvent(harness, data)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await sendEvent(harness, data)).toEqual({ status: 200, outcome: 'ignored' });
    const cost = { spent: '0.025', possibly_spent: '0.000', purchases: 1, refunded: '0.000' };
    const readRender = async () => (await (await harness.get(`/v1/renders/${id}`)).json()) as object;
    expect(await readRender()).toMatchObject({ status: 'canceled', attempts: 1, task_ids: ['t5'], cost });
    expect(await harness.ledger.readAcceptance(id, 1)).toMatchObject({
      taskId: 't5',
      provider: 'toapis',
      source: 'webhook',
    });
    expect(await harness.ledger.readRefund(id, 1)).toBeUndefined();
    // A refund is recorded, too, and the receipt has everything after the job has left the queue.
    expect(await sendEvent(harness, data, { type: 'generation.failed' })).toEqual({
      status: 200,
      outcome: 'recorded',
    });
    const refund = await harness.ledger.readRefund(id, 1);
    expect(refund).toEqual({
      version: DATA_VERSION,
      refundedAt: expect.any(Number),
      reason: "the provider's webhook reported that the task failed",
    });
    // A repeated event changes nothing.
    await sendEvent(harness, data, { type: 'generation.failed' });
    expect(await harness.ledger.readRefund(id, 1)).toEqual(refund);
    await harness.queues.render.remove(id);
    expect(await readRender()).toMatchObject({
      status: 'canceled',
      task_ids: ['t5'],
      cost: { spent: '0.000', refunded: '0.025', possibly_spent: '0.000' },
    });
    expect((await harness.ledger.readReceipt(id))?.notes?.at(-1)?.text).toMatch(/t5 was refunded$/);
  });

  test('an event changes nothing in a render that was canceled before it was submitted', async () => {
    const harness = await open();
    const canceled = checkpoint({ step: 'cancel', requestedAt: 2, from: 'submit' });
    const id = await endRender(harness, canceled, () => ({ status: 'canceled', cost: sumCost([]) }));
    await harness.ledger.writeReceipt(canceledReceipt(canceled));
    const data = { task_id: 't5', client_business_id: id };
    expect(await sendEvent(harness, data)).toEqual({ status: 200, outcome: 'ignored' });
    const { provider, request } = canceled;
    await harness.ledger.claimForCancel({ renderId: id, attempt: 1, claim: 1 }, { provider, request });
    expect(await sendEvent(harness, data)).toEqual({ status: 200, outcome: 'ignored' });
    expect(await harness.ledger.readAcceptance(id, 1)).toBeUndefined();
    expect(await harness.ledger.readReceipt(id)).toMatchObject({ purchases: [], cost: sumCost([]) });
  });

  test('the producer answers an event during a submission with 503, so that the provider sends it again', async () => {
    const harness = await open();
    const id = await put(harness, checkpoint({ step: 'submit' }));
    expect(await sendEvent(harness, { task_id: 't9', client_business_id: id })).toEqual({
      status: 503,
      outcome: 'early',
    });
    expect(await harness.ledger.readAcceptance(id, 1)).toBeUndefined();
  });

  test('the producer rejects a wrong secret, an old timestamp and missing headers, and ignores unknown renders and test events', async () => {
    const harness = await open();
    const id = await put(harness, checkpoint({ step: 'hold', reason: 'cut', until: 9 }));
    const data = { task_id: 't1', client_business_id: id };
    expect(await sendEvent(harness, data, { secret: 'another secret' })).toMatchObject({
      status: 401,
      code: 'webhook_refused',
    });
    expect(await sendEvent(harness, data, { at: Date.now() - 301_000 })).toMatchObject({ status: 401 });
    const bare = await fetch(`${harness.url}/v1/webhooks/toapis`, { method: 'POST', body: '{}' });
    expect(bare.status).toBe(401);
    expect(await harness.ledger.readAcceptance(id, 1)).toBeUndefined();
    expect(await sendEvent(harness, { ...data, client_business_id: drawRenderId() })).toEqual({
      status: 200,
      outcome: 'ignored',
    });
    expect(await sendEvent(harness, data, { type: 'endpoint.test' })).toEqual({
      status: 200,
      outcome: 'ignored',
    });
  });

  test('the producer limits the body that it reads before it has checked the signature', async () => {
    const harness = await open();
    const ask = (bytes: number) =>
      fetch(`${harness.url}/v1/webhooks/toapis`, { method: 'POST', body: 'x'.repeat(bytes) });
    expect(await readProblem(await ask(300_000))).toMatchObject({ status: 413, code: 'body_too_large' });
    expect(await readProblem(await ask(3_000))).toMatchObject({ status: 401, code: 'webhook_refused' });
  });

  test('the producer acknowledges a signed event of an unknown form, so that the provider does not repeat it', async () => {
    const harness = await open();
    for (const body of ['', 'no JSON', '[]', '{"id":"evt_1"}']) {
      expect(await post(harness, body)).toEqual({ status: 202, outcome: 'ignored' });
    }
  });

  test('the producer rejects an event whose body is not exactly the signed body', async () => {
    const harness = await open();
    const body = '{"id":"evt_1","type":"endpoint.test","data":{}}';
    expect(await post(harness, body)).toEqual({ status: 200, outcome: 'ignored' });
    for (const sent of [`${body}\n`, body.replace(':', ': '), body.slice(0, -1)]) {
      expect(await post(harness, body, { sent })).toMatchObject({ status: 401, code: 'webhook_refused' });
    }
  });

  test('the producer answers 404 at the webhook endpoint without a secret', async () => {
    const harness = await openHarness();
    const response = await fetch(`${harness.url}/v1/webhooks/toapis`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
  });
});
