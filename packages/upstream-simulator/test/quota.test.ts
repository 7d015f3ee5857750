import { expect, test } from 'vitest';
import { openSimulator } from './support.ts';

const quota = { submitPerSecond: 5, submitBurst: 10, queryPerSecond: 50, queryBurst: 20 };

test('the burst passes, the next submission is 429 with Retry-After and the documented headers', async () => {
  const sim = await openSimulator({ quota });
  for (let left = 9; left >= 0; left--) {
    const response = await sim.submit();
    expect(response.status).toBe(200);
    expect(response.headers.get('x-ratelimit-remaining')).toBe(String(left));
  }
  const refused = await sim.submit();
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
  expect(Object.fromEntries(refused.headers)).toMatchObject({
    'retry-after': '1',
    'x-ratelimit-limit': '300',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(sim.clock.now() / 1000 + 2),
    'x-ratelimit-category': 'async_submit',
  });
  expect(sim.book.totals().tasks).toBe(10);
});

test('tokens return at the rate of the quota, and refused requests take none', async () => {
  const sim = await openSimulator({ quota });
  for (let i = 0; i < 10; i++) await sim.submit();
  for (let i = 0; i < 30; i++) expect((await sim.submit()).status).toBe(429);
  sim.clock.advance(200);
  expect((await sim.submit()).status).toBe(200);
  expect((await sim.submit()).status).toBe(429);
  sim.clock.advance(60_000);
  const after = await Promise.all(Array.from({ length: 12 }, () => sim.submit()));
  expect(after.filter(({ status }) => status === 200)).toHaveLength(10);
});

test('submissions and queries have separate quotas', async () => {
  const sim = await openSimulator({ quota });
  for (let i = 0; i < 11; i++) await sim.submit();
  const response = await sim.query('task_img_x');
  expect(response.status).toBe(404);
  expect(response.headers.get('x-ratelimit-category')).toBe('async_query');
  expect(response.headers.get('x-ratelimit-limit')).toBe('3000');
});

test('all keys share one quota, and a wrong key takes nothing from it', async () => {
  const sim = await openSimulator({ quota, apiKeys: ['a', 'b'] });
  for (let i = 0; i < 20; i++) await sim.submit({}, { authorization: 'Bearer wrong' });
  for (let i = 0; i < 10; i++) {
    const key = i % 2 === 0 ? 'a' : 'b';
    expect((await sim.submit({}, { authorization: `Bearer ${key}` })).status).toBe(200);
  }
  expect((await sim.submit({}, { authorization: 'Bearer b' })).status).toBe(429);
});

test('invalid submissions count against the quota, a fault that answers 429 does not', async () => {
  const sim = await openSimulator({ quota });
  for (let i = 0; i < 5; i++) expect((await sim.submit({ n: 2 })).status).toBe(400);
  sim.faults.add({ kind: 'rate_limited', times: 3, retryAfterSeconds: 7 });
  for (let i = 0; i < 3; i++) {
    const response = await sim.submit();
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
  }
  for (let i = 0; i < 5; i++) expect((await sim.submit()).status).toBe(200);
  expect((await sim.submit()).status).toBe(429);
  const { submit } = sim.requests.counts().categories;
  expect(submit).toMatchObject({ received: 14, quotaRefused: 1, answered: { 200: 5, 400: 5, 429: 4 } });
});

test('the request log has the largest number of submissions within any second', async () => {
  const sim = await openSimulator({ quota });
  for (let i = 0; i < 4; i++) await sim.submit();
  sim.clock.advance(600);
  for (let i = 0; i < 3; i++) await sim.submit();
  sim.clock.advance(600);
  for (let i = 0; i < 2; i++) await sim.submit();
  expect(sim.requests.counts().submissions).toEqual({ maxPerSecond: 7, maxAdmittedPerSecond: 7 });
});
