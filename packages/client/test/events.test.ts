import type { ServerResponse } from 'node:http';
import { latch, requires, startHttpProxy, until } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseServerSentEvents, readLines } from '../src/http/index.ts';
import { createDarkroom, type DarkroomError, type RenderEvent, type RenderProgress } from '../src/index.ts';
import { FAST_RETRIES, type RunningDarkroom, startDarkroom } from './support/running-darkroom.ts';
import {
  cutConnection,
  problemResponse,
  RENDER_ID,
  renderBody,
  startScriptedServer,
} from './support/scripted-server.ts';

requires('redis').describe('following a render', () => {
  let darkroom: RunningDarkroom;
  beforeAll(async () => {
    darkroom = await startDarkroom({ worker: true });
  });

  test('the client yields the events as they happen, and `end` last', async () => {
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'a mug [[sim:slow ms=800]]' });
    const seen: RenderEvent[] = [];
    for await (const event of renders.events(id)) seen.push(event);
    expect(seen[0]).toMatchObject({ type: 'status', render: { id } });
    expect(seen.at(-1)).toMatchObject({ type: 'end', render: { id, status: 'completed' } });
    expect(seen.filter(({ type }) => type === 'image')).toHaveLength(1);
    expect(seen.filter(({ type }) => type === 'end')).toHaveLength(1);
  });

  test('the listener gets each change, and the call resolves with the ended render', async () => {
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'a cup [[sim:stuck]]' });
    const reported: RenderProgress[] = [];
    const seen = latch();
    const ended = renders.onProgress(id, (progress) => {
      reported.push(progress);
      if (progress.status === 'rendering') seen.open();
    });
    await seen.wait();
    await darkroom.completeTask(id);
    const render = await ended;
    expect(render).toMatchObject({ id, status: 'completed' });
    expect(reported.at(-1)).toEqual({ id, status: 'completed', progress: 100 });
    expect(reported.map(({ status }) => status)).toContain('rendering');
    expect(new Set(reported.map((one) => JSON.stringify(one))).size).toBe(reported.length);
  });

  test('the client reconnects after a broken connection and yields no event twice', async () => {
    const proxy = await startHttpProxy(darkroom.url);
    const { renders } = darkroom.createClient({ url: proxy.url });
    const { id } = await renders.create({ prompt: 'a jug [[sim:stuck]]' });
    const connections = () => proxy.requests.filter((line) => line.endsWith('/events')).length;
    const unstuck = until(() => connections() > 1).then(() => darkroom.completeTask(id));
    const seen: RenderEvent[] = [];
    for await (const event of renders.events(id)) {
      if (seen.length === 0) proxy.cut();
      seen.push(event);
    }
    await unstuck;
    expect(seen.at(-1)?.type).toBe('end');
    const statuses = seen.flatMap((event) =>
      event.type === 'status' ? [`${event.render.status} ${event.render.progress}`] : [],
    );
    expect(statuses.length).toBe(new Set(statuses).size);
  });

  test('an error of the listener rejects the call, and no rejection is unhandled', async () => {
    const { renders } = darkroom.createClient();
    const { id } = await renders.create({ prompt: 'a bowl' });
    const listenerError = new Error('the disk is full');
    const throws = renders.onProgress(id, () => {
      throw listenerError;
    });
    await expect(throws).rejects.toBe(listenerError);
    await expect(renders.onProgress(id, () => Promise.reject(listenerError))).rejects.toBe(listenerError);
  });

  test('an unknown render is an error at once', async () => {
    await expect(
      darkroom.createClient().renders.onProgress(RENDER_ID, () => undefined),
    ).rejects.toMatchObject({
      code: 'render_not_found',
    });
  });
});

const startStream = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'text/event-stream' });
const formatEvent = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

