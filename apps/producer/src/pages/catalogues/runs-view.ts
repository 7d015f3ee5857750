import { type CatalogueRunResponse, type CatalogueRunStatus, type RenderStatus } from '@darkroom/api';
import type { CatalogueSummary } from '../../catalogues/index.ts';
import { emptyState, html, type Markup, stateBadge, table } from '../design/index.ts';
import { formatTime } from '../formats.ts';
import { createAlarms, describeNextNight, pathOfCatalogue, pathOfReport } from './parts.ts';

interface RunsFacts {
  catalogue: CatalogueSummary;
  runs: CatalogueRunResponse[];
  /** The cursor of the next page. */
  next: string | undefined;
  /** Whether the caller sees all tenants. */
  allTenants: boolean;
  mayCancel: boolean;
}

/** A catalogue: its schedule, and its runs as a table. */
export const createRunsView = (facts: RunsFacts): Markup => {
  const { catalogue, runs, next, allTenants } = facts;
  const path = pathOfCatalogue(catalogue, allTenants);
  return html`
<h1>${catalogue.name}</h1>
${allTenants && html`<p class="soft">A catalogue of tenant ${catalogue.tenant}.</p>`}
<div class="stack">${createAlarms(catalogue, allTenants)}</div>
<p>Next night: ${describeNextNight(catalogue)}${catalogue.schedule && html` <span class="soft">(<code>${catalogue.schedule.cron}</code>, by ${catalogue.schedule.actor})</span>`}</p>
<h2>Runs</h2>
${runs.length > 0 ? createRunTable(facts) : emptyState('There is no run yet.')}
${next && html`<p><a class="button" href="${path}?${new URLSearchParams({ cursor: next }).toString()}">Older runs</a></p>`}`;
};

const createRunTable = ({ catalogue, runs, allTenants, mayCancel }: RunsFacts): Markup =>
  table(
    [
      'Run',
      'Status',
      'Asked for',
      'Items',
      'Bought',
      'Unchanged',
      'Failed',
      'Not bought',
      'Quarantined',
      'Spent',
      '',
    ],
    runs.map((run) => [
      html`<span class="pair">${run.run}</span>`,
      describeStatus(run),
      html`${formatTime(Date.parse(run.requested_at))} <span class="soft">by ${run.actor}</span>`,
      run.items ?? run.counts.items,
      run.counts.bought,
      run.counts.unchanged,
      run.counts.failed,
      run.counts.not_bought,
      run.counts.quarantined,
      `$${run.cost.spent}${run.price === null ? '' : ` of $${run.price}`}`,
      run.manifest
        ? html`<a href="${pathOfReport(catalogue, run.run)}">report</a>`
        : mayCancel &&
          run.ended_at === null &&
          run.stops_buying === null &&
          cancelForm(run, pathOfCatalogue(catalogue, allTenants)),
    ]),
  );

const STATES: Record<CatalogueRunStatus, RenderStatus> = {
  waiting: 'queued',
  planning: 'rendering',
  rendering: 'rendering',
  delivering: 'storing',
  completed: 'completed',
  partial: 'failed',
  canceled: 'canceled',
  stopped: 'failed',
};

function describeStatus(run: CatalogueRunResponse): Markup {
  const { status, reason, ended, items, stops_buying: stops, eta } = run;
  const isRendering = status === 'rendering' && items !== null;
  return html`${stateBadge(STATES[status], status)}${isRendering && html` <progress max="${Math.max(1, items)}" value="${ended}" aria-label="${ended} of ${items} items ended"></progress>`}${eta && html` <span class="soft">until ${formatTime(Date.parse(eta))}</span>`}${stops && status !== 'canceled' && html` <span class="soft">buys nothing more: ${stops}</span>`}${reason && html` <span class="soft">${reason}</span>`}`;
}

const cancelForm = ({ run }: CatalogueRunResponse, path: string): Markup =>
  html`<form method="post" action="${path}/runs/${run}/cancel" class="row"><input name="reason" aria-label="Reason" placeholder="reason" maxlength="200" size="12"><button>Cancel</button></form>`;
