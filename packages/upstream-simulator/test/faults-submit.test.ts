import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../src/index.ts';
import { LONG_MS, simulator, until } from './support.ts';

describe('a submission fault that buys nothing', () => {
  test.each([
    ['refuse_content', 422, 'content_policy_violation'],
    ['invalid_request', 400, 'invalid_request'],
    ['unauthorized', 401, 'unauthorized'],
    ['insufficient_quota', 402, 'insufficient_quota'],
    ['rate_limited', 429, 'rate_limit_exceeded'],
    ['rate_limit_unavailable', 503, 'rate_limit_unavailable'],
    ['no_channel', 503, 'no_available_channel'],
    ['internal_error', 500, 'internal_error'],
  ] as const)('%s answers %i %s once, then all is well', async (kind, status, code) => {
    const sim = await simulator({ faults: [{ kind }] });
    const response = await sim.submit();
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
    if (status === 429 || status === 503) expect(response.headers.get('retry-after')).toBe('1');
    expect(sim.book.totals()).toEqual({ tasks: 0, charged: 0, refunded: 0, net: 0 });
    expect((await sim.submit()).status).toBe(200);
    expect(sim.faults.fired()).toEqual({ [kind]: 1 });
  });

  test.each([
    ['html_502', 502],
    ['html_504', 504],
  ] as const)('%s answers a gateway page', async (kind, status) => {
    const sim = await simulator({ faults: [{ kind }] });
    const response = await sim.submit();
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(sim.book.totals().tasks).toBe(0);
  });

  test.each([
    ['message', { message: 'oops' }],
    ['success_false', { success: false, message: 'oops' }],
  ])('internal_error can be worded as %s', async (form, body) => {
    const sim = await simulator({ faults: [{ kind: 'internal_error', form, message: 'oops' }] });
    expect(await (await sim.submit()).json()).toEqual(body);
  });

  test('cut_before destroys the connection without a task', async () => {
    const sim = await simulator({ faults: [{ kind: 'cut_before' }] });
    await expect(sim.submit()).rejects.toThrow();
    expect(sim.book.totals().tasks).toBe(0);
    expect(sim.requests.counts().categories.submit).toMatchObject({
      received: 1,
      answered: { unanswered: 1 },
    });
  });

  test('hang answers nothing, and closing the server ends it', async () => {
    const sim = await simulator({ faults: [{ kind: 'hang' }] });
    const hung = sim.submit().then(
      () => 'answered',
      () => 'cut',
    );
    await sim.requests.until(({ categories }) => categories.submit.answered['unanswered'] === 1);
    await sim.close();
    expect(await hung).toBe('cut');
    expect(sim.book.totals().tasks).toBe(0);
  });

  test('slow answers only after its time, scaled', async () => {
    const sim = await simulator({ timeScale: 0.5, faults: [{ kind: 'slow', ms: 4_000 }] });
    let answered = false;
    const slow = sim.submit().then((response) => {
      answered = true;
      return response.status;
    });
    await until(() => sim.clock.pending === 1);
    sim.clock.advance(1_999);
    expect(answered).toBe(false);
    sim.clock.advance(1);
    expect(await slow).toBe(200);
  });
});

describe('a submission fault that buys', () => {
  test('accept_then_cut charges a task whose buyer hears nothing', async () => {
    const sim = await simulator({ faults: [{ kind: 'accept_then_cut' }] });
    await expect(sim.submit({ client_business_id: 'r1' })).rejects.toThrow();
    const [entry] = sim.book.byBusinessId('r1');
    expect(entry).toMatchObject({ charged: 25_000, acknowledged: false, status: 'queued' });
    sim.clock.advance(LONG_MS);
    expect(sim.book.byBusinessId('r1')[0]?.status).toBe('completed');
  });

  test('accept_then_hang charges and never answers', async () => {
    const sim = await simulator({ faults: [{ kind: 'accept_then_hang' }] });
    const hung = sim.submit().catch(() => 'cut');
    await sim.requests.until(({ categories }) => categories.submit.answered['unanswered'] === 1);
    expect(sim.book.totals().charged).toBe(25_000);
    await sim.close();
    expect(await hung).toBe('cut');
  });

  test('accept_then_504 charges and answers a gateway page', async () => {
    const sim = await simulator({ faults: [{ kind: 'accept_then_504' }] });
    expect((await sim.submit()).status).toBe(504);
    expect(sim.book.totals().tasks).toBe(1);
  });

  test('accept_garbage charges and answers no JSON, or JSON without an id', async () => {
    const sim = await simulator({
      faults: [{ kind: 'accept_garbage' }, { kind: 'accept_garbage', form: 'no_id' }],
    });
    const broken = await sim.submit();
    expect(broken.status).toBe(200);
    await expect(broken.json()).rejects.toThrow();
    expect(await (await sim.submit()).json()).not.toHaveProperty('id');
    expect(sim.book.totals().tasks).toBe(2);
  });
});

