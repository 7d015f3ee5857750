import { FAILURE_CODES, RENDER_STATUSES } from '@darkroom/api';
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
  mayCancel: boolean;
  mayRedrive: boolean;
  /** How many were just canceled. */
  canceled?: string;
}

export const createListView = (facts: ListFacts): Markup => html`
<h1>Renders</h1>
${facts.canceled && html`<p class="card" role="status">${facts.canceled} are being canceled.</p>`}
${createFilters(facts)}
${facts.incomplete && html`<p class="card problem">Renders are restored after a loss of the queue. Some may be missing here.</p>`}
<h2>${facts.snapshots.length === 0 ? 'No renders' : 'Newest first'}</h2>
${
  facts.snapshots.length > 0
    ? createGallery(facts)
    : emptyState(
        facts.next ? 'No render of this part matches the filters.' : 'No render matches the filters.',
      )
}
${facts.next && html`<p><a class="button" href="${pathOf({ ...facts.query, cursor: facts.next })}">Next page</a></p>`}`;

function createGallery({ snapshots, thumbnails, mayCancel, mayRedrive }: ListFacts): Markup {
  const tiles = snapshots.map((snapshot, at) => createTile(snapshot, thumbnails[at]));
  if (!mayCancel && !mayRedrive) return html`<div class="gallery">${tiles}</div>`;
  return html`<form method="post"><div class="gallery">${snapshots.map(
    ({ renderId }, at) =>
      html`<div class="pick"><input type="checkbox" name="id" value="${renderId}" aria-label="Select ${renderId}">${tiles[at]}</div>`,
  )}</div>
<div class="row card acts"><span>The selected</span>
${mayCancel && html`<button formaction="/renders/cancel">Cancel</button>`}${mayRedrive && html`<button formaction="/redrive-plans">Plan a redrive</button>`}
<span class="soft">Those that have ended are not canceled. A purchase that is under way is not stopped. A plan shows the price.</span></div></form>`;
}

const pathOf = (query: Record<string, string>) => `/renders?${new URLSearchParams(query).toString()}`;

function createFilters({ query, allTenants }: ListFacts): Markup {
  const field = (name: string, label: string, more: Markup = html``) =>
    html`<label>${label}<input name="${name}" value="${query[name]}"${more}></label>\n`;
  const date = html` type="date"`;
  return html`<form class="filters card" method="get" action="/renders">
${field('id', 'Render id', html` placeholder="rnd_…" size="36"`)}<label>Status<select name="status">
<option value="">all</option>
${RENDER_STATUSES.map((status) => html`<option${query['status'] === status && html` selected`}>${status}</option>\n`)}</select></label>
<label>Code<select name="code">
<option value="">all</option>
${FAILURE_CODES.map((code) => html`<option${query['code'] === code && html` selected`}>${code}</option>\n`)}</select></label>
${field('text', 'Prompt, metadata, task', html` maxlength="200"`)}${field('run', 'Run')}${allTenants && field('tenant', 'Tenant')}${field('created_after', 'From', date)}${field('created_before', 'Before', date)}<button>Show</button>
</form>`;
}
