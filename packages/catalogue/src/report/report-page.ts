import { createColumnChart, html, type Markup, trustMarkup } from '@darkroom/shared/design';
import { findMeaning } from './meanings.ts';
import { REPORT_STATES, type ReportState } from './pack-items.ts';
import { SPRITE, STATE_NAMES, shape } from './shapes.ts';
import { INDEX_PER_FILE, ITEMS_PER_FILE, type ReportSummary } from './summary.ts';
import { createTimeline, type ReportTally } from './tally-items.ts';

/**
 * `report.html`: the sums as markup, so that they are there at once and without scripts. The grid is made by the script from
 * data files.
 */
export function createReportPage(summary: ReportSummary, tally: ReportTally): string {
  const { catalogue, run, startedAt, finishedAt, stopped } = summary;
  const { items, counts, rows } = tally;
  const ready = counts.new + counts.changed + counts.unchanged;
  const page = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>${catalogue}, ${run} · Darkroom</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="report/report.css">
<body data-catalogue="${catalogue}" data-tenant="${summary.tenant}" data-run="${run}" data-items="${items}" data-index-size="${INDEX_PER_FILE}" data-file-size="${ITEMS_PER_FILE}">
${SPRITE}
<a class="skip" href="#sheet">Skip to the images</a>
<header class="head">
<p class="brand">${LOGO}Darkroom</p>
<h1>${catalogue}</h1>
<p class="soft when">Run <b>${run}</b> · <span id="when">${timeElement(startedAt)} to ${timeElement(finishedAt)}</span> · ${formatDuration(finishedAt - startedAt)}</p>
</header>
<main>
<section class="summary" aria-label="Summary">
<div class="lead">
<p class="ready"><strong>${formatCount(ready)}</strong> of ${formatCount(items)} images ${items === 1 ? 'is' : 'are'} ready${rows < items && html`, for ${formatCount(rows)} products`}.</p>
${stopped !== null && html`<p class="stopped">${shape('not_bought')}<span>${stopped}</span></p>`}
${createBar(counts, items)}
${describeTrouble(tally)}
${summary.removed > 0 && html`<p class="soft">${formatCount(summary.removed)} ${summary.removed === 1 ? 'item is' : 'items are'} no longer in the source.</p>`}
</div>
${createMoney(summary, tally)}
${createChart(summary, tally)}
</section>
${createToolbar(counts, items)}
<div id="sheet" class="sheet" role="list" aria-label="Images" tabindex="-1"></div>
<p id="empty" class="empty" hidden></p>
<noscript><p class="empty">The images are shown by a script. Allow scripts for this page, or open the folder <code>images</code>.</p></noscript>
</main>
<div id="outbox" class="outbox" role="status" hidden><span id="outbox-text"></span><button id="outbox-act" class="primary" type="button"></button></div>
${createDialog()}
<script type="application/json" id="meanings">${json(listMeanings(tally))}</script>
<script src="report/place.js" defer></script>
<script src="report/report.js" defer></script>
<script src="report/index-0001.js" defer></script>
<script src="report/reviews.js" defer></script>
</html>
`;
  return page.text;
}

const LOGO = html`<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#8f1d14"/><circle cx="16" cy="16" r="8" fill="none" stroke="#fff" stroke-width="3"/><circle cx="16" cy="16" r="2.5" fill="#fff"/></svg>`;

const formatCount = (count: number) => count.toLocaleString('en-US');

/** Two decimals, or three where a cent is too much. */
const formatDollars = (micros: number) => {
  const cents = micros / 1e4;
  return `$${(micros / 1e6).toLocaleString('en-US', { minimumFractionDigits: Number.isInteger(cents) ? 2 : 3, maximumFractionDigits: 3 })}`;
};

/** In UTC. The script shows it in the time zone of the reader. */
const timeElement = (at: number) =>
  html`<time datetime="${new Date(at).toISOString()}">${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC</time>`;

function formatDuration(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

const BAR = 1000;
const MIN_PART = 8;

/** All items as one bar. Every part that has items is wide enough to see. */
function createBar(counts: ReportTally['counts'], items: number): Markup | false {
  const parts = REPORT_STATES.filter((state) => counts[state] > 0);
  const free = BAR - MIN_PART * parts.length;
  let x = 0;
  const rects = parts.map((state) => {
    const width = MIN_PART + (free * counts[state]) / items;
    const rect = html`<rect class="s-${state}" x="${Math.round(x)}" width="${Math.round(width) - 3}" height="10"/>`;
    x += width;
    return rect;
  });
  return (
    rects.length > 0 &&
    html`<svg class="share" viewBox="0 0 ${BAR} 10" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>`
  );
}

const TROUBLE: Partial<Record<ReportState, string>> = {
  failed: 'failed',
  not_bought: 'not bought',
  quarantined: 'quarantined',
};

/** Links to what a person must read. */
function describeTrouble({ counts }: ReportTally): Markup {
  const found = (Object.keys(TROUBLE) as ReportState[]).filter((state) => counts[state] > 0);
  if (found.length === 0)
    return html`<p class="fine">${shape('unchanged')}<span>Nothing needs your attention.</span></p>`;
  return html`<p class="trouble">${found.map((state) => html`<a class="s-${state}" href="#filter=${state}">${shape(state)}${formatCount(counts[state])} ${TROUBLE[state]}</a> `)}</p>`;
}

function createMoney(
  { budget }: ReportSummary,
  { spent, refunded, possiblySpent, counts }: ReportTally,
): Markup {
  const bought = counts.new + counts.changed;
  const notes = [
    refunded > 0 && `${formatDollars(spent)} less ${formatDollars(refunded)} refunded`,
    possiblySpent > 0 && `${formatDollars(possiblySpent)} more is possible`,
    budget !== null && `the limit was ${formatDollars(budget * 1e6)}`,
  ].filter((note) => note !== false);
  return html`<dl class="money">
<div><dt>Cost of this run</dt><dd class="big">${formatDollars(spent - refunded)}</dd>${notes.map((note) => html`<dd class="note">${note}</dd>`)}</div>
<div><dt>Bought</dt><dd>${formatCount(bought)}</dd>${bought > 0 && html`<dd class="note">${formatDollars(Math.round((spent - refunded) / bought))} each</dd>`}</div>
<div><dt>Used again</dt><dd>${formatCount(counts.unchanged)}</dd><dd class="note">at no cost</dd></div>
</dl>`;
}

function createChart({ startedAt, finishedAt }: ReportSummary, tally: ReportTally): Markup | false {
  if (tally.minutes.size === 0) return false;
  const { step, from, columns } = createTimeline(tally.minutes, startedAt, finishedAt);
  const most = Math.max(...columns.map(({ done, dead }) => done + dead));
  const every = step < 60 ? `${step} min` : `${step / 60} h`;
  const end = from + columns.length * step * 60_000;
  return html`<figure class="hours">
<figcaption><span>Images ${step === 60 ? 'per hour' : `per ${every}`}</span><span class="soft">at most ${formatCount(most)}</span></figcaption>
${createColumnChart(columns)}
<p class="legend">${clockElement(from)}${clockElement(end)}</p>
</figure>`;
}

const clockElement = (at: number) =>
  html`<time data-clock datetime="${new Date(at).toISOString()}">${new Date(at).toISOString().slice(11, 16)}</time>`;

const FILTERS = ['all', ...REPORT_STATES, 'rejected', 'approved'] as const;

const createToolbar = (
  counts: ReportTally['counts'],
  items: number,
) => html`<section class="tools" aria-label="Filters">
<label class="search"><span class="hidden">Search by key, name or prompt</span>${shape('search')}<input id="search" type="search" placeholder="Search key, name, prompt" autocomplete="off" spellcheck="false" enterkeyhint="search"><kbd aria-hidden="true">/</kbd></label>
<div class="chips" role="group" aria-label="Show">${FILTERS.map((name) => {
  const count = name === 'all' ? items : name === 'rejected' || name === 'approved' ? 0 : counts[name];
  return html`<button type="button" class="chip s-${name}" data-filter="${name}" aria-pressed="${name === 'all' ? 'true' : 'false'}"${count === 0 && html` data-zero`}>${name !== 'all' && shape(name)}<span>${STATE_NAMES[name]}</span> <b>${formatCount(count)}</b></button>`;
})}</div>
<p id="shown" class="shown soft" role="status" aria-live="polite"></p>
</section>`;

const createDialog = () => html`<dialog id="detail" aria-labelledby="d-name">
<div class="d-top"><div><h2 id="d-name"></h2><p id="d-key" class="soft"></p></div><span id="d-place" class="soft"></span>
<div class="d-move"><button type="button" id="d-back" aria-label="Previous item" title="Previous item (←)">${shape('back')}</button><button type="button" id="d-next" aria-label="Next item" title="Next item (→)">${shape('next')}</button><button type="button" id="d-close" aria-label="Close" title="Close (Esc)">${shape('close')}</button></div></div>
<div class="d-body">
<div class="d-images">
<div class="views" id="d-modes" role="group" aria-label="Compare" hidden><button type="button" data-mode="beside" aria-pressed="true">Side by side</button><button type="button" data-mode="slider" aria-pressed="false">Slider</button></div>
<div id="d-compare" class="compare"></div>
</div>
<div class="d-side">
<div class="review" role="group" aria-label="Review">
<div class="verdicts"><button type="button" id="d-approve" aria-pressed="false">${shape('approved')}Approve <kbd aria-hidden="true">a</kbd></button><button type="button" id="d-reject" aria-pressed="false">${shape('rejected')}<span id="d-reject-text">Reject</span> <kbd aria-hidden="true">r</kbd></button></div>
<div id="d-more" hidden>
<label>Note<textarea id="d-note" rows="2" maxlength="500" placeholder="What is wrong with it?"></textarea></label>
<label class="check"><input type="checkbox" id="d-again">Again with another prompt</label>
<label id="d-prompt-label" hidden><span class="hidden">The other prompt</span><textarea id="d-prompt" rows="6" maxlength="1000"></textarea></label>
</div>
<p id="d-state" class="soft" role="status"></p>
</div>
<div id="d-error" class="card problem" hidden></div>
<h3>Prompt</h3><p id="d-text" class="prompt"></p>
<dl id="d-facts"></dl>
</div></div>
</dialog>`;

/** What the errors of this run mean. */
const listMeanings = ({ errors }: ReportTally) =>
  Object.fromEntries([...errors.keys()].map((code) => [code, findMeaning(code)]));

/** JSON inside of a script element: `<` is written as an escape, the only character that can end it. */
const json = (value: unknown): Markup =>
  trustMarkup(JSON.stringify(value).replaceAll('<', String.raw`\u003c`));
