import { describe, expect, test } from 'vitest';
import type { FaultRule } from '../src/index.ts';
import { LONGER_THAN_ANY_TASK_MS, openSimulator, waitUntil } from './support.ts';

async function expectGatewayPage(response: Response, status: number): Promise<void> {
  expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html']);
  expect(await response.text()).toContain(`<title>${status} `);
}

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
  ] as const)('%s answers %i %s once, and the next submission is accepted', async (kind, status, code) => {
    const sim = await openSimulator({ faults: [{ kind }] });
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
  ] as const)('%s answers the HTML page of a gateway', async (kind, status) => {
    const sim = await openSimulator({ faults: [{ kind }] });
    const response = await sim.submit();
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(sim.book.totals().tasks).toBe(0);
  });

  test.each([400, 401, 402, 403, 404, 408, 409, 422, 425, 499, 500, 502, 504])(
    'html answers %i with the HTML page of a gateway and charges nothing',
    async (status) => {
      const sim = await openSimulator({ faults: [{ kind: 'html', status }] });
      await expectGatewayPage(await sim.submit(), status);
      expect(sim.book.totals().tasks).toBe(0);
      expect((await sim.submit()).status).toBe(200);
    },
  );

  test('html with a route answers that route, by default with 502', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'html', route: 'balance' }] });
    const headers = { authorization: `Bearer ${sim.apiKey}` };
    await expectGatewayPage(await fetch(`${sim.url}/v1/balance`, { headers }), 502);
    expect((await sim.submit()).status).toBe(200);
  });

  test.each([
    ['message', { message: 'oops' }],
    ['success_false', { success: false, message: 'oops' }],
  ])('internal_error has the form %s', async (form, body) => {
    const sim = await openSimulator({ faults: [{ kind: 'internal_error', form, message: 'oops' }] });
    expect(await (await sim.submit()).json()).toEqual(body);
  });

  test('cut_before destroys the connection without a task', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'cut_before' }] });
    await expect(sim.submit()).rejects.toThrow();
    expect(sim.book.totals().tasks).toBe(0);
    expect(sim.requests.counts().categories.submit).toMatchObject({
      received: 1,
      answered: { unanswered: 1 },
    });
  });

  test('hang sends no answer, and closing the server ends the request', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'hang' }] });
    const hung = sim.submit().then(
      () => 'answered',
      () => 'cut',
    );
    await sim.requests.until(({ categories }) => categories.submit.answered['unanswered'] === 1);
    await sim.close();
    expect(await hung).toBe('cut');
    expect(sim.book.totals().tasks).toBe(0);
  });

  test('slow answers only after its scaled time', async () => {
    const sim = await openSimulator({ timeScale: 0.5, faults: [{ kind: 'slow', ms: 4_000 }] });
    let answered = false;
    const slow = sim.submit().then((response) => {
      answered = true;
      return response.status;
    });
    await waitUntil(() => sim.clock.pending === 1);
    sim.clock.advance(1_999);
    expect(answered).toBe(false);
    sim.clock.advance(1);
    expect(await slow).toBe(200);
  });
});

describe('a submission fault that buys', () => {
  test('accept_then_cut charges a task and withholds its id', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'accept_then_cut' }] });
    await expect(sim.submit({ client_business_id: 'r1' })).rejects.toThrow();
    const [entry] = sim.book.byBusinessId('r1');
    expect(entry).toMatchObject({ charged: 25_000, acknowledged: false, status: 'queued' });
    sim.clock.advance(LONGER_THAN_ANY_TASK_MS);
    expect(sim.book.byBusinessId('r1')[0]?.status).toBe('completed');
  });

  test('accept_then_hang charges and never answers', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'accept_then_hang' }] });
    const hung = sim.submit().catch(() => 'cut');
    await sim.requests.until(({ categories }) => categories.submit.answered['unanswered'] === 1);
    expect(sim.book.totals().charged).toBe(25_000);
    await sim.close();
    expect(await hung).toBe('cut');
  });

  test('accept_then_504 charges and answers the HTML page of a gateway', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'accept_then_504' }] });
    expect((await sim.submit()).status).toBe(504);
    expect(sim.book.totals().tasks).toBe(1);
  });

  test.each([400, 401, 402, 403, 404, 408, 409, 422, 425, 499, 500, 502, 504])(
    'accept_then_html charges the task and answers %i with the HTML page of a gateway',
    async (status) => {
      const sim = await openSimulator({ faults: [{ kind: 'accept_then_html', status }] });
      await expectGatewayPage(await sim.submit({ client_business_id: 'r1' }), status);
      expect(sim.book.byBusinessId('r1')).toMatchObject([{ charged: 25_000, acknowledged: false }]);
      expect((await sim.submit()).status).toBe(200);
    },
  );

  test('accept_then_html in a prompt applies `times` times, then the submission is answered', async () => {
    const sim = await openSimulator();
    const prompt = 'A fox [[sim:accept_then_html status=408 times=2]]';
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) statuses.push((await sim.submit({ prompt })).status);
    expect(statuses).toEqual([408, 408, 200]);
    expect(sim.book.totals()).toMatchObject({ tasks: 3, charged: 75_000 });
  });

  test('accept_garbage charges and answers no JSON, or JSON without an id', async () => {
    const sim = await openSimulator({
      faults: [{ kind: 'accept_garbage' }, { kind: 'accept_garbage', form: 'no_id' }],
    });
    const broken = await sim.submit();
    expect(broken.status).toBe(200);
    await expect(broken.json()).rejects.toThrow();
    expect(await (await sim.submit()).json()).not.toHaveProperty('id');
    expect(sim.book.totals().tasks).toBe(2);
  });
});

