import {
  type DeadLetterGroup,
  type DeadLetterGroupKind,
  type DeadLetterSummaryResponse,
  FAILURES,
} from '@darkroom/api';
import { card, emptyState, html, type Markup, stat } from '../design/index.ts';
import { formatTime } from '../formats.ts';
import { formatPrice } from './amounts.ts';
import { createFilterForm, hiddenFields } from './filter-form.ts';
import { listPath } from './query.ts';

export interface GroupsFacts {
  summary: DeadLetterSummaryResponse;
  /** The fields of the page's query. */
  fields: Record<string, string>;
  /** The filters of {@link fields} as the API takes them. */
  filters: Record<string, string>;
  allTenants: boolean;
  /** Whether the caller can redrive and discard. */
  mayChange: boolean;
}

/** Groups of dead letters, the largest first. */
export const createGroupsView = (facts: GroupsFacts): Markup => {
  const { summary, fields, filters, allTenants } = facts;
  return html`
<h1>Dead letters</h1>
<p class="soft">Renders that failed for good. A redrive runs them again, by a plan that names its price first.
<a href="/redrives">All redrives</a></p>
${createFilterForm({ action: '/dead-letters', fields: { group_by: summary.group_by, ...fields }, allTenants, withGroups: true })}
<h2>${summary.count} ${summary.count === 1 ? 'dead letter' : 'dead letters'}</h2>
<div class="stats">
${stat('Open', String(summary.count), { href: listPath(filters) })}
${stat('Spent on them', `$${summary.spent}`, { note: `refunded $${summary.refunded}` })}
${stat('Possibly spent', `$${summary.possibly_spent}`, { note: 'unknown purchases' })}
${stat('Price of a redrive', formatPrice(summary.redrive_price), { note: `${summary.acknowledge.count} more need an acknowledgement: ${formatPrice(summary.acknowledge.price)}` })}
</div>
<h2>By ${summary.group_by}</h2>
${
  summary.groups.length > 0
    ? html`<div class="stack">${summary.groups.map((group) => createGroup(group, facts))}</div>`
    : emptyState('No dead letter matches the filters.')
}
${summary.more_groups > 0 && html`<p class="soft">${summary.more_groups} smaller groups are not shown. Use the filters.</p>`}`;
};

function createGroup(group: DeadLetterGroup, { summary, filters, mayChange }: GroupsFacts): Markup {
  const kind = summary.group_by;
  // No filter selects renders without a run.
  const selection = group.key === null ? undefined : { ...filters, [kind]: group.key };
  const { earlier_redrives: earlier, acknowledge } = group;
  return card(
    html`<p><strong>${group.count} × ${titleOf(group, kind)}</strong></p>
${group.message && html`<p><code>${group.message}</code></p>`}
<dl>
<dt>Seen<dd>${formatTime(Date.parse(group.first_failed_at))} to ${formatTime(Date.parse(group.last_failed_at))}
<dt>Earlier redrives<dd>${group.redriven_before} of these were redriven before and failed again${earlier.renders > 0 && `; in all, ${earlier.renders} were redriven and ${earlier.failed_again} failed again`}
<dt>Money<dd>$${group.spent} spent, $${group.possibly_spent} possibly spent
<dt>A redrive costs<dd>${formatPrice(group.redrive_price)}${acknowledge.count > 0 && `; ${acknowledge.count} need an acknowledgement: ${formatPrice(acknowledge.price)}`}
<dt>Examples<dd>${group.examples.map((id, at) => html`${at > 0 && ', '}<a href="/dead-letters/${id}"><code>${id}</code></a>`)}
</dl>
${selection && html`<div class="row"><a class="button" href="${listPath(selection)}">Show all ${group.count}</a>${mayChange && planForm(selection)}</div>`}`,
    'warning',
  );
}

const planForm = (selection: Record<string, string>): Markup =>
  html`<form method="post" action="/redrive-plans">${hiddenFields(selection)}<button>Plan a redrive</button></form>`;

function titleOf({ code, key }: DeadLetterGroup, kind: DeadLetterGroupKind): Markup | string {
  if (code) return html`${FAILURES[code].title} <a href="/problems/${code}"><code>${code}</code></a>`;
  return key ?? `no ${kind}`;
}
