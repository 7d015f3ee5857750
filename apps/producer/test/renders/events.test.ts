import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { progressEventSchema, renderSchema } from '@darkroom/api';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { type RenderSnapshot, renderResponse, snapshotFromJob } from '@darkroom/shared/snapshot';
import { requires, service, startProxy, uniquePrefix, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { formatEventStream } from '../../src/render-watch/index.ts';
import { createCheckpoint, image, openWatchedHarness, startFakeWorker } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

interface SentEvent {
  id: string;
  event: string;
  data: Record<string, unknown>;
}

/** A reader of server-sent events, as the specification cuts them. */
async function follow(harness: Harness, id: string, headers: Record<string, string> = {}) {
  const caller = new AbortController();
  const response = await fetch(`${harness.url}/v1/renders/${id}/events`, { headers, signal: caller.signal });
  const events: SentEvent[] = [];
  const blocks: string[] = [];
  const read = async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true });
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end);
        blocks.push(block);
        text = text.slice(end + 2);
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        if (field('event')) {
          const data = JSON.parse(field('data')) as Record<string, unknown>;
          events.push({ id: field('id'), event: field('event'), data });
        }
      }
    }
    expect(text).toBe('');
  };
  const ended = read();
  ended.catch(() => undefined);
  const names = () => events.map(({ event, data }) => [event, data['status'] ?? 'image', data['progress']]);
  return { response, events, blocks, names, ended, leave: () => caller.abort() };
}

