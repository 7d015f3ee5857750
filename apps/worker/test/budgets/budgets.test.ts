import {
  type Budget,
  listDays,
  nameGeneration,
  nameSum,
  readBudgets,
  writeBudget,
} from '@darkroom/shared/budgets';
import { type JobRequest, type Purchase, submitJobId, sumCost, utcDay } from '@darkroom/shared/render';
import { sumSpend } from '@darkroom/shared/spend';
import { cleanup, requires, until } from '@darkroom/testkit';
import { beforeEach, expect, test, vi } from 'vitest';
import { importPurchases } from '../../src/budgets/import-purchases.ts';
import { openBudgetGate } from '../../src/budgets/index.ts';
import { createCounted } from '../../src/budgets/list-counted.ts';
import { type Harness, lowJitterClock, newCheckpoint, openHarness } from '../support/harness.ts';
import { acceptRenders, emptyQueue } from '../support/journal.ts';
import { spawnWorker } from '../support/spawn-worker.ts';

// Processes start in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 600_000 });

const PRICE = 25_000;
const DAY_MS = 86_400_000;
/** Longer than a test takes. */
const ROOM_MS = 120_000;
/** `BUDGET_TEST=1000/100`: that many submissions, and a budget for that many purchases. */
const [SUBMISSIONS = 60, AFFORDABLE = 10] = (process.env['BUDGET_TEST'] ?? '60/10').split('/').map(Number);

const setBudget = ({ store }: Harness, purchases: number, more: Partial<Budget> = {}) => {
  const now = Date.now();
  const budget = {
    name: 'all',
    limitMicros: purchases * PRICE,
    per: 'day',
    since: now,
    setAt: now,
    actor: 'test',
  };
  return writeBudget(store, { ...budget, per: 'day', ...more });
};

const readBudget = async ({ store }: Harness, name: string) =>
  (await readBudgets(store)).find((budget) => budget.name === name) as Budget;

async function readUse({ engine, store }: Harness, name = 'all'): Promise<number | undefined> {
  const budgets = await readBudgets(store);
  const budget = budgets.find((one) => one.name === name) as Budget;
  const sum = nameSum(budget, listDays(Date.now()).day);
  return (await engine.budgetCounters.readSums(nameGeneration(budgets), [sum]))[0];
}

const countCompleted = async ({ queues }: Harness) =>
  (await queues.render.getJobCounts('completed'))['completed'];

async function countWaiting({ queues }: Harness): Promise<number> {
  const jobs = await queues.submit.getDelayed();
  return jobs.filter((job) => job?.data.budget !== undefined).length;
}

const countEnded = async (harness: Harness) =>
  ((await countCompleted(harness)) ?? 0) + (await harness.queues.render.getFailedCount());

const WORKER = {
  TOAPIS_SUBMIT_PER_SECOND: '200',
  TOAPIS_QUERY_PER_SECOND: '1000',
  ALLOW_PRIVATE_HOSTS: 'true',
  BUDGET_REFRESH_MS: '200',
};

