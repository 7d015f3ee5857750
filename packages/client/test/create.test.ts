import { inspect } from 'node:util';
import { requires, startHttpProxy } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { createDarkroom, DarkroomError } from '../src/index.ts';
import { type RunningDarkroom, startDarkroom } from './support/running-darkroom.ts';
import { jsonResponse, startScriptedServer } from './support/scripted-server.ts';

requires('redis').describe('creating one render', () => {
  let darkroom: RunningDarkroom;
  beforeAll(async () => {
    darkroom = await startDarkroom();
  });

  test('the client reads an accepted render', async () => {
    const { renders } = darkroom.createClient();
    const accepted = await renders.create({ prompt: 'A lighthouse at dusk', size: '16:9' });
    expect(accepted).toMatchObject({ object: 'render', status: 'queued', duplicate: false });
    const render = await renders.get(accepted.id);
    expect(render.request).toMatchObject({ prompt: 'A lighthouse at dusk', size: '16:9' });
  });

  test('a lost response creates no second render, and the caller sees no duplicate', async () => {
    const proxy = await startHttpProxy(darkroom.url);
    const before = await darkroom.countJobs();
    const lost = proxy.fail({ method: 'POST', times: 2 }, 'lose-answer');
    const accepted = await darkroom.createClient({ url: proxy.url }).renders.create({ prompt: 'once' });
    expect(lost.hits).toBe(2);
    expect(accepted.duplicate).toBe(false);
    expect(await darkroom.countJobs()).toBe(before + 1);
  });

  test.each(['SKU 0017', 'größe-42', '"quoted"', '100%', 'ключ', ' '])(
    'the key "%s" is sent in a header that the API reads',
    async (idempotencyKey) => {
      const { renders } = darkroom.createClient();
      const first = await renders.create({ prompt: 'a mug' }, { idempotencyKey });
      const again = await renders.create({ prompt: 'a mug', idempotency_key: idempotencyKey });
      expect(again).toMatchObject({ id: first.id, duplicate: true });
    },
  );

  test('the same key returns the same render, and rejects another request', async () => {
    const { renders } = darkroom.createClient();
    const first = await renders.create({ prompt: 'a mug' }, { idempotencyKey: 'sku-1' });
    const again = await renders.create({ prompt: 'a mug', idempotency_key: 'sku-1' });
    expect(again).toMatchObject({ id: first.id, duplicate: true });
    await expect(renders.create({ prompt: 'a cup' }, { idempotencyKey: 'sku-1' })).rejects.toMatchObject({
      code: 'idempotency_conflict',
      status: 409,
      renderId: first.id,
    });
  });

  test('the error contains all problems of a request, and the client does not retry', async () => {
    const proxy = await startHttpProxy(darkroom.url);
    const wrong = { prompt: '', size: '7:7', n: 3 } as never;
    const error = await darkroom
      .createClient({ url: proxy.url })
      .renders.create(wrong)
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(DarkroomError);
    expect(error).toMatchObject({ code: 'invalid_request', status: 422, transient: false });
    const { problems, requestId, message } = error as DarkroomError;
    expect(problems.map(({ field }) => field).sort()).toEqual(['n', 'prompt', 'size']);
    expect(requestId).toMatch(/^req_/);
    expect(message).toContain('size: expected');
    expect(proxy.requests).toHaveLength(1);
  });

  test('a wrong API key is an error that does not contain the key', async () => {
    const { renders } = darkroom.createClient({ apiKey: 'wrong-key' });
    const error = await renders.create({ prompt: 'a mug' }).catch((error: unknown) => error as DarkroomError);
    expect(error).toMatchObject({ code: 'unauthorized', status: 401 });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('wrong-key');
  });

  test('a request that JSON cannot represent is rejected before it is sent', async () => {
    const { renders } = darkroom.createClient();
    const endless: Record<string, unknown> = { prompt: 'x' };
    endless['metadata'] = endless;
    await expect(renders.create(endless as never)).rejects.toMatchObject({ code: 'unserializable' });
    await expect(renders.create(undefined as never)).rejects.toMatchObject({ code: 'unserializable' });
  });
});

test('a key that the API does not accept is a TypeError, and the client sends nothing', async () => {
  const server = await startScriptedServer(jsonResponse(202, {}));
  const { renders } = createDarkroom({ url: server.url });
  for (const idempotencyKey of ['tab\t', 'line\n', '', 'x'.repeat(256), 'ü'.repeat(128), 'half \ud83d'])
    await expect(renders.create({ prompt: 'a mug' }, { idempotencyKey })).rejects.toThrow(
      /^idempotencyKey: expected text of 1 to 255 bytes/,
    );
  expect(server.received).toEqual([]);
});
