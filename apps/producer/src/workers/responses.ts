import { LIVE_LIMITS, type LimitName, type WorkerResponse, type WorkerState } from '@darkroom/api';
import type { Drain } from '@darkroom/shared/control';
import { WORKER_LOST_AFTER_MS, type WorkerRecord } from '@darkroom/shared/queues';

/** @param now Unix milliseconds, by the clock of the queue */
export function workerResponse(
  record: WorkerRecord,
  { now, drain }: { now: number; drain: Drain | undefined },
): WorkerResponse {
  const known = LIVE_LIMITS.filter((name) => record.limits[name] !== undefined);
  return {
    object: 'worker',
    name: record.name,
    host: record.host,
    pid: record.pid,
    version: record.release,
    state: findState(record, now, drain),
    since: new Date(record.startedAt).toISOString(),
    last_seen: new Date(record.seenAt).toISOString(),
    active: record.active,
    limits: Object.fromEntries(known.map((name) => [name, record.limits[name].value])) as Record<
      LimitName,
      number
    >,
    drain: drain
      ? { actor: drain.actor, reason: drain.reason, since: new Date(drain.since).toISOString() }
      : null,
  };
}

function findState(
  { seenAt, drain: reported }: WorkerRecord,
  now: number,
  drain: Drain | undefined,
): WorkerState {
  if (seenAt + WORKER_LOST_AFTER_MS <= now) return 'lost';
  if (!drain) return 'running';
  return reported === 'drained' ? 'drained' : 'draining';
}
