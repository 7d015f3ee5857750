import { RENDER_STATUSES, type RunResponse } from '@darkroom/api';
import { card, html, type Markup, stat } from '../design/index.ts';
import { formatTime } from '../formats.ts';
import { pathOfRun, runBadge } from './list-view.ts';

interface RunViewFacts {
  run: RunResponse;
  /** Whether the caller sees all tenants. */
  allTenants: boolean;
  mayClose: boolean;
  mayRedrive: boolean;
}

/** A run: how far it is, its money, and its forms. */
export const createRunView = (facts: RunViewFacts): Markup => {
  const { run, allTenants } = facts;
  const { counts, total } = run;
  const ended = counts.completed + counts.failed + counts.canceled;
  const renders = (more: Record<string, string> = {}) =>
    `/renders?${new URLSearchParams({ run: run.id, ...(allTenants ? { tenant: run.tenant } : {}), ...more }).toString()}`;
  return html`
<h1>${run.name ?? run.id}</h1>
<p>${runBadge(run)} <code>${run.id}</code> <span class="soft">created ${formatTime(Date.parse(run.created_at))} by ${run.created_by}${allTenants && `, tenant ${run.tenant}`}${run.cancel_reason && ` · canceled: ${run.cancel_reason}`}</span></p>
${!run.counts_complete && card(html`<p>The queue was lost, and a worker counts the renders again. Numbers of this page may be too low.</p>`, 'warning')}
<p><progress max="${Math.max(1, total)}" value="${ended}">${ended} of ${total}</progress></p>
<div class="stats">
${stat('Renders', String(total), { href: renders(), note: describePace(run, total - ended) })}
${RENDER_STATUSES.map((status) => stat(capitalize(status), String(counts[status]), { href: renders({ status }) }))}
${stat('Spent', `$${run.spent}`, { note: run.budget === null ? `refunded $${run.refunded}` : `of at most $${run.budget}, refunded $${run.refunded}` })}
${stat('Possibly spent', `$${run.possibly_spent}`, { note: 'unknown purchases' })}
</div>
<p class="soft">${describeEnd(run)}</p>
${createForms(facts)}
<p><a href="${run.links.results}">Its results, as lines of JSON</a></p>`;
};

const capitalize = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function describePace({ rate, eta }: RunResponse, left: number): string {
  if (left === 0) return 'all have ended';
  if (rate === null) return `${left} left; none ended in the last ten minutes`;
  return `${left} left, ${rate} per minute${eta === null ? '' : `, until ${eta.slice(11, 16)} UTC`}`;
}

function describeEnd({ status, deadline, finished_at: finishedAt }: RunResponse): Markup {
  const end = deadline && html` It buys nothing after ${formatTime(Date.parse(deadline))}.`;
  if (finishedAt !== null) return html`Finished ${formatTime(Date.parse(finishedAt))}.`;
  if (status === 'open') return html`It takes renders. It can finish when it is sealed.${end}`;
  if (status === 'canceling') return html`It buys nothing more. Images that are bought are still stored.`;
  return html`It takes no more renders, and finishes with its last one.${end}`;
}

function createForms({ run, allTenants, mayClose, mayRedrive }: RunViewFacts): Markup {
  const form = (name: string, text: string) =>
    html`<form method="post" action="${pathOfRun(run, { allTenants, form: name })}" class="row"><input name="reason" aria-label="Reason" placeholder="reason" maxlength="200" size="12"><button>${text}</button></form>\n`;
  const isOpen = run.status === 'open' || run.status === 'sealed';
  return html`<div class="row">${mayClose && run.status === 'open' && form('seal', 'Seal')}${mayClose && isOpen && form('cancel', 'Cancel')}${
    mayRedrive &&
    run.counts.failed > 0 &&
    html`<form method="post" action="${pathOfRun(run, { allTenants, form: 'redrive' })}"><button>Plan a redrive of the failed ones</button></form>`
  }</div>`;
}
