import { randomBytes } from 'node:crypto';
import { openQueues } from '@darkroom/shared/queues';
import { until } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunningDarkroom } from '../src/compose.ts';
import { openDarkroom } from './support/open-darkroom.ts';
import { startWebhookReceiver } from './support/webhook-receiver.ts';

interface Render {
  id: string;
  status: string;
  task_ids: string[];
  image: { url: string; bytes: number } | null;
  cost: { spent: string; possibly_spent: string; purchases: number };
}

describe('the API of a running Darkroom', () => {
  let darkroom: RunningDarkroom;
  let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;

  beforeAll(async () => {
    receiver = await startWebhookReceiver({ acknowledges: true });
    darkroom = await openDarkroom({
      ALLOW_PRIVATE_HOSTS: true,
      WEBHOOK_SECRETS: [{ value: `whsec_${randomBytes(32).toString('base64')}` }],
    });
  });

  async function call(path: string, body?: object) {
    const init = body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    const response = await fetch(`${darkroom.producer.url}/v1/renders${path}`, init);
    return { status: response.status, body: (await response.json()) as Render };
  }
  const create = async (prompt: string, run?: string, webhook_url?: string) =>
    (await call('', { prompt, run, webhook_url })).body.id;
  /** Cancels a render and waits for its end, which may come after the answer to the cancel. */
  const cancelAndWait = async (id: string) => {
    const { status } = await call(`/${id}/cancel`, {});
    expect([200, 202]).toContain(status);
    return (await call(`/${id}?wait=30`)).body;
  };
  const billedTasks = (id: string) => darkroom.simulator?.book.byBusinessId(id);

  test('one long poll answers with the completed image', async () => {
    const id = await create('a mug');
    const { status, body } = await call(`/${id}?wait=30`);
    expect([status, body.status]).toEqual([200, 'completed']);
    const image = await fetch(body.image?.url ?? '');
    expect((await image.arrayBuffer()).byteLength).toBe(body.image?.bytes);
  });

  test('the event stream reports every status in order, then the image and the end', async () => {
    const id = await create('a bowl');
    const response = await fetch(`${darkroom.producer.url}/v1/renders/${id}/events`);
    const text = await response.text();
    const events = [...text.matchAll(/^event: (\w+)\ndata: (.*)$/gm)].map(([, event, data]) => ({
      event,
      data: JSON.parse(data ?? '') as Render & { progress: number },
    }));
    expect(events.slice(-3).map(({ event }) => event)).toEqual(['status', 'image', 'end']);
    const order = ['queued', 'rendering', 'storing', 'completed'];
    const statuses = events.filter(({ event }) => event === 'status').map(({ data }) => data.status);
    expect(statuses).toEqual(order.filter((status) => statuses.includes(status)));
    expect(statuses.length).toBeGreaterThan(1);
    // The response to GET also has what needs several more reads.
    const {
      queue_position: _position,
      provider: _provider,
      eta: _eta,
      eta_p90: _latest,
      eta_reason: _reason,
      webhook: _webhook,
      ...render
    } = (await call(`/${id}`)).body as Render &
      Record<'queue_position' | 'provider' | 'eta' | 'eta_p90' | 'eta_reason' | 'webhook', unknown>;
    expect(events.at(-1)?.data).toEqual(render);
  });

  test('a render that is canceled before its purchase costs nothing and is never bought', async () => {
    const { submit } = openQueues(darkroom.engine, { days: 1 });
    await submit.pause();
    const id = await create('a jug');
    await until(async () => (await submit.getJob(`${id}.s1`)) !== undefined);
    const waiting = call(`/${id}?wait=30`);
    const free = { id, status: 'canceled', cost: { spent: '0.000', possibly_spent: '0.000', purchases: 0 } };
    expect(await cancelAndWait(id)).toMatchObject(free);
    expect((await waiting).body).toMatchObject(free);
    await submit.resume();
    expect(await call(`/${id}/cancel`, {})).toMatchObject({ status: 200, body: free });
    expect(billedTasks(id)).toEqual([]);
  });

  test('a render that is canceled after its purchase ends without an image and reports what it cost', async () => {
    darkroom.simulator?.faults.add({ kind: 'stuck', promptIncludes: 'teapot' });
    const id = await create('a teapot');
    await until(async () => (await call(`/${id}`)).body.status === 'rendering');
    const body = await cancelAndWait(id);
    expect(body).toMatchObject({ status: 'canceled', image: null, cost: { purchases: 1 } });
    expect(Number(body.cost.possibly_spent) * 1_000_000).toBe(billedTasks(id)?.[0]?.charged);
  });

  test('a render that has ended cannot be canceled', async () => {
    const id = await create('a plate');
    await call(`/${id}?wait=30`);
    expect(await call(`/${id}/cancel`, {})).toMatchObject({ status: 409, body: { code: 'render_ended' } });
  });

  test('the list of a run has every render once, newest first, over several pages', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) {
      ids.unshift(await create(`cup ${n}`, 'cups'));
      // Renders of the same millisecond have no order.
      const now = Date.now();
      await until(() => Date.now() > now, { every: 1 });
    }
    const listAll = async () => {
      const listed: string[] = [];
      for (let cursor = ''; ; ) {
        const response = await fetch(`${darkroom.producer.url}/v1/renders?run=cups&limit=3${cursor}`);
        const page = (await response.json()) as { data: Render[]; next_cursor: string | null };
        listed.push(...page.data.map((render) => render.id));
        if (page.next_cursor === null) return listed;
        cursor = `&cursor=${page.next_cursor}`;
      }
    };
    // First while the renders are in different states, then after all have ended.
    expect(await listAll()).toEqual(ids);
    await Promise.all(ids.map((id) => call(`/${id}?wait=30`)));
    expect(await listAll()).toEqual(ids);
  });

  test('a webhook that was acknowledged is sent again, under the same id, when an operator redelivers it', async () => {
    const id = await create('a vase', undefined, receiver.url);
    await until(() => receiver.webhooks.length === 1);
    const deliveries = async () => {
      const response = await fetch(`${darkroom.producer.url}/v1/renders/${id}/deliveries`);
      return ((await response.json()) as { data: { id: string; status: string; event: string }[] }).data;
    };
    await until(async () => (await deliveries())[0]?.status === 'delivered');
    expect(await deliveries()).toMatchObject([{ id: receiver.webhooks[0]?.id, event: 'render.completed' }]);
    expect((await call(`/${id}/deliveries/redeliver`, {})).status).toBe(202);
    await until(() => receiver.webhooks.length === 2);
    expect(receiver.webhooks[1]?.id).toBe(receiver.webhooks[0]?.id);
  });
});
