import { describeBudget } from '@darkroom/shared/budgets';
import { formatDollars } from '@darkroom/shared/snapshot';
import { emptyState, html, type Markup, stat, table } from '../design/index.ts';
import { formatTime } from '../formats.ts';
import type { OverviewFacts } from './overview-facts.ts';

const MAX_ROWS = 5;

/** Today's money: spent, refunded and possibly spent, by tenant and run. Pure. */
export function createMoneySection({ money }: Pick<OverviewFacts, 'money'>): Markup {
  if (!money) return emptyState('The object store has not answered yet.');
  const { total, byTenant, byRun, budgets } = money;
  const dollars = (micros: number) => `$${formatDollars(micros)}`;
  const budgetTable =
    budgets.length > 0 &&
    table(
      ['Budget', 'Used', 'Renews'],
      budgets.map(({ budget, usedMicros, renewsAt }) => [
        describeBudget(budget, formatDollars(budget.limitMicros)),
        usedMicros === undefined ? 'being counted' : dollars(usedMicros),
        renewsAt === undefined ? 'never' : formatTime(renewsAt),
      ]),
    );
  if (byTenant.length === 0)
    return html`${emptyState('No render that ended has a purchase of today.')}${budgetTable}`;
  const rows = (kind: string, groups: typeof byTenant) =>
    groups
      .slice(0, MAX_ROWS)
      .map(({ key, renders, spentMicros, refundedMicros, possiblySpentMicros }) => [
        html`${kind} ${key ?? 'without a run'}`,
        String(renders),
        dollars(spentMicros),
        dollars(refundedMicros),
        dollars(possiblySpentMicros),
      ]);
  return html`<div class="stats">
${stat('Spent', dollars(total.spentMicros), { note: 'ended renders, UTC day' })}
${stat('Refunded', dollars(total.refundedMicros))}
${stat('Possibly spent', dollars(total.possiblySpentMicros), { note: 'unknown purchases' })}
</div>
${table(['', 'Renders', 'Spent', 'Refunded', 'Possibly spent'], [...rows('tenant', byTenant), ...rows('run', byRun)])}
${budgetTable}`;
}
