import { tenantShareName } from '@darkroom/api';
import { announceChange, ControlStore } from '@darkroom/shared/control';
import { listWorkerRecords, readLane, tenantLine } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { overrideLimit } from '../support/controls.ts';
import { openHarness } from '../support/harness.ts';
import { acceptRenders, emptyQueue } from '../support/journal.ts';
import { spawnWorker } from '../support/spawn-worker.ts';

// Processes start in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 120_000 });

const QUOTA = 20;
/** What was at the front, or began, before a change. */
const BEGUN = QUOTA + QUOTA / 2;

/** A harness that knows the tenants of the purchases, in the order in which the provider charged them. */
async function openShared(options: Parameters<typeof openHarness>[0] = {}) {
  const harness = await openHarness({
    ...options,
    settings: { TOAPIS_SUBMIT_PER_SECOND: QUOTA, ...options.settings },
  });
  const tenants = new Map<string, string>();
  const bought = () =>
    harness.simulator.book.entries().map((entry) => tenants.get(entry.clientBusinessId ?? ''));
  return {
    harness,
    bought,
    accept: async (tenant: string, count: number) => {
      const ids = await acceptRenders(
        harness,
        Array.from({ length: count }, () => ({})),
        tenant,
      );
      for (const id of ids) tenants.set(id, tenant);
      return ids;
    },
    hasBought: (count: number) => until(() => bought().length >= count, { timeout: 60_000 }),
    hasWaiting: (count: number) =>
      until(async () => (await harness.queues.submit.getPrioritizedCount()) >= count, { timeout: 60_000 }),
  };
}

const countOf = (bought: readonly (string | undefined)[], tenant: string) =>
  bought.filter((one) => one === tenant).length;

