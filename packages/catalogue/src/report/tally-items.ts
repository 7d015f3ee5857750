import { classifyItem, REPORT_STATES, type ReportEntry, type ReportState, toMicros } from './pack-items.ts';

/** The sums of a report. All amounts are micro-dollars. */
export interface ReportTally {
  items: number;
  /** Products: items with the same key count once. */
  rows: number;
  counts: Record<ReportState, number>;
  spent: number;
  refunded: number;
  possiblySpent: number;
  /** How often each error came. */
  errors: Map<string, number>;
  /** When the items of this run ended, in minutes since 1970: completed and failed. */
  minutes: Map<number, { done: number; dead: number }>;
}

const MINUTE_MS = 60_000;

/** Sums the items of a report, one after the other. */
export function createReportTally(): { add(one: ReportEntry): void; read(): ReportTally } {
  const tally: ReportTally = {
    items: 0,
    rows: 0,
    counts: Object.fromEntries(REPORT_STATES.map((state) => [state, 0])) as Record<ReportState, number>,
    spent: 0,
    refunded: 0,
    possiblySpent: 0,
    errors: new Map(),
    minutes: new Map(),
  };
  let lastKey: string | undefined;
  return {
    add(one) {
      const { entry } = one;
      const state = classifyItem(one);
      tally.items += 1;
      // The views of a product follow each other.
      if (entry.key !== lastKey) tally.rows += 1;
      lastKey = entry.key;
      tally.counts[state] += 1;
      tally.spent += toMicros(entry.cost.spent);
      tally.refunded += toMicros(entry.cost.refunded);
      tally.possiblySpent += toMicros(entry.cost.possibly_spent);
      if (entry.error) tally.errors.set(entry.error.code, (tally.errors.get(entry.error.code) ?? 0) + 1);
      if (entry.finished_at === null || state === 'unchanged') return;
      const minute = Math.floor(Date.parse(entry.finished_at) / MINUTE_MS);
      const sums = tally.minutes.get(minute) ?? { done: 0, dead: 0 };
      if (state === 'new' || state === 'changed') sums.done += 1;
      else sums.dead += 1;
      tally.minutes.set(minute, sums);
    },
    read: () => tally,
  };
}

const STEPS = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440];
const MAX_COLUMNS = 24;

/** Columns of the timeline: the shortest step with which the run has at most 24. */
export function createTimeline(
  minutes: ReportTally['minutes'],
  startedAt: number,
  finishedAt: number,
): { step: number; from: number; columns: { done: number; dead: number }[] } {
  const found = [...minutes.keys()];
  const first = Math.min(Math.floor(startedAt / MINUTE_MS), ...found);
  const last = Math.max(Math.floor(finishedAt / MINUTE_MS), ...found);
  const step =
    STEPS.find((one) => Math.floor(last / one) - Math.floor(first / one) < MAX_COLUMNS) ??
    Math.ceil((last - first + 1) / (MAX_COLUMNS - 1));
  const from = Math.floor(first / step);
  const columns = Array.from({ length: Math.floor(last / step) - from + 1 }, () => ({ done: 0, dead: 0 }));
  for (const [minute, { done, dead }] of minutes) {
    const column = columns[Math.floor(minute / step) - from];
    if (!column) continue;
    column.done += done;
    column.dead += dead;
  }
  return { step, from: from * step * MINUTE_MS, columns };
}
