import type { DeadLetterGroup, DeadLetterGroupKind, DeadLetterSummaryResponse } from '@darkroom/api';
import { formatDollars } from '@darkroom/shared/snapshot';
import type { OpenDeadLetter } from './dead-letter.ts';
import { type ForecastContext, forecastRedrive } from './forecast-redrive.ts';

/** How often renders of a group were redriven, and how often they failed again. */
export interface RedriveTally {
  renders: number;
  failedAgain: number;
}

/** The tallies of the redrives that have ended, by the kind of the group and its key. */
export type RedriveTallies = Record<DeadLetterGroupKind, ReadonlyMap<string, RedriveTally>>;

const MAX_GROUPS = 500;
const MAX_EXAMPLES = 3;

/** The key of the group of a dead letter. Renders without a run are one group. */
export const GROUP_KEY: Record<DeadLetterGroupKind, (letter: OpenDeadLetter) => string> = {
  reason: ({ reason }) => reason,
  run: ({ run = '' }) => run,
  tenant: ({ tenant }) => tenant,
  model: ({ request }) => request.model,
  step: ({ step }) => step,
};

class Totals {
  count = 0;
  spentMicros = 0;
  refundedMicros = 0;
  possiblySpentMicros = 0;
  priceMicros: number | undefined = 0;
  acknowledgeCount = 0;
  acknowledgeMicros: number | undefined = 0;

  add({ cost }: OpenDeadLetter, { action, priceMicros }: ReturnType<typeof forecastRedrive>): void {
    this.count += 1;
    this.spentMicros += cost.spentMicros;
    this.refundedMicros += cost.refundedMicros;
    this.possiblySpentMicros += cost.possiblySpentMicros;
    if (action === 'acknowledge') {
      this.acknowledgeCount += 1;
      this.acknowledgeMicros = addOrUnknown(this.acknowledgeMicros, priceMicros);
    } else {
      this.priceMicros = addOrUnknown(this.priceMicros, priceMicros);
    }
  }

  toResponse() {
    return {
      count: this.count,
      spent: formatDollars(this.spentMicros),
      refunded: formatDollars(this.refundedMicros),
      possibly_spent: formatDollars(this.possiblySpentMicros),
      redrive_price: formatPrice(this.priceMicros),
      acknowledge: { count: this.acknowledgeCount, price: formatPrice(this.acknowledgeMicros) },
    };
  }
}

const addOrUnknown = (sum: number | undefined, price: number | undefined) =>
  sum === undefined || price === undefined ? undefined : sum + price;

/** An unknown price is null, never 0. */
export const formatPrice = (micros: number | undefined) =>
  micros === undefined ? null : formatDollars(micros);

interface Group {
  key: string;
  first: OpenDeadLetter;
  firstFailedAt: number;
  lastFailedAt: number;
  redrivenBefore: number;
  examples: string[];
  totals: Totals;
}

/**
 * Groups dead letters, the largest group first.
 *
 * @param letters the latest failure first
 */
export function summarizeDeadLetters(
  letters: Iterable<OpenDeadLetter>,
  groupBy: DeadLetterGroupKind,
  tallies: RedriveTallies,
  context: ForecastContext,
): DeadLetterSummaryResponse {
  const all = new Totals();
  const groups = new Map<string, Group>();
  for (const letter of letters) {
    const forecast = forecastRedrive(letter, context);
    all.add(letter, forecast);
    const key = GROUP_KEY[groupBy](letter);
    const group = groups.get(key) ?? createGroup(key, letter);
    groups.set(key, group);
    group.totals.add(letter, forecast);
    group.firstFailedAt = Math.min(group.firstFailedAt, letter.failedAt);
    if (letter.end > 1) group.redrivenBefore += 1;
    if (group.examples.length < MAX_EXAMPLES) group.examples.push(letter.renderId);
  }
  const sorted = [...groups.values()].sort(
    (a, b) => b.totals.count - a.totals.count || (a.key < b.key ? -1 : 1),
  );
  return {
    object: 'dead_letter_summary',
    group_by: groupBy,
    ...all.toResponse(),
    currency: 'USD',
    groups: sorted.slice(0, MAX_GROUPS).map((group) => groupResponse(group, groupBy, tallies)),
    more_groups: Math.max(0, sorted.length - MAX_GROUPS),
  };
}

const createGroup = (key: string, first: OpenDeadLetter): Group => ({
  key,
  first,
  firstFailedAt: first.failedAt,
  lastFailedAt: first.failedAt,
  redrivenBefore: 0,
  examples: [],
  totals: new Totals(),
});

function groupResponse(
  { key, first, totals, ...group }: Group,
  groupBy: DeadLetterGroupKind,
  tallies: RedriveTallies,
): DeadLetterGroup {
  const tally = tallies[groupBy].get(key);
  return {
    key: key === '' ? null : key,
    ...(groupBy === 'reason' ? { code: first.code, message: first.normalized } : {}),
    ...totals.toResponse(),
    first_failed_at: new Date(group.firstFailedAt).toISOString(),
    last_failed_at: new Date(group.lastFailedAt).toISOString(),
    redriven_before: group.redrivenBefore,
    earlier_redrives: { renders: tally?.renders ?? 0, failed_again: tally?.failedAgain ?? 0 },
    examples: group.examples,
  };
}
