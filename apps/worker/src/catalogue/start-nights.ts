import {
  addRunJob,
  type CatalogueRunStore,
  decideNights,
  formatLocalDate,
  MAX_NIGHT_AGE_MS,
  type Night,
  type RunRequest,
  type Schedule,
  type ScheduleId,
  type ScheduleStore,
} from '@darkroom/catalogue';
import type { Queues } from '@darkroom/shared/queues';
import { errorMessage } from '@darkroom/shared/runtime';
import pMap from 'p-map';
import type { Infra } from '../stage/index.ts';

/** Schedules that are read at the same time. */
const PARALLEL = 8;

export interface NightDeps extends Pick<Infra, 'clock' | 'log'> {
  queues: Pick<Queues, 'catalogue'>;
  runs: CatalogueRunStore;
  schedules: ScheduleStore;
}

/**
 * Starts the nights that are due, and records those that were missed. It needs nothing but the store: each sweep decides
 * again, so a worker may stop at any time, and several may do this at once. The record of a night is written once, before its
 * run is requested, and names it.
 */
export async function startNights(deps: NightDeps, signal: AbortSignal): Promise<void> {
  const { schedules, log } = deps;
  let catalogues: ScheduleId[];
  try {
    catalogues = await schedules.listCatalogues({ signal });
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: errorMessage(error) }, 'schedules of catalogues not read: tried again in a minute');
    return;
  }
  const start = async (id: ScheduleId) => {
    try {
      const schedule = await schedules.readSchedule(id, { signal });
      if (schedule) await startNight(schedule, deps, signal);
    } catch (error) {
      signal.throwIfAborted();
      log.error(
        { ...id, err: errorMessage(error) },
        'night of a catalogue not started: tried again in a minute',
      );
    }
  };
  await pMap(catalogues, start, { concurrency: PARALLEL, signal });
}

async function startNight(schedule: Schedule, deps: NightDeps, signal: AbortSignal): Promise<void> {
  const { schedules, clock, log } = deps;
  const { tenant, catalogue, catchUpMs, timeZone } = schedule;
  const now = clock.now();
  const oldest = formatLocalDate(now - MAX_NIGHT_AGE_MS, timeZone);
  const recorded = (await schedules.listNightDates(schedule, oldest, { signal })).at(-1);
  const { start, missed } = decideNights(schedule, recorded, now);
  for (const { night, reason } of missed) {
    const record = { outcome: 'missed' as const, dueAt: night.dueAt, at: now, reason };
    if (await schedules.writeNight(schedule, night.date, record, { signal }))
      log.warn({ tenant, catalogue, date: night.date, reason }, 'night of a catalogue missed');
  }
  if (start) {
    const run = await chooseRun(schedule, start, deps, signal);
    const record = { outcome: 'started' as const, dueAt: start.dueAt, at: now, run };
    await schedules.writeNight(schedule, start.date, record, { signal });
  }
  // Also of an earlier sweep, whose worker was killed before it requested the run.
  const last = start?.date ?? recorded;
  if (last !== undefined && last >= formatLocalDate(now - catchUpMs, timeZone))
    await requestRun(schedule, last, deps, signal);
}

/**
 * The name of a night's run: its date, as for a run that a person starts. A run of this date that was requested before counts
 * as the night's, because a catalogue runs once per local date. One that stopped bought nothing, so a number follows.
 */
async function chooseRun(
  { tenant, catalogue }: Schedule,
  { date, dueAt }: Night,
  { runs }: NightDeps,
  signal: AbortSignal,
): Promise<string> {
  for (let number = 1; ; number += 1) {
    const run = number === 1 ? date : `${date}-${number}`;
    const id = { tenant, catalogue, run };
    const request = await runs.readRequest(id, { signal });
    if (!request || request.createdAt >= dueAt) return run;
    if ((await runs.readSummary(id, { signal }))?.status !== 'stopped') return run;
  }
}

/** Requests the run that the record of a night names, unless it exists. */
async function requestRun(
  schedule: Schedule,
  date: string,
  { schedules, runs, queues, clock, log }: NightDeps,
  signal: AbortSignal,
): Promise<void> {
  const record = await schedules.readNight(schedule, date, { signal });
  if (record?.outcome !== 'started' || clock.now() - record.dueAt > schedule.catchUpMs) return;
  const { tenant, catalogue, file, actor, readsBuckets } = schedule;
  const { run } = record;
  const id = { tenant, catalogue, run };
  if (await runs.readRequest(id, { signal })) return;
  const request: RunRequest = {
    ...id,
    file,
    files: null,
    accepted: [],
    approved: null,
    actor: `schedule of ${actor}`,
    readsBuckets,
    createdAt: clock.now(),
  };
  const isNew = await runs.writeRequest(request, { signal });
  // The sweep adds it later if this fails.
  await addRunJob(queues, id);
  if (isNew) log.info({ tenant, catalogue, run }, 'night of a catalogue started');
}
