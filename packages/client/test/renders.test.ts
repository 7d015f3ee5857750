import { createHash } from 'node:crypto';
import { requires, startHttpProxy, until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { createDarkroom, type Render, verifyWebhook } from '../src/index.ts';
import { type House, openHouse } from './support/running-darkroom.ts';
import { playServer } from './support/scripted-server.ts';

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

requires('redis').describe('a list', () => {
  let house: House;
  const ids: string[] = [];
  beforeAll(async () => {
    house = await openHouse();
    const { renders } = house.client();
    for (let index = 0; index < 7; index++) {
      const { id } = await renders.create({ prompt: `mug ${index}`, run: index < 5 ? 'spring' : 'autumn' });
      ids.unshift(id);
      // Of the same millisecond none would be the newer one.
      const now = Date.now();
      await until(() => Date.now() > now, { every: 1 });
    }
  });

  test('gives every render once, newest first, over all pages', async () => {
    const proxy = await startHttpProxy(house.url);
    const seen: string[] = [];
    for await (const { id } of house.client({ url: proxy.url }).renders.list({ limit: 3 })) seen.push(id);
    expect(seen).toEqual(ids);
    expect(proxy.requests.length).toBeGreaterThanOrEqual(3);
  });

  test('keeps to its filters', async () => {
    const { renders } = house.client();
    const idsOf = async (list: AsyncIterable<Render>) => {
      const found: string[] = [];
      for await (const { id } of list) found.push(id);
      return found;
    };
    expect(await idsOf(renders.list({ run: 'autumn' }))).toEqual(ids.slice(0, 2));
    expect(await idsOf(renders.list({ status: ['completed', 'failed'] }))).toEqual([]);
    expect(await idsOf(renders.list({ status: ['completed', 'queued'], run: 'spring' }))).toEqual(
      ids.slice(2),
    );
    expect(await idsOf(renders.list({ createdAfter: new Date(Date.now() + 60_000) }))).toEqual([]);
    expect(await idsOf(renders.list({ createdBefore: new Date(Date.now() + 60_000) }))).toEqual(ids);
  });

  test('can be gone through page by page', async () => {
    const { renders } = house.client();
    const first = await renders.list({ limit: 4 }).page();
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 4));
    const rest = await renders.list({ limit: 4, cursor: first.next_cursor ?? '' }).page();
    expect(rest.data.map(({ id }) => id)).toEqual(ids.slice(4));
  });
});

test('a date that is none is a mistake that every way to list rejects with', async () => {
  const list = createDarkroom({ url: 'http://nowhere.invalid' }).renders.list({
    createdAfter: new Date('soon'),
  });
  await expect(list.page()).rejects.toThrow(/^createdAfter: /);
  await expect(list[Symbol.asyncIterator]().next()).rejects.toThrow(/^createdAfter: /);
});

requires('redis').describe('canceling', () => {
  test('a render that waits costs nothing and ends canceled', async () => {
    const house = await openHouse();
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'a mug' });
    await renders.cancel(id);
    await house.work();
    expect(await renders.wait(id)).toMatchObject({ status: 'canceled', cost: { purchases: 0 } });
    expect(house.simulator.book.byBusinessId(id)).toEqual([]);
    expect((await renders.cancel(id)).status).toBe('canceled');
  });

  test('what has ended is told as such', async () => {
    const house = await openHouse({ work: true });
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'a mug' });
    await renders.wait(id);
    await expect(renders.cancel(id)).rejects.toMatchObject({ code: 'render_ended', status: 409 });
  });
});

requires('redis').describe('the picture of a render', () => {
  let house: House;
  let render: Render;
  beforeAll(async () => {
    house = await openHouse({ work: true });
    const { renders } = house.client();
    render = await renders.wait((await renders.create({ prompt: 'a mug' })).id);
  });

  test('comes whole, at once or as a stream', async () => {
    const image = house.client().renders.image(render.id);
    const bytes = await image.bytes();
    expect(bytes.length).toBe(render.image?.bytes);
    expect(digest(bytes)).toBe(render.image?.sha256);
    const streamed = new Uint8Array(await new Response(await image.stream()).arrayBuffer());
    expect(digest(streamed)).toBe(render.image?.sha256);
    const thumbnail = await house.client().renders.thumbnail(render.id).bytes();
    expect(new TextDecoder().decode(thumbnail.slice(8, 12))).toBe('WEBP');
  });

  test('comes whole over a connection that breaks in the middle', async () => {
    const proxy = await startHttpProxy(house.url);
    const fault = proxy.fail({ path: '/image', times: 2 }, { truncate: 1000 });
    const bytes = await house.client({ url: proxy.url }).renders.image(render.id).bytes();
    expect(digest(bytes)).toBe(render.image?.sha256);
    expect(fault.hits).toBe(2);
  });

  test('a stream that breaks is an error of ours, and one that is left holds nothing', async () => {
    const proxy = await startHttpProxy(house.url);
    const { renders } = house.client({ url: proxy.url });
    proxy.fail({ path: '/image', times: 1 }, { truncate: 1000 });
    const broken = new Response(await renders.image(render.id).stream()).arrayBuffer();
    await expect(broken).rejects.toMatchObject({ code: 'network' });
    const left = await renders.image(render.id).stream();
    await left.cancel();
    await until(() => proxy.connections === 0);
  });

  test('is not there before its time', async () => {
    const idle = await openHouse();
    const { renders } = idle.client();
    const { id } = await renders.create({ prompt: 'a mug' });
    await expect(renders.image(id).bytes()).rejects.toMatchObject({ code: 'image_not_found' });
  });
});

requires('redis').describe('the webhooks of a render', () => {
  test('are believed by our own check, told of, and sent again under the same id', async () => {
    const house = await openHouse({ work: true });
    const receiver = await playServer((response) => response.writeHead(204).end());
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'a mug', webhook_url: `${receiver.url}/hook` });
    await until(() => receiver.asked.length === 1);
    const [first] = receiver.asked;
    const event = await verifyWebhook(first?.body ?? '', first?.headers ?? {}, house.webhookSecret);
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
    await until(() => receiver.asked.length === 2);
    expect(receiver.asked.map(({ headers }) => headers['webhook-id'])).toEqual([delivery?.id, delivery?.id]);
  });

  test('that there are none of are told by their code', async () => {
    const house = await openHouse();
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'a mug' });
    expect(await renders.deliveries(id)).toEqual([]);
    await expect(renders.redeliver(id)).rejects.toMatchObject({ code: 'delivery_not_found', status: 404 });
  });
});
