import type { TenantShares } from '@darkroom/shared/control';
import { type Engine, openEngine } from '@darkroom/shared/engine';
import { EARLIER_BATCH, LANES, type LaneName, openQueues, tenantLine } from '@darkroom/shared/queues';
import { DATA_VERSION, drawRenderId, submitJobId } from '@darkroom/shared/render';
import { createLogger, systemClock } from '@darkroom/shared/runtime';
import { cleanup, databaseDir, uniquePrefix, until } from '@darkroom/testkit';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { openShareWatch } from '../../src/shares/index.ts';
import { newCheckpoint } from '../support/harness.ts';

/** The quota of the tests: so many submissions per window. */
const WINDOW = { max: 5, duration: 150 };
/** The watch checks every 200 ms, for a window of a second. Here both are shorter, and a check may be late. */
const clock = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 20, signal),
};
const EQUAL: TenantShares = { others: 1, own: new Map() };

const redisUrl = inject('services').redis?.url;

describe.each(['redis', 'pglite'] as const)('tenants that share a lane on %s', (kind) => {
  const missing = kind === 'redis' && !redisUrl && !process.env['CI'];
  let engine: Engine;
  beforeAll(async () => {
    if (missing) return;
    engine = await openEngine({
      queueUrl: kind === 'redis' ? redisUrl : undefined,
      dataDir: kind === 'pglite' ? await databaseDir(openEngine) : '',
      role: 'both',
      prefix: uniquePrefix(),
      onError: () => undefined,
    });
    cleanup(() => engine.close());
  });

  /** The watch on the queue `submit`, which is emptied, and a worker that only notes what it is given. */
  async function open() {
    const queues = openQueues(engine, { days: 1 });
    await queues.submit.pause();
    await queues.submit.obliterate({ force: true });
    await queues.submit.resume();
    const shares = { present: EQUAL };
    const begun: { id: string; tenant: string; lane: LaneName; at: number }[] = [];
    const add = async (tenant: string, count: number, lane: LaneName = 'batch', priority?: number) => {
      const ids = Array.from({ length: count }, drawRenderId);
      await queues.submit.addBulk(
        ids.map((renderId) => ({
          name: '1K',
          data: {
            version: DATA_VERSION,
            renderId,
            provider: 'toapis',
            attempt: 1,
            tenant,
            request: newCheckpoint({ priority: lane }, 0).request,
          },
          opts: { jobId: submitJobId(renderId, 1), priority: priority ?? tenantLine(lane, tenant) },
        })),
      );
      return ids;
    };
    const watch = (owner: string, window = WINDOW.max) => {
      const opened = openShareWatch({
        engine,
        queues,
        clock,
        log: createLogger({ name: 'test', level: 'fatal', secrets: [] }),
        owner,
        readShares: () => shares.present,
        readWindow: () => window,
      });
      cleanup(() => opened.close());
      return opened;
    };
    return {
      queues,
      shares,
      begun,
      add,
      watch,
      /** Begins to submit. A lane with several tenants has a front by then. */
      start: async (concurrency = 1) => {
        const worker = engine.worker<
          { renderId: string; tenant: string; request: { priority: LaneName } },
          void
        >(
          'submit',
          async ({ data }) => {
            const { renderId: id, tenant, request } = data;
            begun.push({ id, tenant, lane: request.priority, at: Date.now() });
          },
          { limiter: WINDOW, concurrency },
        );
        cleanup(() => worker.close(true));
      },
      hasFront: (lane: LaneName = 'batch') =>
        until(async () =>
          (await engine.countPriorities('submit')).some(
            ({ priority, count }) => priority === LANES[lane].front && count >= WINDOW.max,
          ),
        ),
      hasBegun: (count: number) => until(() => begun.length >= count, { timeout: 60_000 }),
    };
  }

  const countOf = (begun: readonly { tenant: string }[], tenant: string) =>
    begun.filter((one) => one.tenant === tenant).length;

  describe.skipIf(missing)('', () => {
    test('a tenant that comes later is not delayed by the backlog of another', async () => {
      const bed = await open();
      await bed.add('acme', 300);
      bed.watch('a');
      await bed.start();
      await bed.hasBegun(20);
      await bed.add('other', 30);
      const before = bed.begun.length;
      await until(() => countOf(bed.begun, 'other') === 30, { timeout: 60_000 });
      const since = bed.begun.slice(before);
      const last = since.findLastIndex(({ tenant }) => tenant === 'other') + 1;
      // Two for each of its own, and what was at the front, or began, before it came.
      expect(last).toBeLessThanOrEqual(60 + 2 * WINDOW.max);
      expect(last).toBeGreaterThanOrEqual(50);
    }, 60_000);

    test('shares of 3 to 1 hold, and each tenant is served in the order of its arrival', async () => {
      const bed = await open();
      bed.shares.present = { others: 1, own: new Map([['acme', 3]]) };
      const ids = { other: await bed.add('other', 150), acme: await bed.add('acme', 150) };
      bed.watch('a');
      await bed.hasFront();
      await bed.start();
      await bed.hasBegun(160);
      const count = countOf(bed.begun.slice(0, 160), 'acme');
      expect(count).toBeGreaterThanOrEqual(108);
      expect(count).toBeLessThanOrEqual(132);
      for (const tenant of ['acme', 'other'] as const) {
        const own = bed.begun.filter((one) => one.tenant === tenant).map(({ id }) => id);
        expect(own).toEqual(ids[tenant].slice(0, own.length));
      }
    }, 60_000);

    test('the front has the turns of the tenants in their order', async () => {
      const bed = await open();
      bed.shares.present = { others: 1, own: new Map([['acme', 2]]) };
      const tenants = new Map<string, string>();
      for (const tenant of ['acme', 'other'])
        for (const id of await bed.add(tenant, 20)) tenants.set(submitJobId(id, 1), tenant);
      bed.watch('a');
      await bed.hasFront();
      const [ids = []] = await engine.readFirstJobs('submit', [
        { priority: LANES.batch.front, count: WINDOW.max },
      ]);
      const front = ids.map((id) => tenants.get(id));
      expect(
        countOf(
          front.map((tenant = '') => ({ tenant })),
          'acme',
        ),
      ).toBeGreaterThanOrEqual(3);
      // Two turns of the one for each turn of the other, and never the turns of one tenant together.
      expect(front.join(' ')).not.toMatch(/acme acme acme|other other/);
    });

    test('the front is bounded, however large the quota is', async () => {
      const bed = await open();
      for (const tenant of ['acme', 'other']) await bed.add(tenant, 400);
      const watch = bed.watch('a', 10_000);
      const countFront = async () =>
        (await engine.countPriorities('submit')).find(({ priority }) => priority === LANES.batch.front)
          ?.count ?? 0;
      // PGlite moves one job after the other.
      await until(async () => (await countFront()) >= 500, { timeout: 45_000 });
      // The check that runs ends first.
      await watch.close();
      expect(await countFront()).toBe(500);
    });

    test('all interactive submissions of all tenants are before all of batch', async () => {
      const bed = await open();
      for (const tenant of ['acme', 'other']) await bed.add(tenant, 30);
      bed.watch('a');
      await bed.hasFront();
      for (const tenant of ['acme', 'other', 'third']) await bed.add(tenant, 8, 'interactive');
      await bed.hasFront('interactive');
      await bed.start();
      await bed.hasBegun(60);
      expect(bed.begun.slice(0, 24).map(({ lane }) => lane)).toEqual(Array(24).fill('interactive'));
    }, 60_000);

    test('a tenant whose submissions leave the queue reserves no turns, and gets none later for them', async () => {
      const bed = await open();
      const tenants = ['acme', 'other', 'third'];
      for (const tenant of tenants) await bed.add(tenant, 60);
      bed.watch('a');
      await bed.hasFront();
      await bed.start();
      await bed.hasBegun(15);
      // As a pause does.
      const waiting = await bed.queues.submit.getJobs(['prioritized']);
      const third = waiting.filter(({ data }) => data.tenant === 'third');
      await Promise.all(third.map(({ id = '' }) => bed.queues.submit.remove(id).catch(() => 0)));
      const from = bed.begun.length;
      await bed.hasBegun(from + 40);
      const without = bed.begun.slice(from + WINDOW.max, from + 40);
      expect(countOf(without, 'third')).toBe(0);
      expect(Math.abs(countOf(without, 'acme') - countOf(without, 'other'))).toBeLessThanOrEqual(WINDOW.max);
      await bed.add('third', 60);
      await until(() => countOf(bed.begun.slice(from), 'third') > 0);
      const back = bed.begun.length;
      await bed.hasBegun(back + 30);
      expect(countOf(bed.begun.slice(back, back + 30), 'third')).toBeLessThanOrEqual(10 + 3);
    }, 60_000);

    test('one tenant alone, and two together, use the whole quota', async () => {
      const bed = await open();
      await bed.add('acme', 100);
      bed.watch('a');
      await bed.start();
      await bed.hasBegun(50);
      // A lane of one tenant needs no front, and costs no moves.
      const lines = (await engine.countPriorities('submit')).map(({ priority }) => priority);
      expect(lines).toEqual([tenantLine('batch', 'acme')]);
      await bed.add('other', 50);
      await bed.hasBegun(150);
      // How long the quota of a window takes in the faster windows: a machine that stands still for a while makes others slow.
      const measure = (from: number, to: number) => {
        const times = bed.begun.slice(from, to).map(({ at }) => at);
        const spans = times.slice(WINDOW.max).map((at, index) => at - (times[index] ?? 0));
        return spans.toSorted((one, other) => one - other)[Math.floor(spans.length / 4)] ?? 0;
      };
      // With a part of the quota unused, each window of the two would take longer.
      expect(measure(75, 150)).toBeLessThan(measure(5, 50) * 1.5 + 20);
    }, 60_000);

    test('one watch at a time gives turns, another goes on when it is closed', async () => {
      const bed = await open();
      const first = bed.watch('a');
      await bed.add('acme', 60);
      await bed.add('other', 60);
      await bed.hasFront();
      bed.watch('b');
      await bed.start();
      await bed.hasBegun(20);
      await first.close();
      await bed.hasBegun(100);
      expect(countOf(bed.begun.slice(0, 100), 'acme')).toBeGreaterThanOrEqual(50 - 2 * WINDOW.max);
      expect(countOf(bed.begun.slice(0, 100), 'acme')).toBeLessThanOrEqual(50 + 2 * WINDOW.max);
    }, 60_000);

    test('batch submissions of an earlier version do not go before interactive ones', async () => {
      const bed = await open();
      await bed.add('acme', 10, 'batch', EARLIER_BATCH);
      await bed.add('other', 5, 'interactive');
      bed.watch('a');
      await until(async () =>
        (await engine.countPriorities('submit')).every(({ priority }) => priority !== EARLIER_BATCH),
      );
      await bed.start();
      await bed.hasBegun(15);
      expect(bed.begun.slice(0, 5).map(({ tenant }) => tenant)).toEqual(Array(5).fill('other'));
    }, 60_000);
  });
});
