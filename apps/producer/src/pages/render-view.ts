import { type Blocker, FAILURES, WAITS } from '@darkroom/api';
import { type Purchase, type Reference, sumCost } from '@darkroom/shared/render';
import { dashboardPath, formatDollars, problemPath, type RenderSnapshot } from '@darkroom/shared/snapshot';
import { hasEnded } from '../lookup/index.ts';
import { actionTable } from './audit-view.ts';
import { createBuyAgainForm } from './buy-again-form.ts';
import { html, type Markup, stateBadge } from './design/index.ts';
import { formatAhead, formatEta } from './eta-text.ts';
import { formatTime, markCode, shorten } from './formats.ts';
import { createActions } from './render-actions.ts';
import type { RenderFacts } from './render-facts.ts';
import { createStatementForm } from './statement-form.ts';
import { type Bar, createBars, createTimeline, formatDuration } from './timeline.ts';

/** A render for people. Pure. */
export function createRenderView(facts: RenderFacts): Markup {
  const { snapshot } = facts;
  const { renderId, status, progress, error } = snapshot;
  const image = imageSection(facts);
  return html`
<h1>${shorten(snapshot.request.prompt, 120)}</h1>
<p>${stateBadge(status)} <code>${renderId}</code></p>
${snapshot.copyOf && html`<p>A copy of <a href="/renders/${snapshot.copyOf}"><code>${snapshot.copyOf}</code></a>, which was bought again.</p>`}
${facts.copy && html`<p>It was bought again, as <a href="/renders/${facts.copy}"><code>${facts.copy}</code></a>.</p>`}
${
  !hasEnded(snapshot) &&
  html`<p><progress max="100" value="${progress}">${progress} %</progress>
<span class="soft">${progress} %${forecastText(facts)}; this page reloads automatically</span></p>`
}
${facts.waitingFor && html`<p class="waiting">${describeWaiting(facts.waitingFor)}</p>`}
${error && errorCard(error)}
${createActions(facts)}
<div class="${image ? 'columns two' : 'columns'}">
<div>${image ?? noImage(snapshot)}</div>
<div>
<h2>Request</h2>
${requestSection(facts)}
</div>
</div>
<h2>What happened</h2>
${historySection(facts)}
<h2>Purchases</h2>
${purchasesSection(snapshot)}
${facts.possible.statement && html`<div id="statement">${createStatementForm(snapshot, facts.possible.statement.price)}</div>`}
${facts.possible.buyAgain && html`<div id="buy-again">${createBuyAgainForm(snapshot, facts.possible.buyAgain.price)}</div>`}
${facts.deliveries.length > 0 && html`<h2>Webhooks</h2>${deliveriesSection(facts)}`}
${facts.actions.length > 0 && html`<h2>Actions of operators</h2>${actionTable(facts.actions)}`}
<h2>Links</h2>
<ul>
<li><a href="/v1/renders/${renderId}">The render in the API</a></li>
${facts.imageLink && html`<li><a href="${facts.imageLink}">The image</a></li>`}
${facts.operator && html`<li><a href="${dashboardPath(renderId)}">Its job on the dashboard</a></li>`}
</ul>`;
}

function describeWaiting(waiting: NonNullable<RenderFacts['waitingFor']>): Markup {
  return html`<strong>Waits</strong>: ${describeBlocker(waiting)}${waiting.also.map(
    (one) => html`<br>Also: ${describeBlocker(one)}`,
  )}`;
}

const describeBlocker = ({ cause, name, owner, reason, since, until }: Blocker): Markup =>
  html`<a href="${problemPath(cause)}">${WAITS[cause].title}</a>${name && html` (<code>${name}</code>)`}${
    reason && `: ${reason}`
  }${owner && ` · ${owner}`}${since && html` · since ${formatTime(Date.parse(since))}`}${
    until && html` · until ${formatTime(Date.parse(until))}`
  }.`;

const errorCard = ({ code, message, step, chain }: NonNullable<RenderFacts['snapshot']['error']>) => html`
<div class="card error">
<p><strong class="failed">${FAILURES[code].title}</strong> <span class="soft">at ${step}</span></p>
<p>${message}</p>
${chain.length > 0 && html`<ol>${chain.map((cause) => html`<li><code>${cause}</code></li>`)}</ol>`}
<p>${markCode(FAILURES[code].meaning)}</p>
<p><strong>What to do</strong>: ${markCode(FAILURES[code].advice)}</p>
<p><strong>A redrive</strong>: ${markCode(FAILURES[code].redrive)}</p>
<p class="soft"><a href="${problemPath(code)}"><code>${code}</code></a></p>
</div>`;

/** The image itself: a thumbnail is too small for people who check it. */
function imageSection({ snapshot, imageLink }: RenderFacts): Markup | undefined {
  const { image } = snapshot;
  if (!image || !imageLink) return undefined;
  return html`<a href="${imageLink}"><img class="image" src="${imageLink}"
 width="${image.width}" height="${image.height}" decoding="async" alt="The rendered image"></a>
<p class="soft">${image.width} × ${image.height}, ${Math.ceil(image.bytes / 1024)} KB, ${image.contentType}</p>
${image.warnings?.map((warning) => html`<p><strong>Differs from the request</strong>: ${warning}</p>`)}`;
}

const noImage = (snapshot: RenderSnapshot) =>
  html`<p class="soft">There is no image${hasEnded(snapshot) ? '' : ' yet'}.</p>`;

