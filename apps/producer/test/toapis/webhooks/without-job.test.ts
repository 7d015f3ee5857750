import { createHmac } from 'node:crypto';
import { drawRenderId } from '@darkroom/shared/render';
import { plantSecret, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { completeQueue, loseProof } from '../../support/complete-queue.ts';
import { createCheckpoint } from '../../support/fake-worker.ts';
import { type Harness, openHarness } from '../../support/harness.ts';

const SECRET = plantSecret();

async function sendEvent(harness: Harness, task_id: string, client_business_id: string) {
  const data = { task_id, client_business_id };
  const body = JSON.stringify({ id: 'evt_1', type: 'generation.completed', api_version: 'v1', data });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', SECRET).update(`evt_1.${timestamp}.${body}`).digest('hex');
  const response = await fetch(`${harness.url}/v1/webhooks/toapis`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-toapis-webhook-id': 'evt_1',
      'x-toapis-webhook-timestamp': timestamp,
      'x-toapis-webhook-signature': `v1=${signature}`,
    },
    body,
  });
  return [response.status, ((await response.json()) as { outcome: string }).outcome];
}

const open = () => openHarness({ settings: { TOAPIS_WEBHOOK_SECRET: SECRET } });

const claim = (harness: Harness, renderId: string, attempt: number) =>
  harness.ledger.claim(
    { renderId, attempt, claim: 1 },
    {
      provider: 'toapis',
      owner: 'o',
      claimedBy: 'host',
      request: { ...createCheckpoint().request, resolution: '2K' },
    },
  );

requires('redis').describe("the provider's webhooks about renders that the queue does not have", () => {
  test('the task of a purchase without a known outcome is recorded in the ledger, with the price of its request', async () => {
    const harness = await open();
    const id = drawRenderId();
    await claim(harness, id, 1);
    expect(await sendEvent(harness, 't1', id)).toEqual([200, 'recorded']);
    const first = { taskId: 't1', costMicros: 30_000, source: 'webhook', provider: 'toapis' };
    expect(await harness.ledger.readAcceptance(id, 1)).toMatchObject(first);
    expect(await sendEvent(harness, 't1', id)).toEqual([200, 'ignored']);

    await claim(harness, id, 2);
    expect(await sendEvent(harness, 't2', id)).toEqual([200, 'recorded']);
    expect(await harness.ledger.readAcceptance(id, 1)).toMatchObject(first);
    expect(await harness.ledger.readAcceptance(id, 2)).toMatchObject({ taskId: 't2' });
  });

  test('a purchase that a cancel claimed gets no task', async () => {
    const harness = await open();
    const id = drawRenderId();
    const { request } = createCheckpoint();
    await harness.ledger.claimForCancel(
      { renderId: id, attempt: 1, claim: 1 },
      { provider: 'toapis', request },
    );
    expect(await sendEvent(harness, 't1', id)).toEqual([200, 'ignored']);
    expect(await harness.ledger.readAcceptance(id, 1)).toBeUndefined();
  });

  test('the provider must send an event again while the queue may lack its render and the ledger knows nothing of it', async () => {
    const harness = await open();
    await harness.post({ prompt: 'accepted' });
    await loseProof(harness);
    const id = drawRenderId();
    expect(await sendEvent(harness, 't1', id)).toEqual([503, 'early']);
    await completeQueue(harness.engine, harness.queues);
    await until(async () => (await sendEvent(harness, 't1', id))[1] === 'ignored');
  });
});
