import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSimulator, type TestSimulator, waitUntil } from './support.ts';

interface Delivery {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** Opens a receiver that answers with the statuses in turn, then with 204. */
async function openReceiver(statuses: number[] = []): Promise<{ url: string; received: Delivery[] }> {
  const received: Delivery[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({
        path: request.url ?? '',
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks).toString(),
      });
      response.writeHead(statuses.shift() ?? 204).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}

/** Moves the clock to a task's end and not further: running deliveries must not time out. */
function advanceToEnd(sim: TestSimulator, id: string): void {
  sim.clock.advance((sim.tasks.get(id)?.finishesAt ?? 0) - sim.clock.now());
}

describe('a webhook', () => {
  test('a webhook reports a completed task, signed with both secrets over id, timestamp and raw body', async () => {
    const { url, received } = await openReceiver();
    const sim = await openSimulator({ webhook: { url, secrets: ['new', 'old'] } });
    const id = await sim.buy({ client_business_id: 'render-1' });
    advanceToEnd(sim, id);
    await waitUntil(() => received.length === 1);
    const { headers, body } = received[0] as Delivery;
    const event = JSON.parse(body);
    expect(event).toMatchObject({
      id: headers['x-toapis-webhook-id'],
      type: 'generation.completed',
      api_version: expect.any(String),
      data: {
        task_id: id,
        client_business_id: 'render-1',
        task_type: 'image_generation',
        model: 'gemini-3-pro-image-preview',
        status: 'completed',
        progress: 100,
        error: null,
      },
    });
    expect(event.data.result).toEqual((await sim.readStatus(id)).result);
    expect(event.data.finished_at).toBeGreaterThan(event.data.submitted_at);
    const signed = `${headers['x-toapis-webhook-id']}.${headers['x-toapis-webhook-timestamp']}.${body}`;
    const expected = ['new', 'old'].map(
      (key) => `v1=${createHmac('sha256', key).update(signed).digest('hex')}`,
    );
    expect(headers['x-toapis-webhook-signature']).toBe(expected.join(','));
  });

  test('a webhook reports a failed task with its error', async () => {
    const { url, received } = await openReceiver();
    const sim = await openSimulator({
      webhook: { url, secrets: ['s'] },
      faults: [{ kind: 'fail_task_content' }],
    });
    advanceToEnd(sim, await sim.buy());
    await waitUntil(() => received.length === 1);
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      type: 'generation.failed',
      data: { status: 'failed', result: null, error: { code: 'generation_failed' } },
    });
  });

  test('a webhook is sent again on the documented schedule with the same id, until 2xx', async () => {
    const { url, received } = await openReceiver([500, 302, 404]);
    const sim = await openSimulator({ webhook: { url, secrets: ['s'] }, timeScale: 0.05 });
    const id = await sim.buy();
    await sim.tasks.complete(id);
    for (const [index, wait] of [10_000, 30_000, 120_000].entries()) {
      await waitUntil(() => received.length === index + 1 && sim.clock.nextInMs === wait * 0.05);
      sim.clock.advance(wait * 0.05 - 1);
      expect(received).toHaveLength(index + 1);
      sim.clock.advance(1);
    }
    await waitUntil(() => received.length === 4 && sim.clock.pending === 0);
    expect(new Set(received.map(({ headers }) => headers['x-toapis-webhook-id'])).size).toBe(1);
  });

  test('a webhook is not sent again after the eighth attempt', async () => {
    const { url, received } = await openReceiver(Array(20).fill(500));
    const sim = await openSimulator({ webhook: { url, secrets: ['s'] }, timeScale: 0.05 });
    await sim.tasks.complete(await sim.buy());
    for (const [index, seconds] of [10, 30, 120, 600, 3_600, 21_600, 86_400].entries()) {
      await waitUntil(() => received.length === index + 1 && sim.clock.nextInMs === seconds * 50);
      sim.clock.advance(seconds * 50);
    }
    await waitUntil(() => received.length === 8 && sim.clock.pending === 0);
  });

  test('a webhook is sent to the path of callback_url, never to another host', async () => {
    const { url, received } = await openReceiver();
    const sim = await openSimulator({ webhook: { url, secrets: ['s'] } });
    const id = await sim.buy({ callback_url: new URL('/other?x=1', url).href });
    await sim.tasks.complete(id);
    await waitUntil(() => received.length === 1);
    expect(received[0]?.path).toBe('/other?x=1');
    expect((await sim.submit({ callback_url: 'https://elsewhere.test/hook' })).status).toBe(400);
  });

  test('faults lose a webhook, send it twice, or delay it', async () => {
    const { url, received } = await openReceiver();
    const sim = await openSimulator({
      webhook: { url, secrets: ['s'] },
      faults: [
        { kind: 'webhook_lost', promptIncludes: 'lost' },
        { kind: 'webhook_twice', promptIncludes: 'twice' },
        { kind: 'webhook_late', promptIncludes: 'late', ms: 5_000 },
      ],
    });
    for (const prompt of ['lost', 'twice', 'late']) await sim.tasks.complete(await sim.buy({ prompt }));
    await waitUntil(() => received.length === 2 && sim.clock.pending === 1 && sim.clock.nextInMs === 5_000);
    expect(received[0]?.body).toBe(received[1]?.body);
    sim.clock.advance(5_000);
    await waitUntil(() => received.length === 3);
    expect(sim.faults.fired()).toEqual({ webhook_lost: 1, webhook_twice: 1, webhook_late: 1 });
  });

  test('endpoint.test is sent on demand', async () => {
    const { url, received } = await openReceiver();
    const sim = await openSimulator({ webhook: { url, secrets: ['s'] } });
    expect(await (await sim.control('POST', '/webhook-test')).json()).toEqual({ sent: true });
    await waitUntil(() => received.length === 1);
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({ type: 'endpoint.test' });
  });

  test('after a restart, an unacknowledged webhook is sent again, an acknowledged one is not', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'simulator-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const { url, received } = await openReceiver([204, 500]);
    const webhook = { url, secrets: ['s'] };
    const before = await openSimulator({ dataDir, webhook });
    await before.tasks.complete(await before.buy());
    await waitUntil(() => received.length === 1 && before.clock.pending === 0);
    const second = await before.buy();
    await before.tasks.complete(second);
    await waitUntil(() => received.length === 2 && before.clock.pending === 1);
    await before.close();
    await openSimulator({ dataDir, webhook, clock: before.clock });
    await waitUntil(() => received.length === 3);
    expect(JSON.parse(received[2]?.body ?? '').data.task_id).toBe(second);
  });
});