describe.each(['redis', 'embedded'] as const)('GET /v1/renders/{id}/events on %s', (engine) => {
  const suite = engine === 'redis' ? requires('redis').test : test;

  suite('the stream contains the changes of a render and ends with the render', async () => {
    const { harness, heard, followed, quiet } = await openWatchedHarness(
      engine === 'embedded' ? { queueUrl: engine } : {},
    );
    const render = await startFakeWorker(harness).ask();
    const reader = await follow(harness, render.id);
    expect(Object.fromEntries(reader.response.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    await until(() => followed(render.id) === 1);
    await heard();
    const seen = (count: number) => until(() => reader.events.length >= count);
    await seen(1);
    await render.poll();
    await seen(2);
    await render.progress(55);
    await seen(3);
    await render.complete();
    await reader.ended;
    // A read may fall between the last checkpoint and the end.
    expect(reader.names().filter(([, status]) => status !== 'storing')).toEqual([
      ['status', 'queued', 0],
      ['status', 'rendering', 10],
      ['progress', 'rendering', 55],
      ['status', 'completed', 100],
      ['image', 'image', undefined],
      ['end', 'completed', 100],
    ]);
    for (const { event, data } of reader.events) {
      if (event === 'progress') progressEventSchema.parse(data);
      else if (event === 'image') expect(data).toMatchObject({ sha256: image.sha256 });
      else renderSchema.parse(data);
    }
    expect(new Set(reader.events.map(({ id }) => id)).size).toBe(reader.events.length);
    expect(reader.blocks[0]).toBe('retry: 2000');
    await until(quiet);
  });
});

requires('redis').describe('GET /v1/renders/{id}/events', () => {
  test('a reader that connects after the end gets the end at once, every time', async () => {
    const { harness } = await openWatchedHarness();
    const worker = startFakeWorker(harness);
    const [good, bad] = [await worker.ask(), await worker.ask()];
    const [first, second] = [await follow(harness, good.id), await follow(harness, bad.id)];
    await Promise.all([good.complete(), bad.fail()]);
    await Promise.all([first.ended, second.ended]);
    for (const headers of [{}, { 'last-event-id': first.events.at(-1)?.id ?? '' }]) {
      const again = await follow(harness, good.id, headers);
      await again.ended;
      expect(again.names().map(([name]) => name)).toEqual(['status', 'image', 'end']);
    }
    const again = await follow(harness, bad.id);
    await again.ended;
    expect(again.names().map(([name, status]) => [name, status])).toEqual([
      ['status', 'failed'],
      ['end', 'failed'],
    ]);
  });

  test('a reader that reconnects gets the present state and the following events', async () => {
    const { harness, followed, quiet } = await openWatchedHarness();
    const render = await startFakeWorker(harness).ask();
    const before = await follow(harness, render.id);
    await until(() => before.events.length === 1);
    before.leave();
    await until(quiet);
    await render.poll();
    await render.progress(42);
    const after = await follow(harness, render.id, { 'last-event-id': before.events[0]?.id ?? '' });
    await until(() => followed(render.id) === 1);
    await render.complete();
    await after.ended;
    expect(after.names()[0]).toEqual(['status', 'rendering', 42]);
    expect(after.names().at(-1)).toEqual(['end', 'completed', 100]);
  });

  test('the stream sends a heartbeat every 15 s', async () => {
    // A clock on which a second is 10 ms.
    const start = systemClock.now();
    const clock: Clock = {
      ...systemClock,
      now: () => start + (systemClock.now() - start) * 100,
      sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
    };
    const { harness } = await openWatchedHarness({ clock });
    const { id } = await startFakeWorker(harness).ask();
    const reader = await follow(harness, id);
    await until(() => reader.blocks.filter((block) => block.startsWith(':')).length >= 3);
    expect(reader.events).toHaveLength(1);
    reader.leave();
  });

  test('a HEAD request gets the same headers and no body', async () => {
    const { harness, quiet } = await openWatchedHarness();
    const { id } = await startFakeWorker(harness).ask();
    const response = await fetch(`${harness.url}/v1/renders/${id}/events`, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/event-stream',
      '',
    ]);
    expect(quiet()).toBe(true);
  });

  test('an error before the stream starts is a problem, not an event', async () => {
    const harness = await openHarness();
    const nowhere = '/v1/renders/rnd_0123456789abcdef0123456789abcdef/events';
    expect(await readProblem(await harness.get(nowhere))).toMatchObject({
      status: 404,
      code: 'render_not_found',
    });
    expect(await readProblem(await harness.get(`${nowhere}?wait=3`))).toMatchObject({
      status: 422,
      problems: [{ field: 'wait', expected: 'no parameters' }],
    });
  });

  test('a reader that disconnects leaves nothing behind', async () => {
    const { harness, followed, quiet } = await openWatchedHarness();
    const { id } = await startFakeWorker(harness).ask();
    const polite = await follow(harness, id);
    const { hostname, port } = new URL(harness.url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /v1/renders/${id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await once(socket, 'data');
    await until(() => followed(id) === 2);
    polite.leave();
    socket.resetAndDestroy();
    await until(quiet);
    expect(harness.logs()).not.toContain('"level":50');
  });

  test('a producer that closes ends all streams at once', async () => {
    const { harness } = await openWatchedHarness();
    const { id } = await startFakeWorker(harness).ask();
    const reader = await follow(harness, id);
    await until(() => reader.events.length === 1);
    const started = performance.now();
    await harness.producer.close();
    await reader.ended;
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(reader.names().map(([name]) => name)).toEqual(['status']);
  });

  test('the stream continues after a short outage of the queue', async () => {
    const proxy = await startProxy(service('redis').url);
    const prefix = uniquePrefix();
    const behind = await openHarness({ prefix });
    const render = await startFakeWorker(behind).ask();
    const { harness, followed } = await openWatchedHarness({ queueUrl: proxy.url, prefix });
    const reader = await follow(harness, render.id);
    await until(() => followed(render.id) === 1);
    await proxy.refuse();
    await render.poll();
    await render.complete();
    await proxy.resume();
    await reader.ended;
    expect(reader.names().at(-1)).toEqual(['end', 'completed', 100]);
  }, 60_000);
});

test('nothing accumulates for a slow reader', async () => {
  let reads = 0;
  const snapshot = snapshotFromJob({ progress: 0 }, createCheckpoint());
  async function* snapshots(): AsyncGenerator<RenderSnapshot, void, void> {
    for (; reads < 100_000; reads++) yield { ...snapshot, status: reads % 2 ? 'queued' : 'rendering' };
  }
  const source = snapshots();
  const toResponse = async (one: RenderSnapshot) => renderResponse(one, 'http://x.test', undefined);
  const stream = Readable.from(formatEventStream(await source.next(), source, toResponse, systemClock), {
    objectMode: false,
    highWaterMark: 1_000,
  });
  const reader = stream[Symbol.asyncIterator]();
  for (let taken = 0; taken < 5; taken++) await reader.next();
  const turns = async () => {
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await turns();
  const before = reads;
  await turns();
  expect(reads).toBe(before);
  expect(reads).toBeLessThan(20);
  stream.destroy();
  await once(stream, 'close');
  // The source of the stream is closed too.
  expect(await source.next()).toEqual({ done: true, value: undefined });
});
