import type { DeadLetterResponse } from '@darkroom/api';
import { emptyState, html, type Markup, table } from '../design/index.ts';
import { formatTime, shorten } from '../formats.ts';
import { describeRedrive } from './amounts.ts';
import { createFilterForm, hiddenFields } from './filter-form.ts';
import { listPath } from './query.ts';

export interface ListFacts {
  letters: DeadLetterResponse[];
  /** How many match. */
  total: number;
  /** The cursor of the next page. */
  next: string | undefined;
  fields: Record<string, string>;
  filters: Record<string, string>;
  allTenants: boolean;
  mayChange: boolean;
  /** How many were just discarded, and how many of them remain. */
  discarded?: { count: string; remaining: string };
}

/** Dead letters, with boxes to select them. */
export const createListView = (facts: ListFacts): Markup => {
  const { letters, total, next, fields, filters, allTenants, mayChange, discarded } = facts;
  return html`
<h1>Dead letters</h1>
<p><a href="/dead-letters">Groups</a></p>
${discarded && html`<p class="card" role="status">${discarded.count} discarded. ${discarded.remaining !== '0' && `${discarded.remaining} remain: discard again.`}</p>`}
${createFilterForm({ action: '/dead-letters/list', fields, allTenants })}
<h2>${total} ${total === 1 ? 'matches' : 'match'}</h2>
${letters.length === 0 ? emptyState('No dead letter matches the filters.') : createForm(letters, mayChange)}
${next && html`<p><a class="button" href="${listPath({ ...fields, cursor: next })}">Next page</a></p>`}
${mayChange && letters.length > 0 && createActionsOnAll(total, filters)}`;
};

const createForm = (
  letters: readonly DeadLetterResponse[],
  mayChange: boolean,
): Markup => html`<form method="post">
${table(
  [...(mayChange ? ['Select'] : []), 'Render', 'Failed', 'Reason', 'Tenant, run', 'A redrive'],
  letters.map((letter) => [
    ...(mayChange
      ? [html`<input type="checkbox" name="id" value="${letter.id}" aria-label="Select ${letter.id}">`]
      : []),
    html`<a href="/dead-letters/${letter.id}"><code>${letter.id.slice(0, 12)}…</code></a>`,
    formatTime(Date.parse(letter.failed_at)),
    html`<code>${letter.code}</code> ${shorten(letter.message, 140)}${letter.redrives > 0 && html` <span class="soft">redriven ${letter.redrives} ×</span>`}`,
    html`${letter.tenant}${letter.run && html`, ${letter.run}`}`,
    describeRedrive(letter.redrive),
  ]),
)}
${
  mayChange &&
  html`<div class="row card"><button formaction="/redrive-plans">Plan a redrive of the selected</button>
<label>Note <input name="note" maxlength="300"></label><button formaction="/dead-letters/discard">Discard the selected</button></div>`
}
</form>`;

const createActionsOnAll = (total: number, filters: Record<string, string>): Markup => html`
<h2>All ${total} that match</h2>
<div class="row card">
<form method="post" action="/redrive-plans">${hiddenFields(filters)}<button>Plan a redrive of all ${total}</button></form>
<form method="post" action="/dead-letters/discard" class="row">${hiddenFields(filters)}<label>Note <input name="note" required maxlength="300"></label><button>Discard all ${total}</button></form>
</div>
<p class="soft">A discarded dead letter does not come back; its render stays failed. A plan changes nothing.</p>`;
