import { type SpendResponse, spendSchema } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { type Cost, type Purchase, type Receipt, sumCost } from '@darkroom/shared/render';
import { formatDollars } from '@darkroom/shared/snapshot';
import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createCheckpoint } from '../support/fake-worker.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const NIGHT = Date.UTC(2026, 10, 25, 23, 0);
const HOUR = 3_600_000;

const buy = (attempt: number, outcome: Purchase['outcome'], costMicros: number, at = NIGHT): Purchase => ({
  provider: 'toapis',
  attempt,
  outcome,
  costMicros,
  ...(outcome === 'unknown' ? {} : { taskId: `task_${attempt}`, acceptedAt: at }),
});

function createReceipt(
  purchases: Purchase[],
  { run, ...more }: Partial<Receipt> & { run?: string } = {},
): Receipt {
  const { version, renderId, tenant, request, fingerprint, createdAt } = createCheckpoint();
  return {
    version,
    renderId,
    tenant,
    fingerprint,
    createdAt,
    request: run === undefined ? request : { ...request, run },
    status: 'completed',
    finishedAt: NIGHT + 60_000,
    attempts: purchases.length,
    purchases,
    cost: sumCost(purchases),
    ...more,
  };
}

async function readSpend(harness: Harness, query: string, headers = {}): Promise<SpendResponse> {
  const response = await harness.get(`/v1/spend?${query}`, headers);
  expect(response.status).toBe(200);
  return spendSchema.parse(await response.json());
}

const amounts = ({ spent, refunded, possibly_spent }: SpendResponse) => [spent, refunded, possibly_spent];
const toAmounts = (cost: Cost) =>
  [cost.spentMicros, cost.refundedMicros, cost.possiblySpentMicros].map(formatDollars);
const rows = ({ groups }: SpendResponse) =>
  groups.map(({ key, renders, spent, refunded, possibly_spent }) =>
    [key, renders, spent, refunded, possibly_spent].join(' '),
  );

/** A store that counts its reads of objects. */
function countReads(store: ObjectStore, onRead: (key: string) => void): ObjectStore {
  const get: ObjectStore['get'] = async (key, options) => {
    onRead(key);
    return await store.get(key, options);
  };
  return Object.assign(Object.create(store) as ObjectStore, { get });
}

requires('redis').describe('GET /v1/spend', () => {
  test('the sums are those of the receipts to the micro-dollar, by every group, and no receipt is read', async () => {
    const read: string[] = [];
    const [shop, operator] = [createApiKey(), createApiKey()];
    const harness = await openHarness({
      settings: {
        API_KEYS: [
          { tenant: 'shop', roles: ['operate', 'read'], sha256: shop.sha256 },
          { tenant: '*', roles: ['operate', 'read'], sha256: operator.sha256 },
        ],
      },
      wrap: (deps) => ({ ...deps, store: countReads(deps.store, (key) => read.push(key)) }),
    });
    const as = ({ text }: { text: string }) => ({ authorization: `Bearer ${text}` });
    const tomorrow = NIGHT + 2 * HOUR;
    const receipts = [
      createReceipt([buy(1, 'accepted', 25_001)], { run: 'night.7' }),
      createReceipt([buy(1, 'refunded', 25_000), buy(2, 'accepted', 25_000, tomorrow)], { run: 'night.7' }),
      createReceipt([buy(1, 'unknown', 40_000)], { tenant: 'shop', status: 'failed' }),
      createReceipt([], { status: 'canceled' }),
    ];
    for (const receipt of receipts) await harness.ledger.writeReceipt(receipt);

    const all = 'from=2026-11-25&to=2026-11-26';
    const total = sumCost(receipts.flatMap(({ purchases }) => purchases));
    for (const by of ['day', 'tenant', 'run', 'model', 'resolution']) {
      const spend = await readSpend(harness, `${all}&by=${by}`, as(operator));
      expect([by, ...amounts(spend)]).toEqual([by, ...toAmounts(total)]);
    }
    expect(rows(await readSpend(harness, all, as(operator)))).toEqual([
      '2026-11-25 3 0.025001 0.025 0.040',
      '2026-11-26 1 0.025 0.000 0.000',
    ]);
    expect(rows(await readSpend(harness, `${all}&by=run`, as(operator)))).toEqual([
      'night.7 3 0.050001 0.025 0.000',
      ' 1 0.000 0.000 0.040',
    ]);
    expect(amounts(await readSpend(harness, `${all}&run=night.7`, as(operator)))).toEqual([
      '0.050001',
      '0.025',
      '0.000',
    ]);
    const own = await readSpend(harness, `${all}&by=tenant`, as(shop));
    expect(rows(own)).toEqual(['shop 1 0.000 0.000 0.040']);
    expect(own.since).toBe('2026-11-25');
    expect((await harness.get(`/v1/spend?tenant=default`, as(shop))).status).toBe(422);
    expect((await harness.get(`/v1/spend?from=2026-11-26&to=2026-11-25`, as(operator))).status).toBe(422);
    expect(read).toEqual([]);
  });

  test('a receipt that changes replaces its amounts, also when a crash left the older ones', async () => {
    const harness = await openHarness();
    const unknown = createReceipt([buy(1, 'unknown', 25_000)]);
    await harness.ledger.writeReceipt(unknown);
    const late = createReceipt([buy(1, 'accepted', 25_000)], { renderId: unknown.renderId });
    await harness.ledger.writeReceipt(late, undefined, unknown);
    await harness.ledger.writeReceipt(late, undefined, unknown);
    const day = 'from=2026-11-25';
    expect(rows(await readSpend(harness, `${day}&to=2026-11-25`))).toEqual([
      '2026-11-25 1 0.025 0.000 0.000',
    ]);
    // The write was interrupted before the older entry was deleted.
    const refunded = createReceipt([buy(1, 'refunded', 25_000)], { renderId: unknown.renderId });
    await harness.ledger.writeReceipt(refunded);
    expect(rows(await readSpend(harness, `${day}&to=2026-11-25`))).toEqual([
      '2026-11-25 1 0.000 0.025 0.000',
    ]);
  });

  test('an unknown purchase leaves the day on which its render ended when the day of the purchase is known', async () => {
    const harness = await openHarness();
    const finishedAt = NIGHT + 2 * HOUR;
    const unknown = createReceipt([buy(1, 'unknown', 25_000)], { finishedAt });
    await harness.ledger.writeReceipt(unknown);
    const days = 'from=2026-11-25&to=2026-11-26';
    expect(rows(await readSpend(harness, days))).toEqual(['2026-11-26 1 0.000 0.000 0.025']);
    const { renderId } = unknown;
    const known = createReceipt([buy(1, 'accepted', 25_000)], { renderId, finishedAt: finishedAt + HOUR });
    await harness.ledger.writeReceipt(known, undefined, unknown);
    expect(rows(await readSpend(harness, days))).toEqual(['2026-11-25 1 0.025 0.000 0.000']);
  });

  test('the overview shows the money of today by tenant and run', async () => {
    const harness = await openHarness();
    const now = Date.now();
    const receipt = createReceipt([buy(1, 'accepted', 25_000, now)], { run: 'night', finishedAt: now });
    await harness.ledger.writeReceipt(receipt);
    const page = await (await harness.get('/overview', { accept: 'text/html' })).text();
    expect(page).toContain('Money of today');
    expect(page).toContain('tenant default');
    expect(page).toContain('run night');
    expect(page).toContain('$0.025');
  });
});
