import type { LimitResponse, OverridableName } from '@darkroom/api';
import type { LimitRange } from '@darkroom/shared/config';
import {
  type ControlState,
  findEndedOverride,
  findOverride,
  type LimitOverride,
} from '@darkroom/shared/control';
import { WORKER_LOST_AFTER_MS } from '@darkroom/shared/queues';
import type { SeenWorkers } from '../backends/index.ts';

/** @param facts.now Unix milliseconds, by the clock of this process */
export function limitResponse(
  name: OverridableName,
  range: LimitRange,
  { state, workers, now }: { state: ControlState; workers: SeenWorkers; now: number },
): LimitResponse {
  const override = findOverride(state, name, now);
  const ended = findEndedOverride(state, name, now);
  return {
    object: 'limit',
    name,
    value: override?.value ?? range.base,
    base: range.base,
    override: override ? overrideResponse(override) : null,
    ended: ended ? overrideResponse(ended) : null,
    minimum: range.minimum,
    maximum: range.maximum,
    workers: workers.records
      .filter(({ seenAt }) => seenAt + WORKER_LOST_AFTER_MS > workers.now)
      // A worker of another version may not have this limit.
      .flatMap(({ name: worker, limits }) => (limits[name] ? [{ name: worker, ...limits[name] }] : [])),
  };
}

const overrideResponse = ({ value, actor, reason, since, until }: LimitOverride) => ({
  value,
  actor,
  reason,
  since: new Date(since).toISOString(),
  until: until === undefined ? null : new Date(until).toISOString(),
});
