import type { ManifestEntry, RunCounts } from '@darkroom/catalogue';
import type { Cost } from '@darkroom/shared/render';
import { parseDollars } from '@darkroom/shared/snapshot';

/** What became of items, and what they cost. */
export interface Tally {
  counts: RunCounts;
  cost: Cost;
}

export const createTally = (): Tally => ({
  counts: { items: 0, bought: 0, unchanged: 0, quarantined: 0, not_bought: 0, failed: 0 },
  cost: { spentMicros: 0, refundedMicros: 0, possiblySpentMicros: 0 },
});

/** Adds entries to a tally. Each is counted in exactly one way. */
export function addToTally({ counts, cost }: Tally, entries: readonly ManifestEntry[]): void {
  for (const entry of entries) {
    counts.items += 1;
    counts[
      entry.status === 'completed' ? (entry.origin === 'reused' ? 'unchanged' : 'bought') : entry.status
    ] += 1;
    cost.spentMicros += parseDollars(entry.cost.spent);
    cost.refundedMicros += parseDollars(entry.cost.refunded);
    cost.possiblySpentMicros += parseDollars(entry.cost.possibly_spent);
  }
}
