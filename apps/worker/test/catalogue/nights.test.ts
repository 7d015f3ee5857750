import { CatalogueRunStore, type Schedule, ScheduleStore } from '@darkroom/catalogue';
import { type Clock, createLogger, systemClock } from '@darkroom/shared/runtime';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { startNights } from '../../src/catalogue/index.ts';
import { type Harness, lowJitterClock, openHarness } from '../support/harness.ts';
import { emptyQueue } from '../support/journal.ts';

const HOUR = 3_600_000;
const ID = { tenant: 'default', catalogue: 'shoes' };
/** 01:00 in Berlin. */
const DUE = Date.parse('2026-11-27T00:00:00Z');

const schedule: Schedule = {
  ...ID,
  file: 'name: shoes\nsource: { path: https://shop.example.com/p.csv }\nkey: sku\nprompt: A photo of {{ sku }}\n',
  cron: '0 1 * * *',
  timeZone: 'Europe/Berlin',
  catchUpMs: 6 * HOUR,
  startGraceMs: HOUR / 4,
  finishBy: null,
  minDurationMs: null,
  ping: {},
  actor: 'key test',
  readsBuckets: false,
  scheduledAt: DUE - 20 * HOUR,
  since: DUE - 20 * HOUR,
};

/** A scheduler over a store, whose clock a test sets. */
async function openNights({ store, queues }: Harness) {
  const schedules = new ScheduleStore(store);
  const runs = new CatalogueRunStore(store);
  await schedules.writeSchedule(schedule);
  const log = createLogger({ name: 'worker', level: 'silent' });
  return {
    schedules,
    runs,
    /** One sweep of a worker that has just started. */
    sweepAt: (now: number) =>
      startNights(
        { queues, runs, schedules, log, clock: { ...systemClock, now: () => now } },
        AbortSignal.timeout(10_000),
      ),
    listRuns: () => runs.listRuns(ID.tenant, ID.catalogue),
  };
}

requires('redis').describe('nights of a schedule', () => {
  test('a worker that was down at the scheduled time starts the night once, inside the catch-up window', async () => {
    const harness = await openHarness();
    const { sweepAt, listRuns, schedules, runs } = await openNights(harness);
    await sweepAt(DUE - 1);
    expect(await listRuns()).toEqual([]);
    await sweepAt(DUE + 5 * HOUR);
    await sweepAt(DUE + 5 * HOUR + 60_000);
    expect(await listRuns()).toEqual(['2026-11-27']);
    expect(await harness.queues.catalogue.count()).toBe(1);
    expect(await schedules.readNight(ID, '2026-11-27')).toMatchObject({
      outcome: 'started',
      run: '2026-11-27',
    });
    expect(await runs.readRequest({ ...ID, run: '2026-11-27' })).toMatchObject({
      actor: 'schedule of key test',
      file: schedule.file,
    });
  });

  test('a worker that was down longer records the night as missed, and starts none', async () => {
    const harness = await openHarness();
    const { sweepAt, listRuns, schedules } = await openNights(harness);
    await sweepAt(DUE + 6 * HOUR + 1);
    expect(await listRuns()).toEqual([]);
    expect(await schedules.readNight(ID, '2026-11-27')).toMatchObject({
      outcome: 'missed',
      reason: expect.stringContaining('catch-up window is over'),
    });
    await sweepAt(DUE + 24 * HOUR);
    expect(await listRuns()).toEqual(['2026-11-28']);
  });

  test('eight workers that sweep at the same time start one run', async () => {
    const harness = await openHarness();
    const { sweepAt, listRuns } = await openNights(harness);
    await Promise.all(Array.from({ length: 8 }, () => sweepAt(DUE)));
    expect(await listRuns()).toEqual(['2026-11-27']);
    expect(await harness.queues.catalogue.count()).toBe(1);
  });

  test('a worker that was killed between the record of a night and its run leaves the run to the next sweep', async () => {
    const harness = await openHarness();
    const { sweepAt, listRuns, schedules } = await openNights(harness);
    const record = { outcome: 'started' as const, dueAt: DUE, at: DUE, run: '2026-11-27' };
    await schedules.writeNight(ID, '2026-11-27', record);
    await sweepAt(DUE + 60_000);
    expect(await listRuns()).toEqual(['2026-11-27']);
  });

  test('a run that a person started on the date counts as its night, unless it stopped', async () => {
    const harness = await openHarness();
    const { sweepAt, listRuns, runs, schedules } = await openNights(harness);
    const request = {
      ...ID,
      run: '2026-11-27',
      file: schedule.file,
      files: null,
      accepted: [],
      approved: null,
    };
    await runs.writeRequest({ ...request, actor: 'a person', readsBuckets: false, createdAt: DUE - 60_000 });
    await sweepAt(DUE);
    expect(await listRuns()).toEqual(['2026-11-27']);
    expect(await schedules.readNight(ID, '2026-11-27')).toMatchObject({ run: '2026-11-27' });
  });

  test('a Redis that lost everything loses no schedule: the sweep of the next worker starts the night', async () => {
    let now = DUE - 60_000;
    const clock: Clock = { ...lowJitterClock, now: () => now };
    const harness = await openHarness({ clock });
    const { listRuns } = await openNights(harness);
    await emptyQueue(harness);
    now = DUE + 60_000;
    await harness.startWorker();
    const sweep = await until(async () =>
      (await harness.queues.maintenance.getDelayed()).find((job) => job.data.chore === 'sweep'),
    );
    await sweep.promote().catch(() => undefined);
    await until(async () => (await listRuns()).length === 1);
    expect(await listRuns()).toEqual(['2026-11-27']);
  });

  test('a schedule that cannot be read costs no other catalogue its night', async () => {
    const harness = await openHarness();
    const { sweepAt, listRuns } = await openNights(harness);
    const damaged = 'catalogues/default/bags/schedule.json';
    await harness.store.put(damaged, '{', { contentType: 'application/json' });
    await sweepAt(DUE);
    expect(await listRuns()).toEqual(['2026-11-27']);
  });
});
