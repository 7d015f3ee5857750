import type { RenderStatus, RunResponse, RunStatus } from '@darkroom/api';
import { emptyState, html, type Markup, stateBadge, table } from '../design/index.ts';
import { formatTime } from '../formats.ts';

interface ListFacts {
  runs: readonly RunResponse[];
  /** The cursor of the next page. */
  next: string | undefined;
  /** Whether the caller sees all tenants. */
  allTenants: boolean;
}

/** The page of a run, or of one of its forms. With several tenants, it names the tenant. */
export const pathOfRun = (
  { tenant, id }: { tenant: string; id: string },
  { allTenants, form }: { allTenants: boolean; form?: string },
): string =>
  `/runs/${encodeURIComponent(id)}${form ? `/${form}` : ''}${allTenants ? `?${new URLSearchParams({ tenant }).toString()}` : ''}`;

/** Runs, the latest first. */
export const createRunList = ({ runs, next, allTenants }: ListFacts): Markup => html`
<h1>Runs</h1>
<p class="soft">Renders that belong together: how many have ended, what they cost, and when the last one will end. A batch is a run, too.</p>
${
  runs.length > 0
    ? table(
        [
          'Run',
          ...(allTenants ? ['Tenant'] : []),
          'Status',
          'Renders',
          'Completed',
          'Failed',
          'Canceled',
          'Spent',
          'Created',
        ],
        runs.map((run) => [
          html`<a href="${pathOfRun(run, { allTenants })}">${run.name ?? run.id}</a>`,
          ...(allTenants ? [run.tenant] : []),
          runBadge(run),
          run.total,
          run.counts.completed,
          run.counts.failed,
          run.counts.canceled,
          `$${run.spent}`,
          html`${formatTime(Date.parse(run.created_at))} <span class="soft">by ${run.created_by}</span>`,
        ]),
      )
    : emptyState(
        html`There is no run yet. <code>darkroom runs new</code> makes one, and <code>POST /v1/runs</code>.`,
      )
}
${next && html`<p><a class="button" href="/runs?${new URLSearchParams({ cursor: next }).toString()}">Older runs</a></p>`}`;

const STATES: Record<RunStatus, RenderStatus> = {
  open: 'queued',
  sealed: 'rendering',
  canceling: 'canceled',
  finished: 'completed',
};

/** A run that has finished with failed renders looks failed. */
export const runBadge = ({ status, counts }: RunResponse): Markup =>
  stateBadge(status === 'finished' && counts.failed > 0 ? 'failed' : STATES[status], status);