describe('a fault rule', () => {
  const submitAll = async (rule: FaultRule, bodies: Record<string, unknown>[]): Promise<boolean[]> => {
    const sim = await openSimulator({ faults: [rule] });
    const answers: boolean[] = [];
    for (const body of bodies) answers.push((await sim.submit(body)).status === 422);
    return answers;
  };

  test('a rule without a rate applies to the next matches, after the skipped ones', async () => {
    const rule: FaultRule = { kind: 'refuse_content', times: 2, skip: 1 };
    expect(await submitAll(rule, [{}, {}, {}, {}])).toEqual([false, true, true, false]);
  });

  test('a rule matches a part of the prompt or the client_business_id', async () => {
    const bodies = [{ prompt: 'a cat' }, { prompt: 'a dog', client_business_id: 'b' }];
    expect(await submitAll({ kind: 'refuse_content', promptIncludes: 'dog' }, bodies)).toEqual([false, true]);
    expect(await submitAll({ kind: 'refuse_content', clientBusinessId: 'b' }, bodies)).toEqual([false, true]);
  });

  test('a rule with a rate applies to about that share, and to the same requests for the same seed', async () => {
    const bodies = Array(200).fill({});
    const rule: FaultRule = { kind: 'refuse_content', rate: 0.25 };
    const [one, two] = [await submitAll(rule, bodies), await submitAll(rule, bodies)];
    expect(one).toEqual(two);
    const share = one.filter(Boolean).length / one.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.35);
  });

  test('a rule with a rate of 1 always applies', async () => {
    expect(await submitAll({ kind: 'refuse_content', rate: 1 }, [{}, {}, {}])).toEqual([true, true, true]);
  });

  test('a rule with a route applies to that route', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'html_502', route: 'query', rate: 1 }] });
    const id = await sim.buy();
    expect((await sim.query(id)).status).toBe(502);
  });
});

describe('a directive in the prompt', () => {
  test('a directive applies to its request every time, and to no other request', async () => {
    const sim = await openSimulator();
    const directed = { prompt: 'A fox [[sim:refuse_content message=nope]]' };
    const response = await sim.submit(directed);
    expect([response.status, await response.json()]).toMatchObject([422, { error: { message: 'nope' } }]);
    expect((await sim.submit(directed)).status).toBe(422);
    expect((await sim.submit({ prompt: 'A fox' })).status).toBe(200);
  });

  test('a directive with times applies that often, counted by client_business_id', async () => {
    const sim = await openSimulator();
    const prompt = 'A fox [[sim:html_502 times=2]]';
    const statuses: number[] = [];
    for (const client_business_id of ['a', 'a', 'a', 'b']) {
      statuses.push((await sim.submit({ prompt, client_business_id })).status);
    }
    expect(statuses).toEqual([502, 502, 200, 502]);
  });

  test('a directive for queries and downloads applies once per task, so that the task can complete', async () => {
    const sim = await openSimulator();
    const id = await sim.buy({ prompt: '[[sim:query_500]] [[sim:download_500]]' });
    sim.clock.advance(LONGER_THAN_ANY_TASK_MS);
    expect((await sim.query(id)).status).toBe(500);
    const { url } = (await sim.readStatus(id)) as { url: string };
    expect((await fetch(url)).status).toBe(500);
    expect((await fetch(url)).status).toBe(200);
  });
});
