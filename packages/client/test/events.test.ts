import type { ServerResponse } from 'node:http';
import { latch, requires, startHttpProxy, until } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { lines, serverSentEvents } from '../src/http/index.ts';
import { createDarkroom, type DarkroomError, type RenderEvent, type RenderProgress } from '../src/index.ts';
import { HASTY, type House, openHouse } from './support/running-darkroom.ts';
import { cut, playServer, problem, RENDER_ID, render } from './support/scripted-server.ts';

requires('redis').describe('following a render', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse({ work: true });
  });

  test('its events come as they happen and end with its end', async () => {
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'a mug [[sim:slow ms=800]]' });
    const seen: RenderEvent[] = [];
    for await (const event of renders.events(id)) seen.push(event);
    expect(seen[0]).toMatchObject({ type: 'status', render: { id } });
    expect(seen.at(-1)).toMatchObject({ type: 'end', render: { id, status: 'completed' } });
    expect(seen.filter(({ type }) => type === 'image')).toHaveLength(1);
    expect(seen.filter(({ type }) => type === 'end')).toHaveLength(1);
  });

  test('progress is told and the ended render is the answer', async () => {
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'a cup [[sim:stuck]]' });
    const told: RenderProgress[] = [];
    const seen = latch();
    const ended = renders.onProgress(id, (progress) => {
      told.push(progress);
      if (progress.status === 'rendering') seen.open();
    });
    await seen.wait();
    await house.unstick(id);
    const render = await ended;
    expect(render).toMatchObject({ id, status: 'completed' });
    expect(told.at(-1)).toEqual({ id, status: 'completed', progress: 100 });
    expect(told.map(({ status }) => status)).toContain('rendering');
    expect(new Set(told.map((one) => JSON.stringify(one))).size).toBe(told.length);
  });

  test('a connection that is cut in the middle is made again, and nothing is told twice', async () => {
    const proxy = await startHttpProxy(house.url);
    const { renders } = house.client({ url: proxy.url });
    const { id } = await renders.create({ prompt: 'a jug [[sim:stuck]]' });
    const connections = () => proxy.requests.filter((line) => line.endsWith('/events')).length;
    const unstuck = until(() => connections() > 1).then(() => house.unstick(id));
    const seen: RenderEvent[] = [];
    for await (const event of renders.events(id)) {
      if (seen.length === 0) proxy.cut();
      seen.push(event);
    }
    await unstuck;
    expect(seen.at(-1)?.type).toBe('end');
    const standings = seen.flatMap((event) =>
      event.type === 'status' ? [`${event.render.status} ${event.render.progress}`] : [],
    );
    expect(standings.length).toBe(new Set(standings).size);
  });

  test('what a listener throws or rejects with is told to the caller, and nothing is left unhandled', async () => {
    const { renders } = house.client();
    const { id } = await renders.create({ prompt: 'a bowl' });
    const mine = new Error('the disk is full');
    const throws = renders.onProgress(id, () => {
      throw mine;
    });
    await expect(throws).rejects.toBe(mine);
    await expect(renders.onProgress(id, () => Promise.reject(mine))).rejects.toBe(mine);
  });

  test('an unknown render is told at once', async () => {
    await expect(house.client().renders.onProgress(RENDER_ID, () => undefined)).rejects.toMatchObject({
      code: 'render_not_found',
    });
  });
});

const stream = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });
const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

describe('event streams', () => {
  test('heartbeats and events of a later version are passed over', async () => {
    const server = await playServer((response) =>
      stream(response).end(
        `: hello\n\nevent: fanfare\ndata: 1\n\n${event('status', render('queued'))}: beat\n\n${event('end', render('completed', 100))}`,
      ),
    );
    const { renders } = createDarkroom({ url: server.url, retry: HASTY });
    const seen: string[] = [];
    for await (const { type } of renders.events(RENDER_ID)) seen.push(type);
    expect(seen).toEqual(['status', 'end']);
    expect(server.asked[0]?.headers.accept).toBe('text/event-stream');
  });

  test('a stream that breaks again and again without news is given up', async () => {
    const server = await playServer((response) =>
      stream(response).write(event('status', render('queued')), () => cut(response)),
    );
    const { renders } = createDarkroom({ url: server.url, retry: { ...HASTY, tries: 3 } });
    await expect(renders.onProgress(RENDER_ID, () => undefined)).rejects.toMatchObject({ code: 'network' });
    // The first brought news; three in a row did not.
    expect(server.asked).toHaveLength(3);
  });

  test('a refusal is not taken for an outage', async () => {
    const server = await playServer(problem(403, 'forbidden'));
    const { renders } = createDarkroom({ url: server.url, retry: HASTY });
    await expect(renders.onProgress(RENDER_ID, () => undefined)).rejects.toMatchObject({ code: 'forbidden' });
    expect(server.asked).toHaveLength(1);
  });

  test('the time is limited, and the last status is told', async () => {
    const server = await playServer((response) => stream(response).write(event('status', render('storing'))));
    const { renders } = createDarkroom({ url: server.url });
    const failed = renders.onProgress(RENDER_ID, () => undefined, { timeoutMs: 2_000 });
    await expect(failed).rejects.toMatchObject({ code: 'timeout', lastStatus: 'storing' });
  });

  test('leaving the loop closes the connection', async () => {
    let closed = false;
    const server = await playServer((response) => {
      response.once('close', () => {
        closed = true;
      });
      stream(response).write(event('status', render('queued')));
    });
    const { renders } = createDarkroom({ url: server.url });
    for await (const _ of renders.events(RENDER_ID)) break;
    await until(() => closed);
  });

  test('an abort ends it at once', async () => {
    const server = await playServer((response) => stream(response).write(event('status', render('queued'))));
    const { renders } = createDarkroom({ url: server.url });
    const controller = new AbortController();
    const failed = renders
      .onProgress(RENDER_ID, () => controller.abort('enough'), { signal: controller.signal })
      .catch((error: unknown) => error as DarkroomError);
    expect(await failed).toMatchObject({ code: 'aborted', cause: 'enough' });
  });
});

describe('reading a stream', () => {
  const inPieces = async function* (text: string, size: number) {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  };
  const collect = async <T>(items: AsyncIterable<T>) => {
    const all: T[] = [];
    for await (const item of items) all.push(item);
    return all;
  };

  test.each([1, 2, 3, 7, 1000])('lines are whole in pieces of %i bytes, whatever ends them', async (size) => {
    const text = 'ä\r\n\r\nb€🏔\n\nc\rd\r\n';
    expect(await collect(lines(inPieces(text, size)))).toEqual(['ä', '', 'b€🏔', '', 'c', 'd']);
  });

  test('half a line at the end is no line, unless it is asked for', async () => {
    expect(await collect(lines(inPieces('a\nhal', 2)))).toEqual(['a']);
    expect(await collect(lines(inPieces('a\nwhole', 2), { last: true }))).toEqual(['a', 'whole']);
  });

  test('events are read as the standard has it', async () => {
    const text =
      'data: one\ndata:two\nid: 7\n\nevent: x\n\nevent:y\ndata\n\n:beat\n\nevent: z\ndata: cut off\n';
    expect(await collect(serverSentEvents(lines(inPieces(text, 5))))).toEqual([
      { event: 'message', data: 'one\ntwo' },
      { event: 'y', data: '' },
    ]);
  });
});
