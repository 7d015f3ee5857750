import {
  type Alarm,
  findNextTimeOfDay,
  judgeNight,
  listNights,
  type Night,
  type NightState,
  type PingKind,
  type Schedule,
  type ScheduleId,
} from '@darkroom/catalogue';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import pMap from 'p-map';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import type { AlarmWebhooks } from './alarm-webhooks.ts';
import { type NightStores, readNightState } from './night-state.ts';
import { listOpenAlarms, type OpenAlarm } from './open-alarms.ts';
import type { Pinger } from './pinger.ts';

export interface NightWatchDeps extends NightStores {
  clock: Clock;
  logger: Logger;
  pinger: Pinger;
  alarmWebhooks: AlarmWebhooks;
  /** The provider's quota. */
  readSubmitQuota(): Promise<number>;
}

export interface NightWatch {
  /** Begins the rounds. */
  start(): void;
  /** The open alarms of all scheduled catalogues, as the last round found them. */
  openAlarms(): readonly OpenAlarm[];
  /** Idempotent. */
  close(): Promise<void>;
}

/** An alarm is raised at most so long after its time, and the time that a round takes. */
const ROUND_MS = 20_000;
/** Catalogues that are judged at the same time. */
const PARALLEL = 8;
const MAX_REMEMBERED = 100_000;
/** Nights that are older are not judged any more. */
const MAX_AGE_MS = 7 * 86_400_000;
/** Older nights are not pinged: a dead man's switch waits for the next one. */
const MAX_PING_AGE_MS = 2 * 86_400_000;

/**
 * Judges the nights of all schedules, in rounds. It does not depend on the scheduler: it computes from the schedules in the
 * store which nights must have begun. Every producer does this, and the store decides which of them raises an alarm.
 */
export function createNightWatch(deps: NightWatchDeps): NightWatch {
  const { schedules, clock, logger, pinger, alarmWebhooks } = deps;
  const closing = new AbortController();
  const { signal } = closing;
  const memory: Memory = { ended: new Set(), raised: new Set(), pinged: new Set() };
  let open: readonly OpenAlarm[] = [];

  const look = async (id: ScheduleId): Promise<OpenAlarm[]> => {
    try {
      return await withStoreDeadline(STORE_DEADLINE_MS.image, async (limited) => {
        const either = AbortSignal.any([signal, limited]);
        const schedule = await schedules.readSchedule(id, { signal: either });
        if (!schedule) return [];
        await watchSchedule(schedule, deps, memory, either);
        await alarmWebhooks.offer(schedule, either);
        return await listOpenAlarms(id, deps, clock.now(), either);
      });
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ ...id, err: errorMessage(error) }, 'watch: nights of a catalogue not read');
      return open.filter(({ tenant, catalogue }) => tenant === id.tenant && catalogue === id.catalogue);
    }
  };
  const runRound = async () => {
    const catalogues = await withStoreDeadline(STORE_DEADLINE_MS.image, (limited) =>
      schedules.listCatalogues({ signal: AbortSignal.any([signal, limited]) }),
    );
    // What is forgotten is read again.
    for (const names of Object.values(memory)) if (names.size > MAX_REMEMBERED) names.clear();
    open = (await pMap(catalogues, look, { concurrency: PARALLEL, signal })).flat();
  };
  const watch = async () => {
    while (!signal.aborted) {
      await runRound().catch((error: unknown) => {
        if (!signal.aborted)
          logger.warn({ err: errorMessage(error) }, 'watch: schedules of catalogues not read');
      });
      await clock.sleep(ROUND_MS, signal).catch(() => undefined);
    }
  };
  let watching: Promise<void> | undefined;
  return {
    start: () => {
      watching ??= watch();
    },
    openAlarms: () => open,
    close: async () => {
      closing.abort();
      await watching;
      await pinger.close();
      await alarmWebhooks.close();
    },
  };
}

/** What a producer knows of the store, so that it does not read or write it again. */
interface Memory extends Record<string, Set<string>> {
  /** Nights that cannot change any more. */
  ended: Set<string>;
  /** Alarms that are in the store. */
  raised: Set<string>;
  /** Pings that were taken. */
  pinged: Set<string>;
}

async function watchSchedule(
  schedule: Schedule,
  deps: NightWatchDeps,
  memory: Memory,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = deps;
  const now = clock.now();
  const { tenant, catalogue, timeZone, finishBy, startGraceMs, minDurationMs } = schedule;
  for (const night of listNights(schedule, Math.max(schedule.since, now - MAX_AGE_MS), now)) {
    const name = `${tenant}/${catalogue}/${night.date}`;
    if (memory.ended.has(name)) continue;
    const state = await readNightState(schedule, night.date, deps, signal);
    const rules = {
      startGraceMs,
      finishBy: finishBy === null ? undefined : findNextTimeOfDay(finishBy, timeZone, night.dueAt),
      minDurationMs: minDurationMs ?? undefined,
    };
    const submitsPerSecond = await deps.readSubmitQuota();
    const { alarms, isFinal } = judgeNight(night, rules, state, { now, submitsPerSecond });
    for (const alarm of alarms) {
      const raised = `${name}/${alarm.code}`;
      if (memory.raised.has(raised)) continue;
      await raise(schedule, night, state, alarm, deps, signal);
      memory.raised.add(raised);
    }
    const isPinged = await sendPings(schedule, night, { state, alarms, isFinal }, deps, memory, signal);
    if (isFinal && isPinged) memory.ended.add(name);
  }
}

async function raise(
  { tenant, catalogue }: Schedule,
  { date }: Night,
  { record }: NightState,
  { code, message }: Alarm,
  { schedules, clock, logger }: NightWatchDeps,
  signal: AbortSignal,
): Promise<void> {
  const run = record?.outcome === 'started' ? record.run : null;
  const alarm = { code, date, run, message, at: clock.now() };
  if (await schedules.raiseAlarm({ tenant, catalogue }, alarm, { signal }))
    logger.error({ alert: true, tenant, catalogue, date, run, code, message }, `catalogue alarm: ${code}`);
}

/** @returns whether nothing is left to ping. A ping that fails is sent again in the next round. */
async function sendPings(
  schedule: Schedule,
  { date, dueAt }: Night,
  { state, alarms, isFinal }: { state: NightState; alarms: readonly Alarm[]; isFinal: boolean },
  { schedules, clock, logger, pinger }: NightWatchDeps,
  memory: Memory,
  signal: AbortSignal,
): Promise<boolean> {
  if (clock.now() - dueAt > MAX_PING_AGE_MS) return true;
  const { tenant, catalogue, ping } = schedule;
  const kinds: PingKind[] = [];
  if (state.begunAt !== undefined) kinds.push('start');
  if (alarms.length > 0) kinds.push('fail');
  else if (isFinal) kinds.push('success');
  let isDone = true;
  for (const kind of kinds) {
    const url = ping[kind];
    const name = `${tenant}/${catalogue}/${date}/${kind}`;
    if (url === undefined || memory.pinged.has(name)) continue;
    try {
      if (!(await schedules.hasPinged(schedule, date, kind, { signal }))) {
        await pinger.ping(url, signal);
        await schedules.markPinged(schedule, date, kind, { signal });
      }
      memory.pinged.add(name);
    } catch (error) {
      signal.throwIfAborted();
      isDone = false;
      // The URL of a dead man's switch is a secret.
      logger.warn({ tenant, catalogue, date, kind, err: errorMessage(error) }, 'ping not sent: tried again');
    }
  }
  return isDone;
}
