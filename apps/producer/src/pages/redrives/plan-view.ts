import type { RedrivePlanResponse } from '@darkroom/api';
import { card, html, type Markup, stat } from '../design/index.ts';
import { formatTime } from '../formats.ts';

interface PlanFacts {
  plan: RedrivePlanResponse;
  /** The id of the redrive that executes it. Absent while there is none. */
  redrive: string | undefined;
  mayChange: boolean;
  /** Unix milliseconds. */
  now: number;
}

/** A plan: what a redrive would do, and what it would cost. Nothing has changed yet. */
export const createPlanView = ({ plan, redrive, mayChange, now }: PlanFacts): Markup => {
  const { purchases, acknowledge, steps } = plan;
  const expiresAt = Date.parse(plan.expires_at);
  return html`
<h1>Plan of a redrive</h1>
<p class="soft"><a href="/dead-letters">Dead letters</a> · <code>${plan.id}</code> · made ${formatTime(Date.parse(plan.created_at))}, can be executed until ${formatTime(expiresAt)}</p>
<div class="stats">
${stat('Renders', String(plan.total))}
${stat('Bought again', String(purchases.count), { note: `price: ${purchases.price === null ? 'unknown' : `$${purchases.price}`}` })}
${stat('Need an acknowledgement', String(acknowledge.count), { note: `price, if bought again: $${acknowledge.price}` })}
${plan.unknown > 0 && stat('Price unknown', String(plan.unknown), { note: 'in no sum' })}
</div>
<h2>Where they go on</h2>
<ul>${Object.entries(steps).flatMap(([step, count]) => (count > 0 ? html`<li>${count} at the step <code>${step}</code></li>\n` : []))}</ul>
${plan.not_found.length > 0 && html`<h2>Not in the plan</h2><p>${plan.not_found.length} selected renders have no open dead letter:</p><ul>${plan.not_found.map((id) => html`<li><a href="/renders/${id}"><code>${id}</code></a></li>`)}</ul>`}
${redrive ? card(html`<p>This plan is executed by <a href="/redrives/${redrive}">its redrive</a>.</p>`) : mayChange && (now < expiresAt ? executionForm(plan) : card(html`<p>The plan has expired. Make a new one.</p>`, 'warning'))}`;
};

function executionForm({ id, total, acknowledge }: RedrivePlanResponse): Markup {
  if (total === 0) return card(html`<p>The plan is empty: no render of it can be redriven.</p>`, 'warning');
  return html`<h2>Execute</h2>
<form method="post" action="/redrive-plans/${id}/execute" class="card stack">
<div class="filters">
<label>Renders per second<input name="rate" type="number" value="10" min="0.01" max="500" step="any" required></label>
<label>Stop before more renders (optional)<input name="max_jobs" type="number" min="1"></label>
<label>Stop before dollars (optional)<input name="max_spend" inputmode="decimal" pattern="\\d{1,9}(\\.\\d{1,6})?" placeholder="12.50" size="8"></label>
<label>Reason (optional)<input name="reason" maxlength="200"></label>
</div>
${
  acknowledge.count > 0 &&
  html`<fieldset><legend>${acknowledge.count} may have been bought already</legend>
<p><label><input type="radio" name="unclear" value="" checked> Skip them.</label></p>
<p><label><input type="radio" name="unclear" value="poll_again"> Look again, without buying: read the ledger and poll their tasks.</label></p>
<p><label><input type="radio" name="unclear" value="accept_duplicate_charge"> Buy them again for $${acknowledge.price}. A second charge is accepted.</label></p></fieldset>`
}
<p><button class="primary">Redrive ${total} ${total === 1 ? 'render' : 'renders'}</button></p>
<p class="soft">It does what the plan says. A render that changes before its turn is skipped and listed.</p>
</form>`;
}
