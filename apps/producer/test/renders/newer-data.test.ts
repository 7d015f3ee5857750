import { type WebhookJob, webhookId, webhookJobOptions } from '@darkroom/shared/queues';
import { DATA_VERSION, sha256 } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { UPLOADS, upload } from '../support/drop-in-client.ts';
import { createCheckpoint, enqueue } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const NEWER = DATA_VERSION + 1;

async function expectNewerDataProblem(response: Response): Promise<void> {
  expect(response.headers.get('retry-after')).toBe('2');
  expect(await readProblem(response)).toMatchObject({
    status: 503,
    code: 'queue_unavailable',
    detail: expect.stringContaining('A newer release of Darkroom wrote this data'),
  });
}

async function enqueueRender(harness: Harness, version: number): Promise<string> {
  const checkpoint = createCheckpoint();
  await enqueue(harness, { ...checkpoint, version } as typeof checkpoint);
  return checkpoint.renderId;
}

requires('redis').describe('during a rolling update', () => {
  test('calls about a render that a newer release wrote are answered 503 with Retry-After', async () => {
    const harness = await openHarness();
    const id = await enqueueRender(harness, NEWER);
    await expectNewerDataProblem(await harness.get(`/v1/renders/${id}`));
    await expectNewerDataProblem(await harness.get(`/v1/renders/${id}/deliveries`));
    await expectNewerDataProblem(await fetch(`${harness.url}/v1/renders/${id}/cancel`, { method: 'POST' }));
  });

  test('a newer webhook job or dead letter is answered 503, and redelivery leaves it alone', async () => {
    const harness = await openHarness();
    const id = await enqueueRender(harness, DATA_VERSION);
    const message: WebhookJob = {
      version: DATA_VERSION,
      renderId: id,
      tenant: 'default',
      status: 'completed',
      to: { kind: 'url', url: 'https://hooks.example.com/darkroom' },
      endedAt: 1_700_000_000_000,
    };
    const jobId = webhookId(id, 'completed', 0, 0);
    const letter = { ...message, version: NEWER, attempts: 3, diedAt: 1_700_000_000_001 };
    await harness.queues.webhookDeadLetter.add('completed', letter as never, { jobId });
    const redeliver = () => fetch(`${harness.url}/v1/renders/${id}/deliveries/redeliver`, { method: 'POST' });
    await expectNewerDataProblem(await redeliver());
    expect((await harness.queues.webhookDeadLetter.getJob(jobId))?.data).toEqual(letter);
    await harness.queues.webhookDeadLetter.remove(jobId);

    const newer = { ...message, version: NEWER };
    await harness.queues.webhook.add('completed', newer as never, webhookJobOptions(jobId));
    await expectNewerDataProblem(await harness.get(`/v1/renders/${id}/deliveries`));
    await expectNewerDataProblem(await redeliver());
    expect((await harness.queues.webhook.getJob(jobId))?.data).toEqual(newer);
  });

  test('the record of an upload has the version, and a newer record is answered 503', async () => {
    const harness = await openHarness();
    const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#385a7c' } })
      .png()
      .toBuffer();
    const saved = (await (await upload(harness, bytes)).json()) as { data: { url: string } };
    const key = `uploads/default/${sha256(bytes)}.json`;
    const record = JSON.parse(Buffer.from((await harness.store.get(key)) ?? []).toString('utf8'));
    expect(record).toEqual({
      version: DATA_VERSION,
      type: 'image/png',
      bytes: bytes.length,
      width: 8,
      height: 8,
    });
    expect(saved.data.url).toContain(UPLOADS);
    expect((await fetch(saved.data.url)).status).toBe(200);
    await harness.store.put(key, JSON.stringify({ ...record, version: NEWER }), {
      contentType: 'application/json',
    });
    const response = await fetch(saved.data.url);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
  });
});
