import { type Reference, sumCost } from '@darkroom/shared/render';
import { dashboardPath, formatDollars, type RenderSnapshot } from '@darkroom/shared/snapshot';
import { hasEnded } from '../lookup/index.ts';
import { html, type Markup } from './html.ts';
import type { RenderFacts } from './render-facts.ts';
import { createTimeline, formatDuration } from './timeline.ts';

/** A render for people. Pure. */
export function createRenderView(facts: RenderFacts): Markup {
  const { snapshot } = facts;
  const { renderId, status, progress, error } = snapshot;
  return html`
<h1>${shorten(snapshot.request.prompt, 120)}</h1>
<p><span class="badge ${status}">${status}</span> <code>${renderId}</code></p>
${
  !hasEnded(snapshot) &&
  html`<p><progress max="100" value="${progress}">${progress} %</progress>
<span class="soft">${progress} %; this page reloads automatically</span></p>`
}
${error && errorCard(error)}
<div class="columns two">
<div>${imageSection(facts)}</div>
<div>
<h2>Request</h2>
${requestSection(facts)}
</div>
</div>
<h2>What happened</h2>
${historySection(facts)}
<h2>Purchases</h2>
${purchasesSection(snapshot)}
${facts.deliveries.length > 0 && html`<h2>Webhooks</h2>${deliveriesSection(facts)}`}
<h2>Links</h2>
<ul>
<li><a href="/v1/renders/${renderId}">The render in the API</a></li>
${facts.imageLinks && html`<li><a href="${facts.imageLinks.image}">The image</a></li>`}
${facts.operator && html`<li><a href="${dashboardPath(renderId)}">Its job on the dashboard</a></li>`}
</ul>`;
}

/** A text of at most `max` characters. */
export function shorten(text: string, most: number): string {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}

const errorCard = ({ code, message, step, chain }: NonNullable<RenderFacts['snapshot']['error']>) => html`
<div class="card error">
<p><strong class="failed">${code}</strong> <span class="soft">at ${step}</span></p>
<p>${message}</p>
${chain.length > 0 && html`<ol>${chain.map((cause) => html`<li><code>${cause}</code></li>`)}</ol>`}
</div>`;

/** The longer side of a thumbnail. */
const THUMBNAIL = 256;

function imageSection({ snapshot, imageLinks: links }: RenderFacts): Markup {
  const { image } = snapshot;
  if (!image || !links)
    return html`<p class="soft">There is no image${hasEnded(snapshot) ? '' : ' yet'}.</p>`;
  const scale = Math.min(1, THUMBNAIL / Math.max(image.width, image.height));
  const side = (pixels: number) => Math.max(1, Math.round(pixels * scale));
  return html`<a href="${links.image}"><img class="image" src="${links.thumbnail}"
 width="${side(image.width)}" height="${side(image.height)}" alt="The rendered image"></a>
<p class="soft">${image.width} × ${image.height}, ${Math.ceil(image.bytes / 1024)} KB, ${image.contentType}</p>
${image.warnings?.map((warning) => html`<p><strong>Differs from the request</strong>: ${warning}</p>`)}`;
}

function requestSection({ snapshot }: RenderFacts): Markup {
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
    ['Run', request.run],
    ['Tenant', tenant],
    ['Webhook', request.webhook && formatReference(request.webhook, 0)],
    ...Object.entries(request.metadata ?? {}).map(([key, value]): [string, unknown] => [key, String(value)]),
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
  const longest = Math.max(1, ...moments.map(({ took = 0 }) => took));
  const rows = moments.map(
    (
      { at, text, took },
      index,
    ) => html`<li class="step"><span class="soft">+ ${formatDuration(at - first)}</span>
<span>${text}${took !== undefined && html` <span class="soft">· ${index < moments.length - 1 ? 'then' : 'for'} ${formatDuration(took)}</span>`}</span>
${took !== undefined && html`<meter min="0" max="${longest}" value="${took}">${formatDuration(took)}</meter>`}</li>`,
  );
  return html`<p class="soft">Created ${formatTime(snapshot.createdAt)}; ${
    hasEnded(snapshot)
      ? html`ended ${formatTime(snapshot.updatedAt)}, after ${formatDuration(snapshot.updatedAt - first)}`
      : html`${formatDuration(now - first)} ago`
  }.</p>
<ol>${rows}</ol>`;
}

function purchasesSection(snapshot: RenderSnapshot): Markup {
  const all = snapshot.purchases;
  if (all.length === 0)
    return html`<p class="soft">Nothing was bought${hasEnded(snapshot) ? '' : ' yet'}.</p>`;
  return html`<div class="wide"><table>
<tr><th>No.<th>Task<th>Bought<th class="number">Cost</tr>
${all.map(
  ({
    attempt,
    taskId,
    acceptedAt,
    costMicros,
    refunded,
  }) => html`<tr><td>${attempt}<td><code>${taskId}</code><td>${formatTime(acceptedAt)}
<td class="number">${refunded ? 'refunded' : `$${formatDollars(costMicros)}`}</tr>\n`,
)}
<tr><th colspan="3">Total<th class="number">$${formatDollars(sumCost(all))}</tr>
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

function formatTime(at: number): Markup {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>`;
}
