import { reconcileListSchema, reconcileSchema } from '@darkroom/api';
import { nameAccount, writeBalanceReading } from '@darkroom/shared/balance';
import { createApiKey } from '@darkroom/shared/keys';
import { sumCost, utcDay } from '@darkroom/shared/render';
import { cleanup, requires } from '@darkroom/testkit';
import { startSimulator } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import { createCheckpoint } from '../support/fake-worker.ts';
import { openHarness, readProblem } from '../support/harness.ts';

const HOUR = 3_600_000;
const PRICE = 25_000;

/** A producer whose account was read an hour ago, and whose balance is what it was then, less one purchase. */
async function openReconciled() {
  const simulator = await startSimulator({ balance: 9.975 });
  cleanup(() => simulator.close());
  const account = { TOAPIS_BASE_URL: simulator.url, TOAPIS_API_KEY: simulator.apiKey };
  const [operator, shop] = [createApiKey(), createApiKey()];
  const harness = await openHarness({
    settings: {
      ...account,
      API_KEYS: [
        { tenant: '*', roles: ['operate'], sha256: operator.sha256 },
        { tenant: 'shop', roles: ['operate', 'read'], sha256: shop.sha256 },
      ],
    },
  });
  const now = Date.now();
  for (const [hoursAgo, micros, name] of [
    [30, 10_000_000, nameAccount(account)],
    [29, 10_000_000, nameAccount(account)],
    [28, 10_000_000, nameAccount(account)],
    // Of another key.
    [1, 500_000, nameAccount({ ...account, TOAPIS_API_KEY: 'another' })],
    [0.5, 9_975_000, nameAccount(account)],
  ] as const)
    await writeBalanceReading(harness.store, { at: now - hoursAgo * HOUR, micros, account: name });
  const { at: _, ...render } = createCheckpoint();
  const purchases = [
    {
      provider: 'toapis' as const,
      attempt: 1,
      outcome: 'accepted' as const,
      costMicros: PRICE,
      taskId: 'task_1',
      acceptedAt: now - 20 * HOUR,
    },
  ];
  const cost = sumCost(purchases);
  const end = { status: 'completed', finishedAt: now - 20 * HOUR + 5_000, attempts: 1 } as const;
  await harness.ledger.writeReceipt({ ...render, ...end, purchases, cost });
  const period = { from: utcDay(now - 24 * HOUR), to: utcDay(now) };
  const bearer = (key: { text: string }) => ({ authorization: `Bearer ${key.text}` });
  return { harness, period, operator: bearer(operator), shop: bearer(shop) };
}

requires('redis').describe('/v1/reconcile', () => {
  test('an operator of all tenants compares a period, reads past reports, and sees them on the page; no other key does', async () => {
    const { harness, period, operator, shop } = await openReconciled();
    const post = (headers: Record<string, string>, body: object) =>
      fetch(`${harness.url}/v1/reconcile`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    for (const headers of [shop, {}]) expect([401, 403]).toContain((await post(headers, period)).status);
    const report = reconcileSchema.parse(await (await post(operator, period)).json());
    expect(report).toMatchObject({
      before: { balance: '10.000' },
      after: { balance: '9.975' },
      charged: '0.025',
      remainder: '0.000',
      result: 'balanced',
    });
    // The reading of the other key is not between them.
    expect(report.doubts.map(({ code }) => code)).not.toContain('top_up');
    const list = reconcileListSchema.parse(await (await harness.get('/v1/reconcile', operator)).json());
    expect(list.data).toEqual([report]);
    expect(await (await harness.get(`/v1/reconcile/${report.id}`, operator)).json()).toEqual(report);
    expect((await harness.get(`/v1/reconcile/${report.id}`, shop)).status).toBe(403);
    const old = { from: '2020-01-01', to: '2020-01-01' };
    expect((await readProblem(await post(operator, old))).code).toBe('invalid_request');

    const form = await fetch(`${harness.url}/reconcile`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...operator },
      body: new URLSearchParams({ ...period, top_ups: '5', resolve: 'yes' }),
    });
    expect(form.status).toBe(201);
    const page = await form.text();
    expect(page).toContain('The books do not explain the balance');
    expect(page).toContain('$5.000');
    // The earlier report.
    expect(page).toContain('The books explain the balance');
    expect((await harness.get('/reconcile', shop)).status).toBe(403);
  });
});