/** For example `; 11 renders ahead; ready in about 2 min 05 s, nine of ten within 3 min`. */
function forecastText({ forecast: { queuePosition, eta }, snapshot, now }: RenderFacts): string {
  const ahead = queuePosition === undefined ? '' : `; ${formatAhead(queuePosition - 1)}`;
  const { providerProgress } = snapshot;
  const provider = providerProgress === undefined ? '' : `; the provider reports ${providerProgress} %`;
  return `${ahead}${provider}; ${formatEta(eta, now)}`;
}

const listPath = (filter: string, value: string) =>
  `/renders?${new URLSearchParams({ [filter]: value }).toString()}`;

function requestSection(facts: RenderFacts): Markup {
  const { snapshot } = facts;
  const { request, tenant } = snapshot;
  const rows: [string, unknown][] = [
    ['Prompt', request.prompt],
    ['Size', request.size ?? 'chosen by the provider'],
    ['Resolution', request.resolution],
    ['Model', request.model],
    ['Priority', request.priority],
    [
      'References',
      request.images.length > 0 && html`${request.images.length}: ${request.images.map(formatReference)}`,
    ],
    ['Mask', request.mask && formatReference(request.mask, 0)],
    ['Run', request.run && html`<a href="${listPath('run', request.run)}">${request.run}</a>`],
    ['Tenant', facts.operator ? html`<a href="${listPath('tenant', tenant)}">${tenant}</a>` : tenant],
    ['Webhook', request.webhook && formatHost(request.webhook)],
    ...Object.entries(request.metadata ?? {}).map(([key, value]): [string, unknown] => [
      key,
      html`<a href="${listPath('text', String(value))}">${String(value)}</a>`,
    ]),
  ];
  return html`<dl>${rows.map(([name, value]) => value && html`<dt>${name}<dd>${value}`)}</dl>`;
}

function formatReference(one: Reference, index: number): Markup {
  const text =
    one.kind === 'url'
      ? one.url
      : one.kind === 'stored-url'
        ? one.host
        : `${one.contentType}, ${Math.ceil(one.bytes / 1024)} KB`;
  return html`${index > 0 ? '; ' : ''}${text}`;
}

function historySection({ snapshot, notes, now }: RenderFacts): Markup {
  const moments = createTimeline(snapshot, notes, now);
  const first = moments[0]?.at ?? now;
  const bars = createBars(moments);
  const rows = moments.map(
    (
      { at, text, took },
      index,
    ) => html`<li class="step"><span class="soft">+ ${formatDuration(at - first)}</span>
<span>${text}${took !== undefined && html` <span class="soft">· ${index < moments.length - 1 ? 'then' : 'for'} ${formatDuration(took)}</span>`}</span>
${bars[index] && barOf(bars[index])}</li>`,
  );
  return html`<p class="soft">Created ${formatTime(snapshot.createdAt)}; ${
    hasEnded(snapshot)
      ? html`ended ${formatTime(snapshot.updatedAt)}, after ${formatDuration(snapshot.updatedAt - first)}`
      : html`${formatDuration(now - first)} ago`
  }.</p>
<ol class="timeline">${rows}</ol>`;
}

/** The text beside it has the duration in words. */
const barOf = ({ start, width }: Bar) =>
  html`<svg class="bar" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true"><rect x="${start}" width="${width}" height="8"/></svg>`;

const OUTCOME_TEXT = {
  accepted: 'bought',
  refunded: 'refunded',
  unknown: 'possibly bought',
} as const satisfies Record<Purchase['outcome'], string>;

function purchasesSection(snapshot: RenderSnapshot): Markup {
  const all = snapshot.purchases;
  if (all.length === 0)
    return html`<p class="soft">Nothing was bought${hasEnded(snapshot) ? '' : ' yet'}.</p>`;
  const { spentMicros, refundedMicros, possiblySpentMicros } = sumCost(all);
  const totals: [string, number][] = [
    ['Spent', spentMicros],
    ['Refunded', refundedMicros],
    ['Possibly spent', possiblySpentMicros],
  ];
  return html`<div class="wide"><table>
<tr><th>No.<th>Task<th>Accepted<th>Outcome<th class="number">Price</tr>
${all.map(
  ({
    attempt,
    taskId,
    acceptedAt,
    costMicros,
    outcome,
  }) => html`<tr><td>${attempt}<td>${taskId ? html`<code>${taskId}</code>` : 'unknown'}
<td>${acceptedAt === undefined ? 'unknown' : formatTime(acceptedAt)}<td>${OUTCOME_TEXT[outcome]}<td class="number">$${formatDollars(costMicros)}</tr>\n`,
)}
${totals.map(([name, micros]) => html`<tr><th colspan="4">${name}<th class="number">$${formatDollars(micros)}</tr>\n`)}
</table></div>`;
}

function deliveriesSection({ deliveries: all, now }: RenderFacts): Markup {
  return html`<ul>${all.map(
    ({ job, status, attempts, nextAttemptAt, lastError, id }) => html`<li>
<span class="badge ${status}">${status}</span> render.${job.status} to ${formatHost(job.to)}
<span class="soft">· ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}${nextAttemptAt !== undefined && `, next in ${formatDuration(Math.max(0, nextAttemptAt - now))}`}</span>
${lastError && html`<p>${lastError}</p>`}<p class="soft"><code>${id}</code></p></li>`,
  )}</ul>`;
}

/** Only the host is shown: the rest of a webhook's URL may be a secret (I8). */
function formatHost(to: Reference): string {
  if (to.kind === 'stored-url') return to.host;
  return to.kind === 'url' && URL.canParse(to.url) ? new URL(to.url).host : 'the receiver';
}
