import { DEAD_LETTER_GROUPS } from '@darkroom/api';
import type { RedriveEnd, RedriveStore } from '@darkroom/shared/redrives';
import pMap from 'p-map';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import type { RedriveTallies } from '../dead-letters/index.ts';
import { isVisible } from './find-redrive.ts';

/** Redrives whose results a summary shows, the latest ones. */
const MAX_REDRIVES = 200;
const PARALLEL = 16;

/**
 * What became of renders that were redriven before. Ends of redrives never change: each is read once.
 *
 * @returns reads the tallies of the redrives that an operator of `scope` may see.
 */
export function createTalliesReader(redrives: RedriveStore): (scope: string) => Promise<RedriveTallies> {
  const ends = new Map<string, RedriveEnd>();
  const readEnd = async (key: string): Promise<RedriveEnd | undefined> => {
    const known = ends.get(key);
    if (known) return known;
    const end = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      redrives.readEnd(key, { signal }),
    );
    if (end) ends.set(key, end);
    return end;
  };
  return async (scope) => {
    const listed = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      redrives.list({ limit: MAX_REDRIVES, signal }),
    );
    const present = new Set(listed.map(({ key }) => key));
    for (const key of ends.keys()) if (!present.has(key)) ends.delete(key);
    const visible = listed.filter((one) => isVisible(scope, one.scope));
    const found = await pMap(visible, ({ key }) => readEnd(key), { concurrency: PARALLEL });
    return sumTallies(found.flatMap((end) => end ?? []));
  };
}

function sumTallies(ends: readonly RedriveEnd[]): RedriveTallies {
  const sums = DEAD_LETTER_GROUPS.map((_, kind) => {
    const sum = new Map<string, { renders: number; failedAgain: number }>();
    for (const { tallies } of ends) {
      for (const [group, [renders, failedAgain]] of Object.entries(tallies[kind] ?? {})) {
        const present = sum.get(group) ?? { renders: 0, failedAgain: 0 };
        sum.set(group, {
          renders: present.renders + renders,
          failedAgain: present.failedAgain + failedAgain,
        });
      }
    }
    return sum;
  });
  const [reason = new Map(), run = new Map(), tenant = new Map(), model = new Map(), step = new Map()] = sums;
  return { reason, run, tenant, model, step };
}
