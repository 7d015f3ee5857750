import { inspect } from 'node:util';
import { requires, startHttpProxy } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { createDarkroom, DarkroomError } from '../src/index.ts';
import { type House, openHouse } from './support/running-darkroom.ts';
import { json, playServer } from './support/scripted-server.ts';

requires('redis').describe('asking for one render', () => {
  let house: House;
  beforeAll(async () => {
    house = await openHouse();
  });

  test('what was accepted can be looked at', async () => {
    const { renders } = house.client();
    const accepted = await renders.create({ prompt: 'A lighthouse at dusk', size: '16:9' });
    expect(accepted).toMatchObject({ object: 'render', status: 'queued', duplicate: false });
    const render = await renders.get(accepted.id);
    expect(render.request).toMatchObject({ prompt: 'A lighthouse at dusk', size: '16:9' });
  });

  test('an answer that is lost makes no second render, and is no duplicate to the caller', async () => {
    const proxy = await startHttpProxy(house.url);
    const before = await house.jobCount();
    const lost = proxy.fail({ method: 'POST', times: 2 }, 'lose-answer');
    const accepted = await house.client({ url: proxy.url }).renders.create({ prompt: 'once' });
    expect(lost.hits).toBe(2);
    expect(accepted.duplicate).toBe(false);
    expect(await house.jobCount()).toBe(before + 1);
  });

  test("a key of the caller's names the same render for ever", async () => {
    const { renders } = house.client();
    const first = await renders.create({ prompt: 'a mug' }, { idempotencyKey: 'sku-1' });
    const again = await renders.create({ prompt: 'a mug', idempotency_key: 'sku-1' });
    expect(again).toMatchObject({ id: first.id, duplicate: true });
    await expect(renders.create({ prompt: 'a cup' }, { idempotencyKey: 'sku-1' })).rejects.toMatchObject({
      code: 'idempotency_conflict',
      status: 409,
      renderId: first.id,
    });
  });

  test('all problems of a request are told at once, and it is not sent again', async () => {
    const proxy = await startHttpProxy(house.url);
    const wrong = { prompt: '', size: '7:7', n: 3 } as never;
    const error = await house
      .client({ url: proxy.url })
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

  test('a wrong key is told as such, and no error holds the right one', async () => {
    const { renders } = house.client({ apiKey: 'wrong-key' });
    const error = await renders.create({ prompt: 'a mug' }).catch((error: unknown) => error as DarkroomError);
    expect(error).toMatchObject({ code: 'unauthorized', status: 401 });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('wrong-key');
  });

  test('a request that JSON cannot hold is refused before it is sent', async () => {
    const { renders } = house.client();
    const endless: Record<string, unknown> = { prompt: 'x' };
    endless['metadata'] = endless;
    await expect(renders.create(endless as never)).rejects.toMatchObject({ code: 'unserializable' });
    await expect(renders.create(undefined as never)).rejects.toMatchObject({ code: 'unserializable' });
  });
});

test('a key that no header can carry is a mistake at once, and no outage that is tried again', async () => {
  const server = await playServer(json(202, {}));
  const { renders } = createDarkroom({ url: server.url });
  for (const idempotencyKey of ['ключ', 'schlüssel', 'with blank', 'line\n', '', 'x'.repeat(256)])
    await expect(renders.create({ prompt: 'a mug' }, { idempotencyKey })).rejects.toThrow(
      /^idempotencyKey: expected 1 to 255/,
    );
  expect(server.asked).toEqual([]);
});
