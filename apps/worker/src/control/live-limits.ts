import { LIVE_LIMITS, type LimitName } from '@darkroom/api';
import type { LimitRange } from '@darkroom/shared/config';
import { type ControlState, findOverride } from '@darkroom/shared/control';
import type { AppliedLimit } from '@darkroom/shared/queues';
import type { Logger } from '@darkroom/shared/runtime';
import type { Metrics } from '../stage/index.ts';

/** The limits of this worker process: those of its settings, or what an operator put in their place. */
export interface LiveLimits {
  /** The value that counts now. */
  get(name: LimitName): number;
  /** Calls `use` with each new value of a limit. */
  onChange(name: LimitName, use: (value: number) => void): void;
  /** Applies the overrides that count at `now`. @returns whether a value has changed */
  apply(state: ControlState, now: number): boolean;
  report(): Record<LimitName, AppliedLimit>;
}

/** @param ranges of the settings; only `base` is used. The API has checked overrides against the rest. */
export function createLiveLimits(
  ranges: Record<LimitName, Pick<LimitRange, 'base'>>,
  { metrics, log }: { metrics: Metrics; log: Logger },
): LiveLimits {
  const values = new Map(LIVE_LIMITS.map((name) => [name, ranges[name].base]));
  const users: { name: LimitName; use: (value: number) => void }[] = [];
  const get = (name: LimitName) => values.get(name) ?? ranges[name].base;
  const show = (name: LimitName) => metrics.limits.set({ limit: name }, get(name));
  LIVE_LIMITS.forEach(show);

  return {
    get,
    onChange: (name, use) => {
      users.push({ name, use });
    },
    apply: (state, now) => {
      let hasChanged = false;
      for (const name of LIVE_LIMITS) {
        const override = findOverride(state, name, now);
        const before = get(name);
        const value = override?.value ?? ranges[name].base;
        if (value === before) continue;
        hasChanged = true;
        values.set(name, value);
        show(name);
        for (const user of users) if (user.name === name) user.use(value);
        log.info({ limit: name, before, value, override: override !== undefined }, 'limit changed');
      }
      return hasChanged;
    },
    report: () =>
      Object.fromEntries(
        LIVE_LIMITS.map((name) => [name, { base: ranges[name].base, value: get(name) }]),
      ) as Record<LimitName, AppliedLimit>,
  };
}
