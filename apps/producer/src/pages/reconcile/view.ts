import type { ReconcileResponse, ReconcileResult } from '@darkroom/api';
import { card, emptyState, html, type Markup, stat, table } from '../design/index.ts';
import { formatTime } from '../formats.ts';

const RESULT_TEXTS: Record<ReconcileResult, string> = {
  balanced: 'The books explain the balance',
  unexplained: 'The books do not explain the balance',
  all_bought: 'Proven: all unknown purchases were charged',
  none_bought: 'Proven: no unknown purchase was charged',
  unproven: 'Not proven: the unknown purchases stay open',
};

/** The page. Pure. */
export const createReconcileView = (
  reports: readonly ReconcileResponse[],
  { mayCreate, created }: { mayCreate: boolean; created: ReconcileResponse | undefined },
): Markup => {
  const [latest, ...earlier] = created
    ? [created, ...reports.filter(({ id }) => id !== created.id)]
    : reports;
  return html`
<h1>Reconciliation</h1>
<p class="soft">The books of a period against the balance of the provider before and after it.</p>
${mayCreate && createForm()}
${latest ? createReport(latest) : emptyState('There is no report yet.')}
${
  earlier.length > 0 &&
  html`<h2>Earlier reports</h2>
${table(
  ['Made', 'Period', 'Remainder', 'Result', 'Resolved'],
  earlier.map((one) => [
    formatTime(Date.parse(one.created_at)),
    describePeriod(one),
    showDollars(one.remainder),
    RESULT_TEXTS[one.result],
    String(one.resolved),
  ]),
)}`
}`;
};

const createForm = (): Markup => html`<form method="post" action="/reconcile" class="filters card">
<label>First UTC day<input name="from" type="date"></label>
<label>Last UTC day<input name="to" type="date"></label>
<label>Top-ups in dollars<input name="top_ups" inputmode="decimal" maxlength="16"></label>
<span class="row"><label><input type="checkbox" name="resolve" value="yes"> resolve what is proven</label></span>
<button>Compare</button>
</form>`;

function createReport(report: ReconcileResponse): Markup {
  const { before, after, charged, refunded, expected, actual, remainder, possibly_spent: open } = report;
  const isGood = report.result === 'balanced' || report.result.endsWith('bought');
  return html`<h2>${describePeriod(report)}</h2>
${card(html`<p><strong>${RESULT_TEXTS[report.result]}</strong></p><p>${describeResolved(report)}</p>`, isGood ? undefined : 'warning')}
<div class="stats">
${stat('Balance before', showDollars(before.balance), { note: before.at })}
${stat('Balance after', showDollars(after.balance), { note: after.at })}
${stat('Top-ups', showDollars(report.top_ups), { note: 'as stated' })}
${stat('Charged', showDollars(charged), { note: 'also refunded purchases' })}
${stat('Refunded', showDollars(refunded))}
${stat('Expected difference', showDollars(expected))}
${stat('Actual difference', showDollars(actual))}
${stat('Unexplained', showDollars(remainder))}
${stat('Possibly spent', showDollars(open), { note: `${report.unknown.length + report.more_unknown} unknown purchases` })}
</div>
${report.doubts.length > 0 && html`<h3>Why nothing is proven</h3><ul>${report.doubts.map(({ message, purchases }) => html`<li>${message}${purchases > 0 && ` (${purchases})`}</li>\n`)}</ul>`}
${report.unknown.length > 0 && createUnknownTable(report)}`;
}

const createUnknownTable = ({ unknown, more_unknown: more }: ReconcileResponse): Markup => html`
<h3>Unknown purchases</h3>
${table(
  ['Render', 'Tenant', 'Price', 'Claimed', 'State'],
  unknown.map((one) => [
    html`<a href="/renders/${one.render_id}"><code>${one.render_id}</code></a>`,
    one.tenant,
    showDollars(one.price),
    formatTime(Date.parse(one.claimed_at)),
    one.resolved
      ? `resolved: ${one.resolved === 'bought' ? 'charged' : 'not charged'}`
      : one.command
        ? html`open: <code>${one.command}</code>`
        : 'its render has ended',
  ]),
)}
${more > 0 && html`<p>${more} more</p>`}`;

const describePeriod = ({ from, to }: ReconcileResponse): string => (from === to ? from : `${from} to ${to}`);

const describeResolved = ({ resolved, unknown }: ReconcileResponse): string =>
  resolved > 0
    ? `${resolved} resolved.`
    : unknown.some(({ command }) => command !== null)
      ? 'Nothing was resolved. The table has the command that resolves each purchase.'
      : 'Nothing was resolved.';

/** `-0.025` as `-$0.025`. */
const showDollars = (amount: string): string =>
  amount.startsWith('-') ? `-$${amount.slice(1)}` : `$${amount}`;