requires('redis').describe('tenants that share the quota', () => {
  test('30 renders of a tenant are bought in about 60 purchases, although 600 of another wait', async () => {
    const { harness, accept, bought, hasBought } = await openShared();
    await accept('acme', 620);
    await harness.startWorker();
    await hasBought(20);
    const ids = await accept('other', 30);
    // Picking up takes its own time, on a busy machine seconds. Another test has it.
    await until(async () => {
      const states = await Promise.all(ids.map((id) => harness.queues.render.getJobState(id)));
      return !states.some((state) => state === 'prioritized' || state === 'active');
    });
    const before = bought().length;
    await until(() => countOf(bought(), 'other') === 30, { timeout: 60_000 });
    const purchases = bought().slice(before).lastIndexOf('other') + 1;
    // When a check of the turns comes late on a busy machine, the other tenant is bought until it has come.
    expect(purchases).toBeLessThanOrEqual(60 + 2 * BEGUN);
  });

  test('renders of a tenant are picked up soon, although thousands of another were accepted before', async () => {
    const { harness, accept } = await openShared();
    await accept('acme', 3_000);
    const ids = await accept('other', 10);
    await harness.startWorker();
    const isPickedUp = async (id: string) =>
      (await harness.queues.render.getJobState(id)) === 'waiting-children' ||
      harness.countPurchases(id).charged > 0;
    await until(async () => (await Promise.all(ids.map(isPickedUp))).every(Boolean));
    expect(await harness.queues.render.getPrioritizedCount()).toBeGreaterThan(1_500);
  });

  test('two worker processes obey a changed share, also after one of them and the queue are lost', async () => {
    const { harness, accept, bought, hasBought } = await openShared();
    const share = tenantShareName('acme');
    const env = {
      TOAPIS_SUBMIT_PER_SECOND: String(QUOTA),
      TOAPIS_QUERY_PER_SECOND: '1000',
      ALLOW_PRIVATE_HOSTS: 'true',
      LOCK_DURATION_MS: '30000',
    };
    const [first] = [spawnWorker(harness, env), spawnWorker(harness, env)];
    const readApplied = async () =>
      (await listWorkerRecords(harness.queues)).map(({ limits }) => limits[share]?.value);
    await until(async () => (await readApplied()).length === 2, { timeout: 60_000 });
    /** Lets no submission begin until many of both tenants wait. */
    const bothWait = async () => {
      await harness.queues.submit.pause();
      await until(
        async () => {
          const counts = await harness.engine.countPriorities('submit');
          return readLane('batch', counts).lines.filter(({ count }) => count >= 100).length === 2;
        },
        { timeout: 60_000 },
      );
      await harness.queues.submit.resume();
    };
    await overrideLimit(harness, share, 4);
    await until(async () => (await readApplied()).join() === '4,4');
    for (const tenant of ['other', 'acme']) await accept(tenant, 260);
    await bothWait();
    const expectShares = async () => {
      const from = bought().length + BEGUN;
      await hasBought(from + 60);
      const count = countOf(bought().slice(from, from + 60), 'acme');
      expect(count).toBeGreaterThanOrEqual(43);
      expect(count).toBeLessThanOrEqual(53);
    };
    await expectShares();
    await first?.kill('SIGKILL');
    await emptyQueue(harness);
    // The restore adds one entry of the journal after the other.
    await bothWait();
    await expectShares();
  });

  test('a paused tenant reserves no part of the quota', async () => {
    const { harness, accept, bought, hasBought, hasWaiting } = await openShared();
    for (const tenant of ['acme', 'other', 'third']) await accept(tenant, 60);
    await harness.queues.submit.pause();
    await harness.startWorker();
    await hasWaiting(180);
    const pause = { version: DATA_VERSION, name: 'third', reason: 'test', owner: 'ann', actor: 'ann' };
    await new ControlStore(harness.store).addPause({
      ...pause,
      scope: { tenant: 'third' },
      since: Date.now(),
    });
    await announceChange(harness.queues);
    await harness.queues.submit.resume();
    const from = bought().length + BEGUN;
    await hasBought(from + 40);
    // Each submission in the queue would use up a part of the quota when its turn comes.
    const waiting = await harness.queues.submit.getJobs(['prioritized', 'waiting', 'active']);
    expect(waiting.filter(({ data }) => data.tenant === 'third')).toEqual([]);
    const since = bought().slice(from, from + 40);
    expect(countOf(since, 'third')).toBe(0);
    // At the end of the pause, all of them return to their line, not to the front.
    const delayed = await harness.queues.render.getJobs(['delayed']);
    const paused = delayed.filter(({ data }) => data.tenant === 'third' && data.at.step === 'submit');
    expect(paused.length).toBeGreaterThan(30);
    expect(new Set(paused.map(({ priority }) => priority))).toEqual(new Set([tenantLine('batch', 'third')]));
    expect(Math.abs(countOf(since, 'acme') - countOf(since, 'other'))).toBeLessThanOrEqual(6);
  });

  test('a submission that is tried again waits in the line of its tenant, not at the front', async () => {
    const { harness, accept, hasWaiting } = await openShared({ settings: { SUBMIT_ATTEMPTS: 1_000 } });
    harness.simulator.faults.add({ kind: 'no_channel', route: 'submit', rate: 1 });
    for (const tenant of ['acme', 'other']) await accept(tenant, 40);
    await harness.queues.submit.pause();
    await harness.startWorker();
    await hasWaiting(80);
    await harness.queues.submit.resume();
    await until(async () => (await harness.queues.submit.getDelayedCount()) >= 30);
    const delayed = await harness.queues.submit.getJobs(['delayed']);
    // A job that was listed can have come back to its line, and to the front, before it was read.
    const stillDelayed = await Promise.all(delayed.map(async (job) => (await job.getState()) === 'delayed'));
    const read = delayed.filter((_job, index) => stillDelayed[index]);
    expect(read.length).toBeGreaterThan(20);
    const wrong = read.filter(({ data, priority }) => priority !== tenantLine('batch', data.tenant));
    expect(wrong.map(({ id, priority }) => [id, priority])).toEqual([]);
  });
});
