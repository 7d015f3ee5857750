import type { ReconcileResponse } from '@darkroom/api';
import { nameAccount, writeBalanceReading } from '@darkroom/shared/balance';
import { Ledger } from '@darkroom/shared/ledger';
import { sumCost, utcDay } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import { formatDollars } from '@darkroom/shared/snapshot';
import { requires, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test, vi } from 'vitest';
import { type RunningDarkroom, startDarkroom } from '../support/running-darkroom.ts';

vi.setConfig({ testTimeout: 120_000 });

const MINUTE = 60_000;
const BALANCE = 10;

/** What becomes of a purchase, by a word of the prompt. */
const FAULTS: Record<string, FaultRule> = {
  charged: { kind: 'accept_then_cut' },
  lost: { kind: 'cut_before' },
  refunded: { kind: 'fail_task' },
};

/**
 * A Darkroom with a balance that was read before the renders and after them. The renders have ended; `charged` and `lost`
 * ones are held in the dead-letter queue. Time passes when the test wants it.
 */
async function startWithBalance(prompts: readonly string[]) {
  let offset = 0;
  const clock = { ...systemClock, now: () => Date.now() + offset };
  // BullMQ wakes its jobs by the real time.
  const workerClock = { ...systemClock, random: () => 0.02 };
  const server = await startDarkroom({ UNKNOWN_GRACE_MS: 200 }, { clock, workerClock });
  await server.simulator.setBalance(BALANCE);
  const from = utcDay(clock.now());
  const account = nameAccount(server.settings);
  for (const at of [Date.parse(from) - 10 * MINUTE, Date.parse(from) - 5 * MINUTE, clock.now() - 20_000])
    await writeBalanceReading(server.store, { at, micros: BALANCE * 1e6, account });
  for (const [word, fault] of Object.entries(FAULTS)) {
    // Of a refunded purchase, the second one succeeds.
    const limit =
      word === 'refunded' ? { times: prompts.filter((prompt) => prompt === word).length } : { rate: 1 };
    server.simulator.faults.add({ ...fault, promptIncludes: word, ...limit });
  }
  const ids = await Promise.all(prompts.map((prompt) => server.create({ prompt })));
  await until(async () => (await countEnded(server)) === prompts.length, { timeout: 60_000 });
  server.simulator.faults.clear();
  const compare = async (...args: string[]): Promise<{ report: ReconcileResponse; code: number }> => {
    const period = ['--from', from, '--to', utcDay(clock.now())];
    const run = await server.run(['reconcile', ...period, ...args, '--json', 'all']);
    if (run.out === '') throw new Error(run.err);
    return { report: JSON.parse(run.out) as ReconcileResponse, code: run.code };
  };
  return {
    server,
    ids,
    ledger: new Ledger(server.store, clock),
    compare,
    wait: (minutes: number) => {
      offset += minutes * MINUTE;
    },
    /** The balance is read twice, and does not move in between. */
    compareWhenQuiet: async (...args: string[]) => {
      offset += 10 * MINUTE;
      await compare();
      offset += 10 * MINUTE;
      return await compare(...args);
    },
  };
}

async function countEnded({ queues }: RunningDarkroom): Promise<number> {
  const counts = await queues.render.getJobCounts('completed', 'failed');
  return (counts['completed'] ?? 0) + (counts['failed'] ?? 0);
}

const countCompleted = async ({ queues }: RunningDarkroom) =>
  (await queues.render.getJobCounts('completed'))['completed'];

const showBilled = ({ simulator }: RunningDarkroom) => formatDollars(simulator.book.totals().net);

async function readSpend({ json }: RunningDarkroom) {
  const spend = await json([
    'spend',
    '--from',
    utcDay(Date.now() - 24 * 60 * MINUTE),
    '--to',
    utcDay(Date.now() + 24 * 60 * MINUTE),
  ]);
  return [spend.spent, spend.possibly_spent];
}