requires('redis').describe('budgets', () => {
  // A budget of a day renews at midnight (UTC), and the worker processes have the clock of the machine.
  beforeEach(async () => {
    await until(() => DAY_MS - (Date.now() % DAY_MS) > ROOM_MS, { timeout: ROOM_MS + 20_000 });
  }, ROOM_MS + 30_000);

  test(`${SUBMISSIONS} renders with a budget for ${AFFORDABLE}, two workers, one killed: exactly ${AFFORDABLE} purchases`, async () => {
    const harness = await openHarness();
    await setBudget(harness, AFFORDABLE);
    const [victim] = [spawnWorker(harness, WORKER), spawnWorker(harness, WORKER)];
    const ids = await Promise.all(Array.from({ length: SUBMISSIONS }, () => harness.enqueue()));
    // It is killed while it buys.
    const some = Math.ceil(AFFORDABLE / 3);
    await harness.simulator.requests.until((counts) => counts.categories.submit.received >= some);
    await victim?.kill('SIGKILL');
    spawnWorker(harness, WORKER);
    const waiting = SUBMISSIONS - AFFORDABLE;
    await until(async () => (await countWaiting(harness)) >= waiting, { timeout: 300_000 });
    await until(async () => (await countEnded(harness)) === AFFORDABLE, { timeout: 60_000 });
    // A claim of the killed worker that sent nothing is unknown, and counts as spent until an operator says otherwise.
    const failed = (await harness.queues.render.getFailed()).map(({ id = '' }) => id);
    const unsent = failed.filter((id) => harness.countPurchases(id).charged === 0);
    for (const id of unsent) {
      await harness.ledger.addStatement(id, 1, { kind: 'not_bought', actor: 'test' });
      await harness.redrive(id);
    }
    const open = failed.length - unsent.length;
    await until(async () => (await countCompleted(harness)) === AFFORDABLE - open, { timeout: 60_000 });

    const billed = harness.simulator.book.totals();
    expect(billed.tasks).toBe(AFFORDABLE);
    expect(await readUse(harness)).toBe(AFFORDABLE * PRICE);
    const receipts = (await Promise.all(ids.map((id) => harness.ledger.readReceipt(id)))).filter(
      (receipt) => receipt !== undefined,
    );
    const day = utcDay(Date.now());
    const { total } = await sumSpend(harness.store, { from: day, to: day }, []);
    expect(total).toMatchObject(sumCost(receipts.flatMap(({ purchases }) => purchases)));
    // The other unknown purchases were charged.
    expect(total.spentMicros + open * PRICE).toBe(billed.charged - billed.refunded);
    // None failed for the budget.
    expect(receipts.filter(({ failure }) => failure && failure.code !== 'submission_unknown')).toEqual([]);
  });

  test('a refusal gives its money back, other runs are not held, sums are filled again, also after a loss of Redis, and a raise lets renders go on', async () => {
    const harness = await openHarness({ settings: { BUDGET_REFRESH_MS: 100 } });
    const scope = { per: 'total', run: 'a' } as const;
    await setBudget(harness, 2, { name: 'run-a', ...scope });
    harness.simulator.faults.add({ kind: 'invalid_request', promptIncludes: 'bad' });
    await harness.startWorker();
    const enqueue = async (request: Partial<JobRequest>) =>
      (await acceptRenders(harness, [request]))[0] as string;
    const bad = await enqueue({ run: 'a', prompt: 'bad' });
    expect((await harness.waitForReceipt(bad)).failure?.code).toBe('invalid_request');
    for (let n = 0; n < 3; n += 1) await enqueue({ run: 'a' });
    const other = await enqueue({ run: 'b' });
    expect((await harness.waitForReceipt(other)).status).toBe('completed');
    await until(async () => (await countCompleted(harness)) === 3 && (await countWaiting(harness)) === 1);
    expect(await readUse(harness, 'run-a')).toBe(2 * PRICE);

    // Another set of budgets has sums of its own.
    await setBudget(harness, 100, { name: 'all' });
    const fourth = await enqueue({ run: 'a' });
    await until(
      async () => (await readUse(harness, 'all')) === 3 * PRICE && (await countWaiting(harness)) === 2,
    );
    expect(await readUse(harness, 'run-a')).toBe(2 * PRICE);
    expect((await harness.readCheckpoint(fourth)).at.step).toBe('submit');

    // Redis loses everything: the restore adds the renders, and the sums are filled before anything is bought.
    await emptyQueue(harness);
    await until(async () => (await countWaiting(harness)) === 2);
    expect(await readUse(harness, 'run-a')).toBe(2 * PRICE);
    expect(harness.simulator.book.totals().tasks).toBe(3);

    await setBudget(harness, 4, {
      name: 'run-a',
      ...scope,
      since: (await readBudget(harness, 'run-a')).since,
    });
    await until(() => harness.simulator.book.totals().tasks === 5);
    await until(async () => (await countCompleted(harness)) === 2);
    expect(await readUse(harness, 'run-a')).toBe(4 * PRICE);
  });

  test('money of a refund, of a purchase that was not made, and of a busy provider buys again at once', async () => {
    const settings = { BUDGET_REFRESH_MS: 100, UNKNOWN_GRACE_MS: 200 };
    const harness = await openHarness({ settings });
    for (const run of ['refund', 'unknown', 'busy']) await setBudget(harness, 1, { name: run, run });
    harness.simulator.faults.add({ kind: 'fail_task', promptIncludes: 'refund' });
    harness.simulator.faults.add({ kind: 'cut_before', promptIncludes: 'unknown' });
    harness.simulator.faults.add({ kind: 'no_channel', promptIncludes: 'busy', retryAfterSeconds: 60 });
    await harness.startWorker();
    const [refunded = '', unknown = '', busy = ''] = await acceptRenders(
      harness,
      ['refund', 'unknown', 'busy'].map((run) => ({ run, prompt: run })),
    );
    expect((await harness.waitForReceipt(refunded)).purchases).toMatchObject([
      { outcome: 'refunded' },
      { outcome: 'accepted' },
    ]);
    expect(await readUse(harness, 'refund')).toBe(PRICE);

    // An unknown purchase counts as spent, until an operator says otherwise.
    expect((await harness.waitForReceipt(unknown)).failure?.code).toBe('submission_unknown');
    expect(await readUse(harness, 'unknown')).toBe(PRICE);
    await harness.ledger.addStatement(unknown, 1, { kind: 'not_bought', actor: 'test' });
    await harness.redrive(unknown);
    await until(async () => (await harness.ledger.readReceipt(unknown))?.status === 'completed');
    expect(await readUse(harness, 'unknown')).toBe(PRICE);

    // The render that was refused waits for its next try. The money is free.
    await until(async () => (await harness.queues.submit.getJob(submitJobId(busy, 1)))?.isDelayed());
    expect(await readUse(harness, 'busy')).toBe(0);
    const [other = ''] = await acceptRenders(harness, [{ run: 'busy' }]);
    expect((await harness.waitForReceipt(other)).status).toBe('completed');
  });

  test('sums are filled from the spend index and from the checkpoints of running renders, once per purchase', async () => {
    const harness = await openHarness();
    const now = Date.now();
    const yesterday = now - 86_400_000;
    await setBudget(harness, 100, { name: 'day' });
    await setBudget(harness, 100, { name: 'sum', per: 'total', since: yesterday });
    const buy = (attempt: number, outcome: Purchase['outcome'], acceptedAt?: number): Purchase => ({
      provider: 'toapis',
      attempt,
      outcome,
      costMicros: PRICE + attempt,
      ...(acceptedAt === undefined ? {} : { taskId: `t${attempt}`, acceptedAt }),
    });
    const running = await harness.enqueue();
    const checkpoint = await harness.readCheckpoint(running);
    const purchases = [buy(1, 'refunded', now), buy(2, 'accepted', now)];
    await (await harness.queues.render.getJob(running))?.updateData({ ...checkpoint, attempt: 2, purchases });
    // The running render is a redrive: it has ended before.
    const ends = [
      { ...checkpoint, purchases },
      { ...newCheckpoint({}, now), purchases: [buy(1, 'unknown'), buy(2, 'accepted', now)] },
      { ...newCheckpoint({}, now), purchases: [buy(1, 'accepted', yesterday)] },
    ];
    for (const { at: _at, ...end } of ends) {
      const cost = sumCost(end.purchases);
      await harness.ledger.writeReceipt({ ...end, status: 'failed', finishedAt: now, attempts: 2, cost });
    }
    const budgets = await readBudgets(harness.store);
    const generation = nameGeneration(budgets);
    const signal = new AbortController().signal;
    const fill = () => importPurchases({ ...harness, clock: lowJitterClock, signal }, budgets, generation);
    await fill();
    await fill();
    expect(await readUse(harness, 'day')).toBe(3 * PRICE + 2 + 1 + 2);
    expect(await readUse(harness, 'sum')).toBe(4 * PRICE + 2 + 1 + 2 + 1);
    // What was released meanwhile stays released: its checkpoint is older.
    const days = listDays(now);
    const released = { attempt: 2, micros: 0, day: days.day };
    const move = [createCounted({ ...checkpoint, run: undefined }, released, budgets)];
    await harness.engine.budgetCounters.move(generation, days, 'release', move);
    await fill();
    expect(await readUse(harness, 'day')).toBe(2 * PRICE + 1 + 2);
  });

  test('a render whose price is not known is not reserved as free', async () => {
    const harness = await openHarness();
    await setBudget(harness, 100);
    const log = { info: () => undefined, warn: () => undefined } as never;
    const provider = { priceMicros: () => 0 };
    const gate = openBudgetGate({ ...harness, clock: lowJitterClock, log, provider });
    cleanup(() => gate.close());
    const { tenant, request } = newCheckpoint({}, Date.now());
    const answer = await gate.reserve({ renderId: 'rnd_1', attempt: 1, tenant, request });
    expect(answer).toMatchObject({ kind: 'over', isUnpriced: true, renewsAt: undefined });
  });
});
