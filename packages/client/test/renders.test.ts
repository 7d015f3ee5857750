import { createHash } from 'node:crypto';
import { requires, startHttpProxy, until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { createDarkroom, type Render, verifyWebhook } from '../src/index.ts';
import { type RunningDarkroom, startDarkroom } from './support/running-darkroom.ts';
import { startScriptedServer } from './support/scripted-server.ts';

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

requires('redis').describe('a list', () => {
  let darkroom: RunningDarkroom;
  const ids: string[] = [];
  beforeAll(async () => {
    darkroom = await startDarkroom();
    const { renders } = darkroom.createClient();
    for (let index = 0; index < 7; index++) {
      const { id } = await renders.create({ prompt: `mug ${index}`, run: index < 5 ? 'spring' : 'autumn' });
      ids.unshift(id);
      // Two renders of the same millisecond would have no order.
      const now = Date.now();
      await until(() => Date.now() > now, { every: 1 });
    }
  });

  test('the client yields each render once, newest first, over all pages', async () => {
    const proxy = await startHttpProxy(darkroom.url);
    const seen: string[] = [];
    for await (const { id } of darkroom.createClient({ url: proxy.url }).renders.list({ limit: 3 }))
      seen.push(id);
    expect(seen).toEqual(ids);
    expect(proxy.requests.length).toBeGreaterThanOrEqual(3);
  });

  test('the list contains only renders that match its filters', async () => {
    const { renders } = darkroom.createClient();
    const collectIds = async (list: AsyncIterable<Render>) => {
      const found: string[] = [];
      for await (const { id } of list) found.push(id);
      return found;
    };
    expect(await collectIds(renders.list({ run: 'autumn' }))).toEqual(ids.slice(0, 2));
    expect(await collectIds(renders.list({ status: ['completed', 'failed'] }))).toEqual([]);
    expect(await collectIds(renders.list({ status: ['completed', 'queued'], run: 'spring' }))).toEqual(
      ids.slice(2),
    );
    expect(await collectIds(renders.list({ createdAfter: new Date(Date.now() + 60_000) }))).toEqual([]);
    expect(await collectIds(renders.list({ createdBefore: new Date(Date.now() + 60_000) }))).toEqual(ids);
  });

  test('the caller can fetch the list page by page', async () => {
    const { renders } = darkroom.createClient();
    const first = await renders.list({ limit: 4 }).page();
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 4));
    const rest = await renders.list({ limit: 4, cursor: first.next_cursor ?? '' }).page();
    expect(rest.data.map(({ id }) => id)).toEqual(ids.slice(4));
  });
});

test('every method of a list rejects an invalid date', async () => {
  const list = createDarkroom({ url: 'http://nowhere.invalid' }).renders.list({
    createdAfter: new Date('soon'),
  });
  await expect(list.page()).rejects.toThrow(/^createdAfter: /);
  await expect(list[Symbol.asyncIterator]().next()).rejects.toThrow(/^createdAfter: /);
});

requires('redis').describe('canceling', () => {
  test('a canceled render that was not bought costs nothing', async () => {
    const darkroom = await startDarkroom();
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'a mug' });
    await renders.cancel(id);
    await darkroom.startWorker();
    expect(await renders.wait(id)).toMatchObject({ status: 'canceled', cost: { purchases: 0 } });
    expect(darkroom.simulator.book.byBusinessId(id)).toEqual([]);
    expect((await renders.cancel(id)).status).toBe('canceled');
  });

  test('canceling an ended render is an error', async () => {
    const darkroom = await startDarkroom({ worker: true });
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'a mug' });
    await renders.wait(id);
    await expect(renders.cancel(id)).rejects.toMatchObject({ code: 'render_ended', status: 409 });
  });
});

requires('redis').describe('the image of a render', () => {
  let darkroom: RunningDarkroom;
  let render: Render;
  beforeAll(async () => {
    darkroom = await startDarkroom({ worker: true });
    const { renders } = darkroom.createClient();
    render = await renders.wait((await renders.create({ prompt: 'a mug' })).id);
  });

  test('the client downloads the complete image, as bytes or as a stream', async () => {
    const image = darkroom.createClient().renders.image(render.id);
    const bytes = await image.bytes();
    expect(bytes.length).toBe(render.image?.bytes);
    expect(digest(bytes)).toBe(render.image?.sha256);
    const streamed = new Uint8Array(await new Response(await image.stream()).arrayBuffer());
    expect(digest(streamed)).toBe(render.image?.sha256);
    const thumbnail = await darkroom.createClient().renders.thumbnail(render.id).bytes();
    expect(new TextDecoder().decode(thumbnail.slice(8, 12))).toBe('WEBP');
  });

  test('the client downloads the complete image over a connection that breaks', async () => {
    const proxy = await startHttpProxy(darkroom.url);
    const fault = proxy.fail({ path: '/image', times: 2 }, { truncate: 1000 });
    const bytes = await darkroom.createClient({ url: proxy.url }).renders.image(render.id).bytes();
    expect(digest(bytes)).toBe(render.image?.sha256);
    expect(fault.hits).toBe(2);
  });

  test('a broken stream is a DarkroomError, and a canceled stream closes its connection', async () => {
    const proxy = await startHttpProxy(darkroom.url);
    const { renders } = darkroom.createClient({ url: proxy.url });
    proxy.fail({ path: '/image', times: 1 }, { truncate: 1000 });
    const broken = new Response(await renders.image(render.id).stream()).arrayBuffer();
    await expect(broken).rejects.toMatchObject({ code: 'network' });
    const canceled = await renders.image(render.id).stream();
    await canceled.cancel();
    await until(() => proxy.connections === 0);
  });

  test('a render that is not completed has no image', async () => {
    const idle = await startDarkroom();
    const { renders } = idle.createClient();
    const { id } = await renders.create({ prompt: 'a mug' });
    await expect(renders.image(id).bytes()).rejects.toMatchObject({ code: 'image_not_found' });
  });
});

requires('redis').describe('the webhooks of a render', () => {
  test('verifyWebhook accepts a webhook, its delivery is listed, and redeliver sends it with the same id', async () => {
    const darkroom = await startDarkroom({ worker: true });
    const receiver = await startScriptedServer((response) => response.writeHead(204).end());
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'a mug', webhook_url: `${receiver.url}/hook` });
    await until(() => receiver.received.length === 1);
    const [first] = receiver.received;
    const event = await verifyWebhook(first?.body ?? '', first?.headers ?? {}, darkroom.webhookSecret);
    expect(event).toMatchObject({ type: 'render.completed', data: { id, status: 'completed' } });

    const [delivery] = await until(async () => {
      const all = await renders.deliveries(id);
      return all[0]?.status === 'delivered' ? all : undefined;
    });
    expect(delivery).toMatchObject({
      render_id: id,
      event: 'render.completed',
      host: new URL(receiver.url).host,
    });
    const again = await renders.redeliver(id, { delivery: delivery?.id });
    expect(again.map((one) => one.id)).toEqual([delivery?.id]);
    await until(() => receiver.received.length === 2);
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([
      delivery?.id,
      delivery?.id,
    ]);
  });

  test('a render without webhooks has no delivery, and redeliver is an error', async () => {
    const darkroom = await startDarkroom();
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'a mug' });
    expect(await renders.deliveries(id)).toEqual([]);
    await expect(renders.redeliver(id)).rejects.toMatchObject({ code: 'delivery_not_found', status: 404 });
  });
});
