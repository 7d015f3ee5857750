import { describeLimit, type LimitResponse } from '@darkroom/api';
import { html, type Markup, table } from '../design/index.ts';
import { formatTime } from '../formats.ts';

/** How long an override lasts, in minutes. */
const DURATIONS = { '30': '30 minutes', '120': '2 hours', '480': '8 hours', '1440': 'a day' };

export const createLimitsView = (limits: readonly LimitResponse[], mayChange: boolean): Markup => html`
${table(
  ['Limit', 'Value', 'Base', 'Range', 'Override', 'Applied', ''],
  limits.map((limit) => [
    html`<code>${limit.name}</code><br><span class="soft">${describeLimit(limit.name)}</span>`,
    html`<strong>${String(limit.value)}</strong>`,
    String(limit.base),
    `${limit.minimum} to ${limit.maximum}`,
    overrideCell(limit),
    describeApplied(limit),
    mayChange &&
      limit.override &&
      html`<form method="post" action="/workers/limits/unset"><input type="hidden" name="limit" value="${limit.name}"><button>Unset</button></form>`,
  ]),
)}
${mayChange && createForm(limits)}`;

function overrideCell({ override, ended }: LimitResponse): Markup | string {
  if (override) {
    const end = override.until ? html`until ${formatTime(Date.parse(override.until))}` : 'until it is unset';
    return html`${String(override.value)} ${end}: ${override.reason} <span class="soft">(${override.actor})</span>`;
  }
  if (!ended?.until) return '';
  return html`<span class="soft">${String(ended.value)} ended by itself ${formatTime(Date.parse(ended.until))}: ${ended.reason}</span>`;
}

/** How many workers have applied the override; without one, each has the value of its own settings. */
function describeApplied({ override, workers }: LimitResponse): Markup | string {
  if (!override) return [...new Set(workers.map(({ value }) => value))].join(', ');
  const late = workers.filter(({ value }) => value !== override.value);
  if (late.length === 0) return `by all ${workers.length} workers`;
  return html`by ${String(workers.length - late.length)} of ${String(workers.length)} workers; not by ${late.map(({ name }) => html`<code>${name}</code> `)}`;
}

const createForm = (limits: readonly LimitResponse[]): Markup => html`<h3>Override a limit</h3>
<form method="post" action="/workers/limits" class="filters card">
<label>Limit<select name="limit">${limits.map(({ name }) => html`<option>${name}</option>`)}<option value="tenant-share">share of a tenant</option></select></label>
<label>Tenant<input name="tenant" size="12" placeholder="for a share"></label>
<label>Value<input name="value" type="number" required min="1" size="6"></label>
<label>Reason<input name="reason" required maxlength="200"></label>
<label>Ends<select name="minutes"><option value="">when it is unset</option>${Object.entries(DURATIONS).map(
  ([minutes, text]) => html`<option value="${minutes}">after ${text}</option>`,
)}</select></label>
<button>Override</button>
</form>`;
