import { FAILURE_CODES, RENDER_STATUSES, WAIT_CAUSES, WAITS, type WaitingFor } from '@darkroom/api';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { emptyState, filterForm, html, type Markup } from '../design/index.ts';
import { pathOf, readView, toFieldTime, VIEWS } from './list-query.ts';
import { createRenderTable } from './render-table.ts';
import { createTile } from './tile.ts';

/** What the page of a list shows. */
export interface ListFacts {
  snapshots: RenderSnapshot[];
  /** The paths of their thumbnails, in the same order. */
  thumbnails: (string | undefined)[];
  /** What they wait for, in the same order. */
  waits: (WaitingFor | null)[];
  /** The query of the page, with its view. */
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
  /** Unix milliseconds. */
  now: number;
}

export const createListView = (facts: ListFacts): Markup => html`
<h1>Renders</h1>
${facts.canceled && html`<p class="card" role="status">${facts.canceled} are being canceled.</p>`}
${createFilters(facts)}
${facts.incomplete && html`<p class="card problem">Renders are restored after a loss of the queue. Some may be missing here.</p>`}
<div class="row between"><h2>${facts.snapshots.length === 0 ? 'No renders' : 'Newest first'}</h2>${createViewLinks(facts.query)}</div>
${
  facts.snapshots.length > 0
    ? createSelection(facts)
    : emptyState(
        facts.next ? 'No render of this part matches the filters.' : 'No render matches the filters.',
      )
}
${facts.next && html`<p><a class="button" href="${pathOf({ ...facts.query, cursor: facts.next })}">Next page</a></p>`}`;

const createViewLinks = (query: Record<string, string>): Markup =>
  html`<nav class="views" aria-label="View">${VIEWS.map(
    (view) =>
      html`<a href="${pathOf({ ...query, view })}"${readView(query['view']) === view && html` aria-current="true"`}>${view}</a>\n`,
  )}</nav>`;

/** The renders, in a form if the caller can do something with them. */
function createSelection(facts: ListFacts): Markup {
  const { query, mayCancel, mayRedrive } = facts;
  const withBoxes = mayCancel || mayRedrive;
  const content =
    readView(query['view']) === 'table'
      ? createRenderTable({ ...facts, withTenant: facts.allTenants, withBoxes })
      : createGallery(facts, withBoxes);
  if (!withBoxes) return content;
  return html`<form method="post">${content}
<input type="hidden" name="query" value="${new URLSearchParams(query).toString()}">
<div class="row card acts"><span>The selected</span>
${mayCancel && html`<button formaction="/renders/cancel">Cancel</button>`}${mayRedrive && html`<button formaction="/redrive-plans">Plan a redrive</button>`}
<span class="soft">Those that have ended are not canceled. A purchase that is under way is not stopped. A plan shows the price.</span></div></form>`;
}

function createGallery({ snapshots, thumbnails }: ListFacts, withBoxes: boolean): Markup {
  const tiles = snapshots.map((snapshot, at) => createTile(snapshot, thumbnails[at]));
  if (!withBoxes) return html`<div class="gallery">${tiles}</div>`;
  return html`<div class="gallery">${snapshots.map(
    ({ renderId }, at) =>
      html`<div class="pick"><input type="checkbox" name="id" value="${renderId}" aria-label="Select ${renderId}">${tiles[at]}</div>`,
  )}</div>`;
}

function createFilters({ query, allTenants }: ListFacts): Markup {
  const field = (name: string, label: string, more: Markup = html``) =>
    html`<label>${label}<input name="${name}" value="${query[name]}"${more}></label>\n`;
  const time = (name: string, label: string) =>
    html`<label>${label}<input type="datetime-local" name="${name}" value="${toFieldTime(query[name])}"></label>\n`;
  const select = (name: string, label: string, options: readonly (readonly [string, string])[]) =>
    html`<label>${label}<select name="${name}">
<option value="">all</option>
${options.map(([value, text]) => html`<option value="${value}"${query[name] === value && html` selected`}>${text}</option>\n`)}</select></label>\n`;
  const same = (values: readonly string[]) => values.map((value) => [value, value] as const);
  const isSet = Object.keys(query).some((name) => name !== 'view');
  const content = html`<input type="hidden" name="view" value="${readView(query['view'])}">
${field('id', 'Render id', html` placeholder="rnd_…" size="36"`)}${field('text', 'Prompt, SKU, metadata, task', html` maxlength="200"`)}${field('run', 'Run')}${allTenants && field('tenant', 'Tenant')}${select('status', 'Status', same(RENDER_STATUSES))}${select('code', 'Code', same(FAILURE_CODES))}${select(
  'waiting_for',
  'Waits for',
  WAIT_CAUSES.map((cause) => [cause, WAITS[cause].title] as const),
)}${time('created_after', 'From (UTC)')}${time('created_before', 'Before (UTC)')}<button>Show</button>
${isSet && html`<a class="button" href="${pathOf({ view: readView(query['view']) })}">Clear</a>`}`;
  return filterForm({ action: '/renders', isSet }, content);
}
