import { describe, expect, test } from 'vitest';
import { LONGER_THAN_ANY_TASK_MS, openSimulator, TEN_SECONDS } from './support.ts';

describe('a task fault', () => {
  test.each([
    ['fail_task', 'call upstream API failed: upstream returned status 500'],
    ['fail_task_content', 'call upstream API failed: upstream returned status 422'],
  ] as const)('%s ends the task as failed, refunded and without a result', async (kind, message) => {
    const sim = await openSimulator({ faults: [{ kind }] });
    const id = await sim.buy();
    expect(sim.book.totals()).toMatchObject({ charged: 25_000, refunded: 0 });
    sim.clock.advance(LONGER_THAN_ANY_TASK_MS);
    const response = await sim.query(id);
    expect(response.status).toBe(200);
    const answer = await response.json();
    expect(answer).toMatchObject({
      status: 'failed',
      progress: 0,
      error: { code: 'generation_failed', message },
    });
    expect(answer).not.toHaveProperty('result');
    expect(sim.book.totals()).toEqual({ tasks: 1, charged: 25_000, refunded: 25_000, net: 0 });
  });

  test('a task with stuck never ends', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'stuck' }] });
    const id = await sim.buy();
    sim.clock.advance(30 * 24 * 3_600_000);
    expect(await sim.readStatus(id)).toMatchObject({ status: 'in_progress', progress: 95 });
  });

  test('unknown_status reports an undocumented status until forMs is over', async () => {
    const sim = await openSimulator({
      latency: TEN_SECONDS,
      faults: [{ kind: 'unknown_status', forMs: 3_000 }],
    });
    const id = await sim.buy();
    expect(await sim.readStatus(id)).toMatchObject({ status: 'reviewing' });
    sim.clock.advance(3_000);
    expect(await sim.readStatus(id)).toMatchObject({ status: 'in_progress' });
    sim.clock.advance(LONGER_THAN_ANY_TASK_MS);
    expect(await sim.readStatus(id)).toMatchObject({ status: 'completed' });
  });

  test.each(['pending', 'submitted'])('first_status reports %s instead of queued', async (status) => {
    const sim = await openSimulator({ faults: [{ kind: 'first_status', status }] });
    const answer = (await (await sim.submit()).json()) as { id: string };
    expect(answer).toMatchObject({ status });
    expect(await sim.readStatus(answer.id)).toMatchObject({ status });
  });
});

describe('a query fault', () => {
  test.each([
    ['query_500', 500, /internal_error/],
    ['query_html', 502, /<html>/],
    ['query_bad_json', 200, /^\{"id":/],
    ['query_429', 429, /rate_limit_exceeded/],
    ['query_404', 404, /task_not_found/],
  ] as const)('%s answers %i once, then the true status', async (kind, status, text) => {
    const sim = await openSimulator({ faults: [{ kind }] });
    const id = await sim.buy();
    const response = await sim.query(id);
    expect(response.status).toBe(status);
    const body = await response.text();
    expect(body).toMatch(text);
    if (kind === 'query_bad_json') expect(() => JSON.parse(body)).toThrow();
    if (kind === 'query_429') expect(response.headers.get('retry-after')).toBe('1');
    expect(await sim.readStatus(id)).toMatchObject({ id, status: 'queued' });
  });

  test.each([
    ['numeric', { error: { code: 404, message: 'Task not found', type: 'not_found_error' } }],
    ['message', { message: 'task_not_exist' }],
    ['success_false', { success: false, message: 'Task not found' }],
  ])('query_404 has the form %s', async (form, body) => {
    const sim = await openSimulator({ faults: [{ kind: 'query_404', form }] });
    const id = await sim.buy();
    expect(await sim.readStatus(id)).toEqual(body);
  });

  test('query_404 with forMs answers 404 until forMs is over', async () => {
    const sim = await openSimulator({ timeScale: 0.5, faults: [{ kind: 'query_404', forMs: 10_000 }] });
    const id = await sim.buy();
    for (let i = 0; i < 5; i++) {
      expect((await sim.query(id)).status).toBe(404);
      sim.clock.advance(1_000);
    }
    expect((await sim.query(id)).status).toBe(200);
  });

  test.each([200, 400, 401, 403, 404, 422])(
    'query_html answers an HTML %i until forMs is over',
    async (status) => {
      const sim = await openSimulator({ faults: [{ kind: 'query_html', status, forMs: 60_000 }] });
      const id = await sim.buy();
      for (let i = 0; i < 3; i++) {
        const response = await sim.query(id);
        expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html']);
        expect(await response.text()).toContain(`<title>${status} `);
        sim.clock.advance(20_000);
      }
      expect(await sim.readStatus(id)).toMatchObject({ id });
    },
  );

  test('query_cut destroys the connection', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'query_cut' }] });
    const id = await sim.buy();
    await expect(sim.query(id)).rejects.toThrow();
    expect((await sim.query(id)).status).toBe(200);
  });

  test('query_hang never answers', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'query_hang' }] });
    const id = await sim.buy();
    const hung = sim.query(id).catch(() => 'cut');
    await sim.requests.until(({ categories }) => categories.query.answered['unanswered'] === 1);
    await sim.close();
    expect(await hung).toBe('cut');
  });

  test('other_id answers the same task under another id', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'other_id', rate: 1 }] });
    const id = await sim.buy();
    sim.clock.advance(LONGER_THAN_ANY_TASK_MS);
    const answer = (await sim.readStatus(id)) as { id: string; url: string; status: string };
    expect(answer.id).not.toBe(id);
    expect(answer.status).toBe('completed');
    expect((await fetch(answer.url)).status).toBe(200);
  });

  test('a rule with a taskId applies to that task only', async () => {
    const sim = await openSimulator();
    const [one, two] = [await sim.buy(), await sim.buy()];
    sim.faults.add({ kind: 'query_500', taskId: two, rate: 1 });
    expect((await sim.query(one)).status).toBe(200);
    expect((await sim.query(two)).status).toBe(500);
  });
});
