import { readdir, stat } from 'node:fs/promises';
import { readErrorCode } from './errors.ts';

/** Reads the sorted names in a folder. Folders are compared with their slash: `a-1` comes before `a/1`, as in S3. */
export type ReadNames = (dir: string) => Promise<readonly string[]>;

/** Smaller folders are read in less time than it takes to look them up. */
const MIN_KEPT = 1_000;
/** About 30 MB. */
const MAX_KEPT = 300_000;
/** File systems round the time of a change, at most to this. */
const MAX_ROUNDING_MS = 2_000;

/**
 * Remembers the names in large folders: to read a hundred thousand takes 70 ms, and a walk reads them once per page. A
 * change of a folder changes its time. The names are used again only if they were read well after the last change.
 */
export function createNameReader(now: () => number): ReadNames {
  const kept = new Map<string, { changedAt: bigint; names: readonly string[] }>();
  const keep = (dir: string, changedAt: bigint, names: readonly string[]) => {
    kept.delete(dir);
    kept.set(dir, { changedAt, names });
    let total = [...kept.values()].reduce((sum, one) => sum + one.names.length, 0);
    // A map keeps the order of additions: the first one was used longest ago.
    for (const [oldest, one] of kept) {
      if (total <= MAX_KEPT) break;
      kept.delete(oldest);
      total -= one.names.length;
    }
  };
  return async (dir) => {
    try {
      const startedAt = now();
      const { mtimeNs: changedAt } = await stat(dir, { bigint: true });
      const known = kept.get(dir);
      if (known?.changedAt === changedAt) {
        keep(dir, changedAt, known.names);
        return known.names;
      }
      kept.delete(dir);
      const entries = await readdir(dir, { withFileTypes: true });
      const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
      const isOldEnough = startedAt - Number(changedAt / 1_000_000n) > MAX_ROUNDING_MS;
      if (isOldEnough && names.length >= MIN_KEPT) keep(dir, changedAt, names);
      return names;
    } catch (error) {
      // `a/` is no folder when there is an object `a`.
      if (['ENOENT', 'ENOTDIR'].includes(readErrorCode(error))) return [];
      throw error;
    }
  };
}