requires('redis').describe('darkroom reconcile', () => {
  test('proves that no unknown purchase was charged, resolves only with --resolve, and the books are then those of the provider', async () => {
    const { server, ids, compare, compareWhenQuiet, wait, ledger } = await startWithBalance([
      'mug',
      'mug',
      'refunded',
      'lost',
      'lost',
    ]);
    wait(10);
    // The balance moved since the reading before.
    expect((await compare('--resolve', '--yes')).report).toMatchObject({
      result: 'unproven',
      doubts: [{ code: 'edge_after' }],
      resolved: 0,
    });
    const { report, code } = await compareWhenQuiet();
    expect(report).toMatchObject({
      before: { balance: '10.000' },
      after: { balance: '9.925' },
      top_ups: '0.000',
      charged: '0.100',
      refunded: '0.025',
      possibly_spent: '0.050',
      expected: '0.075',
      actual: '0.075',
      remainder: '0.000',
      result: 'none_bought',
      doubts: [],
      resolved: 0,
    });
    expect(code).toBe(1);
    const lost = ids.slice(3);
    expect(new Set(report.unknown.map(({ command }) => command))).toEqual(
      new Set(lost.map((id) => `darkroom renders resolve ${id}`)),
    );
    expect(await countCompleted(server)).toBe(3);
    wait(10);
    const resolved = await compare('--resolve', '--yes');
    expect([resolved.code, resolved.report.resolved]).toEqual([0, 2]);
    await until(async () => (await countCompleted(server)) === 5);
    expect(await ledger.readStatement(lost[0] ?? '', 1)).toMatchObject({
      kind: 'not_bought',
      note: `proven by the balance: reconciliation ${resolved.report.id}`,
    });
    const audit = await server.json(['audit', 'list', '--target', `render:${lost[0]}`]);
    expect(audit[0]).toMatchObject({ action: 'render.state_purchase', after: { purchase: 'not_bought' } });
    expect(await readSpend(server)).toEqual([showBilled(server), '0.000']);
    const last = await server.json(['reconcile', '--last']);
    expect(last).toEqual(resolved.report);
  });

  test('proves that all unknown purchases were charged: they count as spent, and the images are bought again', async () => {
    const { server, compareWhenQuiet, ids, ledger } = await startWithBalance(['mug', 'charged', 'charged']);
    const { report } = await compareWhenQuiet('--resolve', '--yes');
    expect(report).toMatchObject({
      expected: '0.025',
      actual: '0.075',
      remainder: '0.050',
      result: 'all_bought',
      resolved: 2,
    });
    await until(async () => (await countCompleted(server)) === 3);
    const receipt = await ledger.readReceipt(ids[1] ?? '');
    expect(receipt?.purchases.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
    expect(server.simulator.book.totals().tasks).toBe(5);
    expect(await readSpend(server)).toEqual([showBilled(server), '0.000']);
  });

  test('resolves nothing when one of two was charged, when another program bought, and after a top-up that no operator stated', async () => {
    const { server, compare, compareWhenQuiet, wait } = await startWithBalance(['mug', 'charged', 'lost']);
    const mixed = await compareWhenQuiet('--resolve', '--yes');
    expect(mixed.report).toMatchObject({ remainder: '0.025', possibly_spent: '0.050', result: 'unproven' });
    expect(mixed.report.unknown.filter(({ command }) => command !== null)).toHaveLength(2);
    expect([mixed.code, mixed.report.resolved]).toEqual([1, 0]);

    // Another program spends what one unknown purchase costs. With a top-up, the sums would be equal.
    await server.simulator.setBalance(BALANCE - 0.05 + 5);
    const topped = await compareWhenQuiet('--resolve', '--yes');
    expect(topped.report).toMatchObject({ remainder: '-4.975', result: 'unproven', resolved: 0 });
    expect(topped.report.doubts.map(({ code }) => code)).toEqual(['top_up']);
    wait(10);
    const stated = await compare('--top-ups', '5');
    expect(stated.report).toMatchObject({
      top_ups: '5.000',
      remainder: '0.025',
      result: 'unproven',
      doubts: [],
    });
    expect(await countCompleted(server)).toBe(1);
  });

  test('a balance that never moved proves nothing about an unknown purchase', async () => {
    const { compareWhenQuiet } = await startWithBalance(['lost']);
    const { report } = await compareWhenQuiet('--resolve', '--yes');
    expect(report).toMatchObject({ remainder: '0.000', result: 'unproven', resolved: 0 });
    expect(report.doubts.map(({ code }) => code)).toEqual(['nothing_moved']);
  });

  test('the sum of spend equals the receipts, and encloses the billing of the provider, for renders that ended in every way', async () => {
    const { server, ids, ledger, compareWhenQuiet } = await startWithBalance([
      'mug',
      'refunded',
      'charged',
      'lost',
      'mug',
    ]);
    // A redrive that completes, a cancel, and a failure that was refunded.
    server.simulator.faults.add({
      kind: 'redirect',
      to: 'https://elsewhere.example/i.png',
      forMs: 86_400_000,
      promptIncludes: 'shelf',
      times: 1,
    });
    server.simulator.faults.add({ kind: 'fail_task_content', promptIncludes: 'nude' });
    server.simulator.faults.add({ kind: 'stuck', promptIncludes: 'forever' });
    const more = await Promise.all(['shelf', 'nude', 'forever'].map((prompt) => server.create({ prompt })));
    const [shelf = '', , forever = ''] = more;
    await until(async () => (await countEnded(server)) === 7);
    server.simulator.faults.clear();
    await until(async () => (await server.queues.render.getJob(forever))?.data.at.step === 'poll');
    expect((await server.run(['renders', 'cancel', forever, '--yes'])).code).toBe(0);
    expect((await server.run(['renders', 'redrive', shelf, '--yes'])).code).toBe(0);
    await until(
      async () =>
        (await countEnded(server)) === 8 && (await ledger.readReceipt(shelf))?.status === 'completed',
    );
    const all = await Promise.all([...ids, ...more].map((id) => ledger.readReceipt(id)));
    const cost = sumCost(all.flatMap((receipt) => receipt?.purchases ?? []));
    const [spent, possibly] = await readSpend(server);
    expect([spent, possibly]).toEqual([
      formatDollars(cost.spentMicros),
      formatDollars(cost.possiblySpentMicros),
    ]);
    const { net } = server.simulator.book.totals();
    // mug, mug, the second purchase of `refunded`, shelf; then charged, lost and the canceled one.
    expect([spent, possibly]).toEqual(['0.100', '0.075']);
    expect(net).toBe(150_000);
    // The provider may refund the canceled one, so the balance proves nothing about the others.
    const { report } = await compareWhenQuiet('--resolve', '--yes');
    expect(report).toMatchObject({
      result: 'unproven',
      resolved: 0,
      doubts: [{ code: 'open_task', purchases: 1 }],
    });
  });
});
