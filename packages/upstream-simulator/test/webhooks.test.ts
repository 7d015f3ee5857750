import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { simulator, type TestSimulator, until } from './support.ts';

interface Delivery {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A receiver that answers the statuses in turn, and 204 after them. */
async function receiver(statuses: number[] = []): Promise<{ url: string; got: Delivery[] }> {
  const got: Delivery[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      got.push({
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
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, got };
}

/** Moves the clock to a task's end, and not beyond: deliveries that are under way must not time out. */
function endOf(sim: TestSimulator, id: string): void {
  sim.clock.advance((sim.tasks.get(id)?.finishesAt ?? 0) - sim.clock.now());
}

describe('a webhook', () => {
  test('tells of a completed task, signed with both secrets over id, timestamp and raw body', async () => {
    const { url, got } = await receiver();
    const sim = await simulator({ webhook: { url, secrets: ['new', 'old'] } });
    const id = await sim.buy({ client_business_id: 'render-1' });
    endOf(sim, id);
    await until(() => got.length === 1);
    const { headers, body } = got[0] as Delivery;
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
    expect(event.data.result).toEqual((await sim.look(id)).result);
    expect(event.data.finished_at).toBeGreaterThan(event.data.submitted_at);
    const signed = `${headers['x-toapis-webhook-id']}.${headers['x-toapis-webhook-timestamp']}.${body}`;
    const expected = ['new', 'old'].map(
      (key) => `v1=${createHmac('sha256', key).update(signed).digest('hex')}`,
    );
    expect(headers['x-toapis-webhook-signature']).toBe(expected.join(','));
  });

  test('tells of a failed task with its error', async () => {
    const { url, got } = await receiver();
    const sim = await simulator({
      webhook: { url, secrets: ['s'] },
      faults: [{ kind: 'fail_task_content' }],
    });
    endOf(sim, await sim.buy());
    await until(() => got.length === 1);
    expect(JSON.parse(got[0]?.body ?? '')).toMatchObject({
      type: 'generation.failed',
      data: { status: 'failed', result: null, error: { code: 'generation_failed' } },
    });
  });

  test('is sent again on the documented schedule with the same id, until 2xx', async () => {
    const { url, got } = await receiver([500, 302, 404]);
    const sim = await simulator({ webhook: { url, secrets: ['s'] }, timeScale: 0.05 });
    const id = await sim.buy();
    await sim.tasks.complete(id);
    for (const [index, wait] of [10_000, 30_000, 120_000].entries()) {
      await until(() => got.length === index + 1 && sim.clock.nextInMs === wait * 0.05);
      sim.clock.advance(wait * 0.05 - 1);
      expect(got).toHaveLength(index + 1);
      sim.clock.advance(1);
    }
    await until(() => got.length === 4 && sim.clock.pending === 0);
    expect(new Set(got.map(({ headers }) => headers['x-toapis-webhook-id'])).size).toBe(1);
  });

  test('is given up after the eighth try', async () => {
    const { url, got } = await receiver(Array(20).fill(500));
    const sim = await simulator({ webhook: { url, secrets: ['s'] }, timeScale: 0.05 });
    await sim.tasks.complete(await sim.buy());
    for (const [index, seconds] of [10, 30, 120, 600, 3_600, 21_600, 86_400].entries()) {
      await until(() => got.length === index + 1 && sim.clock.nextInMs === seconds * 50);
      sim.clock.advance(seconds * 50);
    }
    await until(() => got.length === 8 && sim.clock.pending === 0);
  });

  test('goes to the path of callback_url, never to another host', async () => {
    const { url, got } = await receiver();
    const sim = await simulator({ webhook: { url, secrets: ['s'] } });
    const id = await sim.buy({ callback_url: new URL('/other?x=1', url).href });
    await sim.tasks.complete(id);
    await until(() => got.length === 1);
    expect(got[0]?.path).toBe('/other?x=1');
    expect((await sim.submit({ callback_url: 'https://elsewhere.test/hook' })).status).toBe(400);
  });

  test('can get lost, come twice, or come late', async () => {
    const { url, got } = await receiver();
    const sim = await simulator({
      webhook: { url, secrets: ['s'] },
      faults: [
        { kind: 'webhook_lost', promptIncludes: 'lost' },
        { kind: 'webhook_twice', promptIncludes: 'twice' },
        { kind: 'webhook_late', promptIncludes: 'late', ms: 5_000 },
      ],
    });
    for (const prompt of ['lost', 'twice', 'late']) await sim.tasks.complete(await sim.buy({ prompt }));
    await until(() => got.length === 2 && sim.clock.pending === 1 && sim.clock.nextInMs === 5_000);
    expect(got[0]?.body).toBe(got[1]?.body);
    sim.clock.advance(5_000);
    await until(() => got.length === 3);
    expect(sim.faults.fired()).toEqual({ webhook_lost: 1, webhook_twice: 1, webhook_late: 1 });
  });

  test('endpoint.test is sent on demand', async () => {
    const { url, got } = await receiver();
    const sim = await simulator({ webhook: { url, secrets: ['s'] } });
    expect(await (await sim.control('POST', '/webhook-test')).json()).toEqual({ sent: true });
    await until(() => got.length === 1);
    expect(JSON.parse(got[0]?.body ?? '')).toMatchObject({ type: 'endpoint.test' });
  });

  test('that nobody took before a restart is sent after it, one that was taken is not', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'simulator-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const { url, got } = await receiver([204, 500]);
    const webhook = { url, secrets: ['s'] };
    const before = await simulator({ dataDir, webhook });
    await before.tasks.complete(await before.buy());
    await until(() => got.length === 1 && before.clock.pending === 0);
    const second = await before.buy();
    await before.tasks.complete(second);
    await until(() => got.length === 2 && before.clock.pending === 1);
    await before.close();
    await simulator({ dataDir, webhook, clock: before.clock });
    await until(() => got.length === 3);
    expect(JSON.parse(got[2]?.body ?? '').data.task_id).toBe(second);
  });
});
