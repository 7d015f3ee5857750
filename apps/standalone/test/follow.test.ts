import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseSettings, type Settings } from '@darkroom/shared/config';
import { openQueues } from '@darkroom/shared/queues';
import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, tempDir, until } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { type House, openHouse } from '../src/compose.ts';

interface Render {
  id: string;
  status: string;
  task_ids: string[];
  image: { url: string; bytes: number } | null;
  cost: { amount: string; purchases: number };
}

describe('a service that waits, follows, lists and cancels', () => {
  let house: House;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;

  beforeAll(async () => {
    receiver = await startReceiver();
    const settings: Settings = {
      ...parseSettings({ DATA_DIR: await tempDir(), LOG_LEVEL: 'silent' }),
      PORT: 0,
      WORKER_PORT: 0,
      ALLOW_PRIVATE_HOSTS: true,
      WEBHOOK_SECRETS: [{ value: `whsec_${randomBytes(32).toString('base64')}` }],
    };
    house = await openHouse({ settings, secrets: [], clock: systemClock, fast: true });
    cleanup(() => house.close());
  });

  async function ask(path: string, body?: object) {
    const init = body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    const response = await fetch(`${house.producer.url}/v1/renders${path}`, init);
    return { status: response.status, body: (await response.json()) as Render };
  }
  const create = async (prompt: string, run?: string, webhook_url?: string) =>
    (await ask('', { prompt, run, webhook_url })).body.id;
  /** Cancels, and waits for the end beyond the patience of that call. */
  const canceled = async (id: string) => {
    const { status } = await ask(`/${id}/cancel`, {});
    expect([200, 202]).toContain(status);
    return (await ask(`/${id}?wait=30`)).body;
  };
  const billed = (id: string) => house.simulator?.book.byBusinessId(id);

  test('one long poll answers with the image', async () => {
    const id = await create('a mug');
    const { status, body } = await ask(`/${id}?wait=30`);
    expect([status, body.status]).toEqual([200, 'completed']);
    const picture = await fetch(body.image?.url ?? '');
    expect((await picture.arrayBuffer()).byteLength).toBe(body.image?.bytes);
  });

  test('the events tell every step, in order, up to the image', async () => {
    const id = await create('a bowl');
    const response = await fetch(`${house.producer.url}/v1/renders/${id}/events`);
    const text = await response.text();
    const told = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event, data]) => ({
      event,
      data: JSON.parse(data ?? '') as Render & { progress: number },
    }));
    expect(told.slice(-3).map(({ event }) => event)).toEqual(['status', 'image', 'end']);
    const order = ['queued', 'rendering', 'storing', 'completed'];
    const steps = told.filter(({ event }) => event === 'status').map(({ data }) => data.status);
    expect(steps).toEqual(order.filter((status) => steps.includes(status)));
    expect(steps.length).toBeGreaterThan(1);
    expect(told.at(-1)?.data).toEqual((await ask(`/${id}`)).body);
  });

  test('canceled before its purchase it costs nothing, and nothing is bought', async () => {
    const { submit } = openQueues(house.engine, { days: 1 });
    await submit.pause();
    const id = await create('a jug');
    await until(async () => (await submit.getJob(`${id}.s1`)) !== undefined);
    const waiting = ask(`/${id}?wait=30`);
    const free = { id, status: 'canceled', cost: { amount: '0.000', purchases: 0 } };
    expect(await canceled(id)).toMatchObject(free);
    expect((await waiting).body).toMatchObject(free);
    await submit.resume();
    expect(await ask(`/${id}/cancel`, {})).toMatchObject({ status: 200, body: free });
    expect(billed(id)).toEqual([]);
  });

  test('canceled after its purchase it waits no longer, and says what was spent', async () => {
    house.simulator?.faults.add({ kind: 'stuck', promptIncludes: 'teapot' });
    const id = await create('a teapot');
    await until(async () => (await ask(`/${id}`)).body.status === 'rendering');
    const body = await canceled(id);
    expect(body).toMatchObject({ status: 'canceled', image: null, cost: { purchases: 1 } });
    expect(Number(body.cost.amount) * 1_000_000).toBe(billed(id)?.[0]?.charged);
  });

  test('what has ended cannot be canceled', async () => {
    const id = await create('a plate');
    await ask(`/${id}?wait=30`);
    expect(await ask(`/${id}/cancel`, {})).toMatchObject({ status: 409, body: { code: 'render_ended' } });
  });

  test('all of a run is listed, newest first, and a long walk meets each render once', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) {
      ids.unshift(await create(`cup ${n}`, 'cups'));
      // Of the same millisecond none would be the newer one.
      const now = Date.now();
      await until(() => Date.now() > now, { every: 1 });
    }
    const walk = async () => {
      const met: string[] = [];
      for (let cursor = ''; ; ) {
        const response = await fetch(`${house.producer.url}/v1/renders?run=cups&limit=3${cursor}`);
        const list = (await response.json()) as { data: Render[]; next_cursor: string | null };
        met.push(...list.data.map((render) => render.id));
        if (list.next_cursor === null) return met;
        cursor = `&cursor=${list.next_cursor}`;
      }
    };
    // Now they wait, are under way, or have ended; then all have.
    expect(await walk()).toEqual(ids);
    await Promise.all(ids.map((id) => ask(`/${id}?wait=30`)));
    expect(await walk()).toEqual(ids);
  });

  test('a webhook that was taken is told again when somebody asks for it', async () => {
    const id = await create('a vase', undefined, receiver.url);
    await until(() => receiver.ids.length === 1);
    const deliveries = async () => {
      const response = await fetch(`${house.producer.url}/v1/renders/${id}/deliveries`);
      return ((await response.json()) as { data: { id: string; status: string; event: string }[] }).data;
    };
    await until(async () => (await deliveries())[0]?.status === 'delivered');
    expect(await deliveries()).toMatchObject([{ id: receiver.ids[0], event: 'render.completed' }]);
    expect((await ask(`/${id}/deliveries/redeliver`, {})).status).toBe(202);
    await until(() => receiver.ids.length === 2);
    expect(receiver.ids[1]).toBe(receiver.ids[0]);
  });
});

/** Takes every webhook, and remembers their ids. */
async function startReceiver() {
  const ids: string[] = [];
  const server = createServer((request, response) => {
    ids.push(String(request.headers['webhook-id']));
    request.resume();
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(() => void server.close());
  return { ids, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
