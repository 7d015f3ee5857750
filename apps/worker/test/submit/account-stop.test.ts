import { pauseQueue, readAccountStop, resumeQueue } from '@darkroom/shared/queues';
import { requires, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import type { RunningWorker } from '../../src/index.ts';
import { type Harness, openHarness } from '../support/harness.ts';

/** Waits for the chore that will check the account. */
const waitForCheck = ({ queues }: Harness) =>
  until(async () =>
    (await queues.maintenance.getDelayed()).find((job) => job.data.chore === 'check-account'),
  );

/** Makes the worker check the account now, instead of in some seconds, and waits until it has. */
async function checkAccount(harness: Harness) {
  const chore = await waitForCheck(harness);
  const { checks } = chore.data as { checks: number };
  await chore.promote();
  await until(async () => {
    const after = await harness.queues.maintenance.getJob(chore.id as string);
    return (after?.data as { checks: number } | undefined)?.checks !== checks;
  });
}

const waitForStop = (harness: Harness) =>
  until(async () => {
    const stop = await readAccountStop(harness.queues);
    return stop !== undefined && stop.liftedAt === undefined && stop;
  });

const countSubmissions = ({ simulator }: Harness) => simulator.requests.counts().categories.submit.received;

/** The stops that a worker has raised an alarm for. */
async function countStops(worker: RunningWorker): Promise<number> {
  const text = await (await fetch(`${worker.url}/metrics`)).text();
  return [...text.matchAll(/^darkroom_account_stops_total\{[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

requires('redis').describe('an account that cannot buy', () => {
  test.for<FaultRule>([{ kind: 'unauthorized' }, { kind: 'insufficient_quota' }])(
    'after $kind nothing is submitted, every job is kept, and submissions go on when the account can buy',
    async (fault) => {
      const harness = await openHarness({ settings: { SUBMIT_CONCURRENCY: 1 } });
      harness.simulator.faults.add(fault);
      const worker = await harness.startWorker();
      const ids = [await harness.enqueue(), await harness.enqueue(), await harness.enqueue()];
      await waitForStop(harness);
      await checkAccount(harness);
      for (const id of ids) {
        expect((await harness.waitForReceipt(id)).status).toBe('completed');
        expect((await harness.queues.submit.getJob(`${id}.s1`))?.attemptsMade).toBe(1);
        expect(harness.countPurchases(id).charged).toBe(1);
      }
      expect(await readAccountStop(harness.queues)).toBeUndefined();
      expect(await harness.queues.deadLetter.getJobCountByTypes('waiting')).toBe(0);
      expect(countSubmissions(harness)).toBe(4);
      expect(await countStops(worker)).toBe(1);
    },
  );

  test('a balance below the cheapest waiting render stops submissions once, with one alarm, until it has grown', async () => {
    const harness = await openHarness({ simulator: { balance: 0.02 }, settings: { SUBMIT_CONCURRENCY: 1 } });
    const worker = await harness.startWorker();
    const ids = [await harness.enqueue(), await harness.enqueue(), await harness.enqueue()];
    await waitForStop(harness);
    for (let checks = 0; checks < 5; checks += 1) await checkAccount(harness);
    expect(await readAccountStop(harness.queues)).toMatchObject({
      reason: 'insufficient_quota',
      refusals: 1,
    });
    expect(countSubmissions(harness)).toBe(1);
    expect(await countStops(worker)).toBe(1);

    await harness.simulator.setBalance(1);
    await checkAccount(harness);
    for (const id of ids) {
      expect((await harness.waitForReceipt(id)).status).toBe('completed');
      expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
    }
    expect(await countStops(worker)).toBe(1);
  });

  test('the waits between checks of an account grow to minutes', async () => {
    const harness = await openHarness({ simulator: { balance: 0 } });
    await harness.startWorker();
    await harness.enqueue();
    await waitForStop(harness);
    const delays: number[] = [];
    for (let checks = 0; checks < 6; checks += 1) {
      await checkAccount(harness);
      delays.push(Math.round((await waitForCheck(harness)).delay / 1000));
    }
    expect(delays).toEqual([10, 20, 40, 80, 120, 120]);
  });

  test('a render that a healthy account refuses three times fails, and stops the others only once', async () => {
    const harness = await openHarness({ settings: { SUBMIT_CONCURRENCY: 1 } });
    harness.simulator.faults.add({ kind: 'unauthorized', promptIncludes: 'poison', times: 1_000 });
    const worker = await harness.startWorker();
    const poison = await harness.enqueue({ prompt: 'poison' });
    await waitForStop(harness);
    const others = [await harness.enqueue(), await harness.enqueue(), await harness.enqueue()];
    await checkAccount(harness);
    for (const id of others) expect((await harness.waitForReceipt(id)).status).toBe('completed');

    const receipt = await harness.waitForReceipt(poison);
    expect(receipt.failure).toMatchObject({ code: 'account_refused', step: 'submit' });
    expect(harness.countPurchases(poison).charged).toBe(0);
    expect(await countStops(worker)).toBe(1);
    expect(await readAccountStop(harness.queues)).toBeUndefined();

    harness.simulator.faults.clear();
    await harness.redrive(poison);
    await until(async () => (await harness.waitForReceipt(poison)).status === 'completed');
    expect(harness.countPurchases(poison).charged).toBe(1);
  });

  test('a lifted account stop leaves the pause of an operator alone', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'unauthorized' });
    await harness.startWorker();
    const id = await harness.enqueue();
    await waitForStop(harness);
    await pauseQueue(harness.queues, 'submit', { actor: 'ann', reason: 'audit', now: Date.now() });
    await checkAccount(harness);
    expect((await readAccountStop(harness.queues))?.liftedAt).toBeDefined();
    expect(await harness.queues.submit.isPaused()).toBe(true);
    expect(countSubmissions(harness)).toBe(1);

    await resumeQueue(harness.queues, 'submit');
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id).charged).toBe(1);
  });
});
