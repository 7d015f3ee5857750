import type { OverridableName } from '@darkroom/api';
import { z } from 'zod';
import { DATA_VERSION } from '../render/index.ts';

/** An operator replaces the value of a limit. It counts on all workers. */
export const limitOverrideSchema = z.strictObject({
  version: z.literal(DATA_VERSION),
  /** A later version may have more of them. */
  name: z.string(),
  value: z.number().int(),
  actor: z.string(),
  reason: z.string(),
  /** Unix milliseconds. Every override of a limit has a later one than those before. */
  since: z.number().int(),
  /** Unix milliseconds: when it ends by itself. */
  until: z.number().int().optional(),
});
export type LimitOverride = z.infer<typeof limitOverrideSchema>;

/** An operator drains a worker process. */
export const drainSchema = z.strictObject({
  version: z.literal(DATA_VERSION),
  worker: z.string(),
  actor: z.string(),
  reason: z.string(),
  /** Unix milliseconds. */
  since: z.number().int(),
});
export type Drain = z.infer<typeof drainSchema>;

interface Overrides {
  limits: readonly LimitOverride[];
  endedLimits: readonly LimitOverride[];
}

const findLatest = (overrides: readonly LimitOverride[], name: OverridableName): LimitOverride | undefined =>
  overrides.filter((one) => one.name === name).toSorted((one, other) => other.since - one.since)[0];

export const hasEndedBy = ({ until }: LimitOverride, now: number): boolean =>
  until !== undefined && until <= now;

/** The override of a limit at `now`. An older one does not count again when the latest has ended. */
export function findOverride(
  { limits }: Pick<Overrides, 'limits'>,
  name: OverridableName,
  now: number,
): LimitOverride | undefined {
  const latest = findLatest(limits, name);
  return latest && !hasEndedBy(latest, now) ? latest : undefined;
}

/** The last override of a limit, if it ended by itself and no other followed. */
export function findEndedOverride(
  { limits, endedLimits }: Overrides,
  name: OverridableName,
  now: number,
): LimitOverride | undefined {
  const latest = findLatest([...limits, ...endedLimits], name);
  return latest && hasEndedBy(latest, now) ? latest : undefined;
}
