import type { CatalogueConfig } from '../file/index.ts';
import { findNextTimeOfDay } from '../nights/index.ts';

/** What a forecast is made from. Undefined: it is not known, and the reason is in `unknown`. */
export interface ForecastFacts {
  /** Unix milliseconds: when the run would begin. */
  now: number;
  /** What the provider's quota allows. */
  submitsPerSecond: number | undefined;
  /** Renders that are submitted before these. */
  backlog: number | undefined;
  /** How long a render takes from its submission to the stored image, in milliseconds. */
  renderMs: number;
  /** Why the quota or the backlog is not known, as a sentence. */
  unknown: string | undefined;
}

export interface Forecast {
  /** Unix milliseconds. Null with a reason. */
  finishAt: number | null;
  reason: string | null;
  /** As the file has it: `06:00`. */
  deadline: string | null;
  /** The next deadline after now, in Unix milliseconds. Null: the file has none. */
  deadlineAt: number | null;
  /** Milliseconds after the deadline. Null while either time is null, or when the run ends before it. */
  lateMs: number | null;
}

/** When a run that begins now would end. Pure. */
export function forecastFinish(
  purchases: number,
  { now, submitsPerSecond, backlog, renderMs, unknown }: ForecastFacts,
  config: Pick<CatalogueConfig, 'deadline' | 'schedule'>,
): Forecast {
  const deadlineAt = findDeadline(config, now);
  const known = { reason: null, deadline: config.deadline ?? null, deadlineAt };
  if (purchases === 0) return { ...known, finishAt: now, lateMs: null };
  if (submitsPerSecond === undefined || backlog === undefined) {
    const reason = unknown ?? 'The quota or the backlog is not known.';
    return { ...known, finishAt: null, reason, lateMs: null };
  }
  const finishAt = now + ((backlog + purchases) / submitsPerSecond) * 1000 + renderMs;
  const late = deadlineAt === null ? 0 : finishAt - deadlineAt;
  return { ...known, finishAt, lateMs: late > 0 ? late : null };
}

/** @returns the next deadline after now, in Unix milliseconds. Null: the file has none */
export function findDeadline(
  { deadline, schedule }: Pick<CatalogueConfig, 'deadline' | 'schedule'>,
  now: number,
) {
  if (deadline === undefined) return null;
  return findNextTimeOfDay(deadline, schedule?.time_zone ?? 'UTC', now) ?? null;
}
