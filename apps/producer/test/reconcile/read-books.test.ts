import { Ledger } from '@darkroom/shared/ledger';
import { type Purchase, sumCost } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type BooksWindow, readBooks } from '../../src/reconcile/read-books.ts';
import { createCheckpoint } from '../support/fake-worker.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const MINUTE = 60_000;
const FROM = Date.UTC(2026, 10, 25, 21, 55);
const TO = Date.UTC(2026, 10, 26, 21, 55);
const WINDOW: BooksWindow = {
  from: FROM,
  to: TO,
  now: TO + 3 * 60 * MINUTE,
  edgeMs: 90_000,
  graceMs: 15 * MINUTE,
};

const buy = (outcome: Purchase['outcome'], costMicros: number, acceptedAt?: number): Purchase => ({
  provider: 'toapis',
  attempt: 1,
  outcome,
  costMicros,
  ...(acceptedAt === undefined ? {} : { taskId: `task_${costMicros}`, acceptedAt }),
});

/** An ended render with one purchase. Of an unknown one, the ledger has the claim; of a refunded one, the refund. */
async function endRender(
  { ledger, store }: Harness,
  purchase: Purchase,
  times: { finishedAt: number; claimedAt?: number; refundedAt?: number },
): Promise<void> {
  const { at: _, ...render } = createCheckpoint();
  const { renderId, request } = render;
  const { finishedAt, claimedAt, refundedAt } = times;
  if (claimedAt !== undefined) {
    const past = new Ledger(store, { ...systemClock, now: () => claimedAt });
    const draft = { provider: 'toapis', owner: 'a', claimedBy: 'test', request } as const;
    await past.claim({ renderId, attempt: 1, claim: 1 }, draft);
  }
  if (refundedAt !== undefined)
    await ledger.writeRefund(renderId, 1, { refundedAt, reason: 'the task failed' });
  const purchases = [purchase];
  const end = { status: 'failed', finishedAt, attempts: 1, cost: sumCost(purchases) } as const;
  await ledger.writeReceipt({ ...render, ...end, purchases });
}

const read = async (harness: Harness, window = WINDOW) => {
  const books = await readBooks(harness, window, new AbortController().signal);
  const { chargedMicros, refundedMicros, unknown, doubts } = books;
  return {
    charged: chargedMicros,
    refunded: refundedMicros,
    unknown: unknown.map(({ micros }) => micros),
    doubts: Object.fromEntries(doubts),
  };
};

requires('redis').describe('the books of a window', () => {
  test('each purchase and refund is inside by its own time, whatever the day of its entry in the index is', async () => {
    const harness = await openHarness();
    // The same evening, before and after the first edge. The first one ends after it.
    await endRender(harness, buy('accepted', 1, FROM - 5 * MINUTE), { finishedAt: FROM + 5 * MINUTE });
    await endRender(harness, buy('accepted', 10, FROM + 5 * MINUTE), { finishedAt: FROM + 6 * MINUTE });
    await endRender(harness, buy('accepted', 100, TO - 60 * MINUTE), { finishedAt: TO + 60 * MINUTE });
    await endRender(harness, buy('accepted', 1_000, TO + 60 * MINUTE), { finishedAt: TO + 61 * MINUTE });
    await endRender(harness, buy('refunded', 10_000, FROM + 60 * MINUTE), {
      finishedAt: FROM + 70 * MINUTE,
      refundedAt: FROM + 65 * MINUTE,
    });
    // The render of an unknown purchase ended on a later day than the claim.
    await endRender(harness, buy('unknown', 100_000), {
      claimedAt: TO - 30 * MINUTE,
      finishedAt: TO + 150 * MINUTE,
    });
    await endRender(harness, buy('unknown', 1_000_000), {
      claimedAt: FROM - 60 * MINUTE,
      finishedAt: FROM + 60 * MINUTE,
    });
    expect(await read(harness)).toEqual({
      charged: 10_110,
      refunded: 10_000,
      unknown: [100_000],
      doubts: {},
    });
  });

  test('a purchase that may be on the other side of an edge, or is not final, is a doubt', async () => {
    const doubtful: [string, Purchase, Parameters<typeof endRender>[2]][] = [
      ['in_flight', buy('accepted', 1, TO + 30_000), { finishedAt: TO + 60_000 }],
      ['open_task', buy('unknown', 1, TO - 60 * MINUTE), { finishedAt: TO - 50 * MINUTE }],
      [
        'refund_time',
        buy('refunded', 1, TO - 5 * MINUTE),
        { finishedAt: TO + 5 * MINUTE, refundedAt: TO + 4 * MINUTE },
      ],
      [
        'refund_time',
        buy('refunded', 1, FROM - 5 * MINUTE),
        { finishedAt: FROM + 5 * MINUTE, refundedAt: FROM + 4 * MINUTE },
      ],
      ['unknown_near_edge', buy('unknown', 1), { claimedAt: TO - 10 * MINUTE, finishedAt: TO + 10 * MINUTE }],
      ['unknown_near_edge', buy('unknown', 1), { claimedAt: FROM - 10 * MINUTE, finishedAt: FROM + 1 }],
      ['price', buy('accepted', 0, FROM + 60 * MINUTE), { finishedAt: FROM + 61 * MINUTE }],
    ];
    for (const [doubt, purchase, times] of doubtful) {
      const harness = await openHarness();
      await endRender(harness, purchase, times);
      expect((await read(harness)).doubts).toEqual({ [doubt]: 1 });
    }
  });

  test('a submission without an answer is a doubt, and a render that waits for its first one is none', async () => {
    const harness = await openHarness();
    const [waiting, sent] = [createCheckpoint(), createCheckpoint()];
    for (const render of [waiting, sent]) {
      await harness.queues.render.add('1K', render, { jobId: render.renderId, priority: 10 });
      const { renderId, tenant, provider, request, version } = render;
      const data = { version, renderId, attempt: 1, tenant, provider, request };
      await harness.queues.submit.add('1K', data, { jobId: `${renderId}.s1`, priority: 10 });
    }
    const now = Date.now();
    const window = { ...WINDOW, from: now - 60 * MINUTE, to: now + MINUTE, now: now + MINUTE };
    expect((await read(harness, window)).doubts).toEqual({});
    const draft = { provider: 'toapis', owner: 'a', claimedBy: 'test', request: sent.request } as const;
    await harness.ledger.claim({ renderId: sent.renderId, attempt: 1, claim: 1 }, draft);
    expect((await read(harness, window)).doubts).toEqual({ in_flight: 1 });
  });
});
