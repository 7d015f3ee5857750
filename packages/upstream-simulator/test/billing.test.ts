import { expect, test } from 'vitest';
import { LONGER_THAN_ANY_TASK_MS, openSimulator, type TestSimulator } from './support.ts';

async function readBalance(sim: TestSimulator, path = '/v1/balance', key = sim.apiKey): Promise<unknown> {
  const response = await fetch(sim.url + path, { headers: { authorization: `Bearer ${key}` } });
  expect(response.status).toBe(200);
  return response.json();
}

test('each purchase lowers the balance, a submission at zero is 402, and a top-up allows purchases again', async () => {
  const sim = await openSimulator({ balance: 0.05 });
  expect((await sim.submit()).status).toBe(200);
  expect((await sim.submit()).status).toBe(200);
  const refused = await sim.submit();
  expect(refused.status).toBe(402);
  expect(await refused.json()).toMatchObject({ error: { code: 'insufficient_quota' } });
  for (const path of ['/v1/balance', '/v1/user/balance']) {
    expect(await readBalance(sim, path)).toEqual({
      success: true,
      remain_balance: 0,
      used_balance: 0.05,
      unlimited_quota: false,
    });
  }
  await sim.control('PUT', '/balance', { balance: 0.03 });
  expect((await sim.submit()).status).toBe(200);
  expect(await readBalance(sim)).toMatchObject({ remain_balance: 0.005, used_balance: 0.075 });
});

test('a refund is added to the balance', async () => {
  const sim = await openSimulator({ balance: 0.025, faults: [{ kind: 'fail_task' }] });
  await sim.buy();
  expect((await sim.submit()).status).toBe(402);
  sim.clock.advance(LONGER_THAN_ANY_TASK_MS);
  expect((await sim.submit()).status).toBe(200);
});

test('an unlimited balance is -1, and a wrong key gets an error with HTTP 200', async () => {
  const sim = await openSimulator();
  expect(await readBalance(sim)).toMatchObject({ remain_balance: -1, unlimited_quota: true });
  expect(await readBalance(sim, '/v1/balance', 'wrong')).toEqual({
    success: false,
    message: expect.any(String),
  });
});

test('a thousand charges add up without rounding errors', async () => {
  const sim = await openSimulator({ instant: true, prices: { '1K': 0.1, '2K': 0.2, '4K': 0.3 } });
  for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 100 }, () => sim.submit()));
  expect(sim.book.totals()).toEqual({ tasks: 1000, charged: 100_000_000, refunded: 0, net: 100_000_000 });
  expect(await readBalance(sim)).toMatchObject({ used_balance: 100 });
});

test('the purchase log and the request counts are readable over HTTP', async () => {
  const sim = await openSimulator();
  const id = await sim.buy({ client_business_id: 'a', prompt: 'An owl' });
  await sim.buy({ client_business_id: 'b' });
  await sim.submit({ n: '1' });
  const book = await (await sim.control('GET', '/book')).json();
  expect(book).toEqual(JSON.parse(JSON.stringify(sim.book)));
  const one = await (await sim.control('GET', '/book?client_business_id=a')).json();
  expect(one.entries).toEqual([
    {
      taskId: id,
      clientBusinessId: 'a',
      charged: 25_000,
      refunded: 0,
      status: 'queued',
      createdAt: sim.clock.now(),
      prompt: 'An owl',
      model: 'gemini-3-pro-image-preview',
      acknowledged: true,
    },
  ]);
  const counts = await (await sim.control('GET', '/requests')).json();
  expect(counts.categories.submit).toEqual({ received: 3, answered: { 200: 2, 400: 1 }, quotaRefused: 0 });
});

test('faults are set, added and removed over HTTP, and invalid rules get an error', async () => {
  const sim = await openSimulator();
  await sim.control('PUT', '/faults', [{ kind: 'refuse_content', rate: 1 }]);
  expect((await sim.submit()).status).toBe(422);
  await sim.control('POST', '/faults', { kind: 'query_500' });
  expect(sim.faults.list()).toMatchObject([
    { rule: { kind: 'refuse_content' }, fired: 1, left: null },
    { rule: { kind: 'query_500' }, fired: 0, left: 1 },
  ]);
  await sim.control('DELETE', '/faults');
  expect((await sim.submit()).status).toBe(200);
  const wrong = [
    { kind: 'no' },
    { kind: 'slow', ms: 'x' },
    { kind: 'slow', rate: 2 },
    { kind: 'slow', foo: 1 },
    { kind: 'accept_then_html', status: 302 },
    { kind: 'query_html', status: 404.5 },
    { kind: 'html', status: '404' },
    1,
  ];
  for (const rule of wrong) {
    const response = await sim.control('POST', '/faults', rule);
    expect(response.status).toBe(400);
    expect((await response.json()).error).toBeTypeOf('string');
  }
});

test('tasks are ended and expired on demand, also over HTTP', async () => {
  const sim = await openSimulator({ faults: [{ kind: 'stuck', times: 2 }] });
  const [one, two] = [await sim.buy(), await sim.buy()];
  expect(await (await sim.control('POST', `/tasks/${one}/complete`)).json()).toEqual({ done: true });
  expect(await (await sim.control('POST', `/tasks/${two}/fail`)).json()).toEqual({ done: true });
  expect(await (await sim.control('POST', `/tasks/${two}/complete`)).json()).toEqual({ done: false });
  const { url } = (await sim.readStatus(one)) as { url: string };
  expect((await fetch(url)).status).toBe(200);
  expect(await sim.tasks.expire(one)).toBe(true);
  expect((await fetch(url)).status).toBe(403);
  expect(sim.book.totals()).toMatchObject({ charged: 50_000, refunded: 25_000 });
});