describe('rules', () => {
  const refused = async (rule: FaultRule, bodies: Record<string, unknown>[]): Promise<boolean[]> => {
    const sim = await simulator({ faults: [rule] });
    const answers: boolean[] = [];
    for (const body of bodies) answers.push((await sim.submit(body)).status === 422);
    return answers;
  };

  test('without a rate strike the next matches, after those they skip', async () => {
    const rule: FaultRule = { kind: 'refuse_content', times: 2, skip: 1 };
    expect(await refused(rule, [{}, {}, {}, {}])).toEqual([false, true, true, false]);
  });

  test('match by a part of the prompt or by client_business_id', async () => {
    const bodies = [{ prompt: 'a cat' }, { prompt: 'a dog', client_business_id: 'b' }];
    expect(await refused({ kind: 'refuse_content', promptIncludes: 'dog' }, bodies)).toEqual([false, true]);
    expect(await refused({ kind: 'refuse_content', clientBusinessId: 'b' }, bodies)).toEqual([false, true]);
  });

  test('with a rate strike about that share, the same ones for the same seed', async () => {
    const bodies = Array(200).fill({});
    const rule: FaultRule = { kind: 'refuse_content', rate: 0.25 };
    const [one, two] = [await refused(rule, bodies), await refused(rule, bodies)];
    expect(one).toEqual(two);
    const share = one.filter(Boolean).length / one.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.35);
  });

  test('with a rate of 1 strike always', async () => {
    expect(await refused({ kind: 'refuse_content', rate: 1 }, [{}, {}, {}])).toEqual([true, true, true]);
  });

  test('for a route strike that route only', async () => {
    const sim = await simulator({ faults: [{ kind: 'html_502', route: 'query', rate: 1 }] });
    const id = await sim.buy();
    expect((await sim.query(id)).status).toBe(502);
  });
});

describe('a directive in the prompt', () => {
  test('strikes that request every time, and no other', async () => {
    const sim = await simulator();
    const directed = { prompt: 'A fox [[sim:refuse_content message=nope]]' };
    const response = await sim.submit(directed);
    expect([response.status, await response.json()]).toMatchObject([422, { error: { message: 'nope' } }]);
    expect((await sim.submit(directed)).status).toBe(422);
    expect((await sim.submit({ prompt: 'A fox' })).status).toBe(200);
  });

  test('with times strikes that often, counted by client_business_id', async () => {
    const sim = await simulator();
    const prompt = 'A fox [[sim:html_502 times=2]]';
    const statuses: number[] = [];
    for (const client_business_id of ['a', 'a', 'a', 'b']) {
      statuses.push((await sim.submit({ prompt, client_business_id })).status);
    }
    expect(statuses).toEqual([502, 502, 200, 502]);
  });

  test('for queries and downloads strikes once per task, so that the task ends well', async () => {
    const sim = await simulator();
    const id = await sim.buy({ prompt: '[[sim:query_500]] [[sim:download_500]]' });
    sim.clock.advance(LONG_MS);
    expect((await sim.query(id)).status).toBe(500);
    const { url } = (await sim.look(id)) as { url: string };
    expect((await fetch(url)).status).toBe(500);
    expect((await fetch(url)).status).toBe(200);
  });
});
