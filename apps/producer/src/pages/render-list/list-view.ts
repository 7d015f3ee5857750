import { RENDER_STATUSES } from '@darkroom/api';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { emptyState, html, type Markup } from '../design/index.ts';
import { createTile } from './tile.ts';

/** What the page of a list shows. */
export interface ListFacts {
  snapshots: RenderSnapshot[];
  /** The paths of their thumbnails, in the same order. */
  thumbnails: (string | undefined)[];
  /** The query of the page. */
  query: Record<string, string>;
  /** The cursor of the next page. */
  next?: string;
  /** Whether renders are restored: some may be missing. */
  incomplete: boolean;
  /** Whether the caller can choose a tenant. */
  allTenants: boolean;
}

export const createListView = (facts: ListFacts): Markup => html`
<h1>Renders</h1>
${createFilters(facts)}
${facts.incomplete && html`<p class="card problem">Renders are restored after a loss of the queue. Some may be missing here.</p>`}
<h2>${facts.snapshots.length === 0 ? 'No renders' : 'Newest first'}</h2>
${
  facts.snapshots.length > 0
    ? html`<div class="gallery">${facts.snapshots.map((snapshot, at) => createTile(snapshot, facts.thumbnails[at]))}</div>`
    : emptyState(
        facts.next ? 'No render of this part matches the filters.' : 'No render matches the filters.',
      )
}
${facts.next && html`<p><a class="button" href="${pathOf({ ...facts.query, cursor: facts.next })}">Next page</a></p>`}`;

const pathOf = (query: Record<string, string>) => `/renders?${new URLSearchParams(query).toString()}`;

function createFilters({ query, allTenants }: ListFacts): Markup {
  const field = (name: string, label: string, more: Markup = html``) =>
    html`<label>${label}<input name="${name}" value="${query[name]}"${more}></label>\n`;
  const date = html` type="date"`;
  return html`<form class="filters card" method="get" action="/renders">
${field('id', 'Render id', html` placeholder="rnd_…" size="36"`)}<label>Status<select name="status">
<option value="">all</option>
${RENDER_STATUSES.map((status) => html`<option${query['status'] === status && html` selected`}>${status}</option>\n`)}</select></label>
${field('run', 'Run')}${allTenants && field('tenant', 'Tenant')}${field('created_after', 'From', date)}${field('created_before', 'Before', date)}<button>Show</button>
</form>`;
}