describe('event streams', () => {
  test('the client skips heartbeats and unknown events', async () => {
    const server = await startScriptedServer((response) =>
      startStream(response).end(
        `: hello\n\nevent: unknown\ndata: 1\n\n${formatEvent('status', renderBody('queued'))}: beat\n\n${formatEvent('end', renderBody('completed', 100))}`,
      ),
    );
    const { renders } = createDarkroom({ url: server.url, retry: FAST_RETRIES });
    const seen: string[] = [];
    for await (const { type } of renders.events(RENDER_ID)) seen.push(type);
    expect(seen).toEqual(['status', 'end']);
    expect(server.received[0]?.headers.accept).toBe('text/event-stream');
  });

  test('a stream that keeps breaking without new events is an error when no try is left', async () => {
    const server = await startScriptedServer((response) =>
      startStream(response).write(formatEvent('status', renderBody('queued')), () => cutConnection(response)),
    );
    const { renders } = createDarkroom({ url: server.url, retry: { ...FAST_RETRIES, tries: 3 } });
    await expect(renders.onProgress(RENDER_ID, () => undefined)).rejects.toMatchObject({ code: 'network' });
    // The first connection brings an event and breaks. The next two bring nothing new: three failures in a row.
    expect(server.received).toHaveLength(3);
  });

  test('the client does not retry a rejected request', async () => {
    const server = await startScriptedServer(problemResponse(403, 'forbidden'));
    const { renders } = createDarkroom({ url: server.url, retry: FAST_RETRIES });
    await expect(renders.onProgress(RENDER_ID, () => undefined)).rejects.toMatchObject({ code: 'forbidden' });
    expect(server.received).toHaveLength(1);
  });

  test('the call ends at its time limit, and the error has the last status', async () => {
    const server = await startScriptedServer((response) =>
      startStream(response).write(formatEvent('status', renderBody('storing'))),
    );
    const { renders } = createDarkroom({ url: server.url });
    const failed = renders.onProgress(RENDER_ID, () => undefined, { timeoutMs: 2_000 });
    await expect(failed).rejects.toMatchObject({ code: 'timeout', lastStatus: 'storing' });
  });

  test('leaving the loop closes the connection', async () => {
    let closed = false;
    const server = await startScriptedServer((response) => {
      response.once('close', () => {
        closed = true;
      });
      startStream(response).write(formatEvent('status', renderBody('queued')));
    });
    const { renders } = createDarkroom({ url: server.url });
    for await (const _ of renders.events(RENDER_ID)) break;
    await until(() => closed);
  });

  test('an abort ends the call at once', async () => {
    const server = await startScriptedServer((response) =>
      startStream(response).write(formatEvent('status', renderBody('queued'))),
    );
    const { renders } = createDarkroom({ url: server.url });
    const controller = new AbortController();
    const failed = renders
      .onProgress(RENDER_ID, () => controller.abort('enough'), { signal: controller.signal })
      .catch((error: unknown) => error as DarkroomError);
    expect(await failed).toMatchObject({ code: 'aborted', cause: 'enough' });
  });
});

describe('reading a stream', () => {
  const splitBytes = async function* (text: string, size: number) {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
  };
  const collect = async <T>(items: AsyncIterable<T>) => {
    const all: T[] = [];
    for await (const item of items) all.push(item);
    return all;
  };

  test.each([1, 2, 3, 7, 1000])(
    'lines are complete when they arrive in chunks of %i bytes, with any line end',
    async (size) => {
      const text = 'ä\r\n\r\nb€🏔\n\nc\rd\r\n';
      expect(await collect(readLines(splitBytes(text, size)))).toEqual(['ä', '', 'b€🏔', '', 'c', 'd']);
    },
  );

  test('an incomplete last line is dropped, unless `last` is set', async () => {
    expect(await collect(readLines(splitBytes('a\nhal', 2)))).toEqual(['a']);
    expect(await collect(readLines(splitBytes('a\nwhole', 2), { last: true }))).toEqual(['a', 'whole']);
  });

  test('events are parsed as the standard defines it', async () => {
    const text =
      'data: one\ndata:two\nid: 7\n\nevent: x\n\nevent:y\ndata\n\n:beat\n\nevent: z\ndata: cut off\n';
    expect(await collect(parseServerSentEvents(readLines(splitBytes(text, 5))))).toEqual([
      { event: 'message', data: 'one\ntwo' },
      { event: 'y', data: '' },
    ]);
  });
});
