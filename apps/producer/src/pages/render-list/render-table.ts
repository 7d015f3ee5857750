import type { WaitingFor } from '@darkroom/api';
import { WAITS } from '@darkroom/api';
import { sumCost } from '@darkroom/shared/render';
import { formatDollars, problemPath, type RenderSnapshot } from '@darkroom/shared/snapshot';
import { html, type Markup, stateBadge, table } from '../design/index.ts';
import { shorten } from '../formats.ts';
import { formatDuration } from '../timeline.ts';
import { pathOf } from './list-query.ts';

export interface TableFacts {
  snapshots: readonly RenderSnapshot[];
  /** What they wait for, in the same order. */
  waits: readonly (WaitingFor | null)[];
  withTenant: boolean;
  /** Whether a row has a box to select it. */
  withBoxes: boolean;
  /** Unix milliseconds. */
  now: number;
}

/** Renders as rows: for people who compare them. */
export function createRenderTable({ snapshots, waits, withTenant, withBoxes, now }: TableFacts): Markup {
  const heads = ['Render', 'Metadata', ...(withTenant ? ['Tenant'] : []), 'Run', 'Status', 'Age', 'Cost'];
  const rows = snapshots.map((snapshot, at) => {
    const { renderId, tenant, request, createdAt } = snapshot;
    return [
      ...(withBoxes
        ? [html`<input type="checkbox" name="id" value="${renderId}" aria-label="Select ${renderId}">`]
        : []),
      html`<a href="/renders/${renderId}" title="${renderId}">${shorten(request.prompt, 60)}</a><br><code class="soft">${renderId.slice(0, 12)}…</code>`,
      listMetadata(request.metadata ?? {}),
      ...(withTenant ? [html`<a href="${pathOf({ view: 'table', tenant })}">${tenant}</a>`] : []),
      request.run &&
        html`<a class="pair" href="${pathOf({ view: 'table', run: request.run })}">${request.run}</a>`,
      html`${stateBadge(snapshot.status)} ${describeState(snapshot, waits[at] ?? null)}`,
      html`<span class="number">${formatDuration(Math.max(0, now - createdAt))}</span>`,
      describeCost(snapshot),
    ];
  });
  return table([...(withBoxes ? ['Select'] : []), ...heads], rows);
}

const MAX_VALUES = 3;

const listMetadata = (metadata: Record<string, unknown>): Markup[] =>
  Object.entries(metadata)
    .slice(0, MAX_VALUES)
    .map(
      ([name, value], at) =>
        html`${at > 0 && html`<br>`}<span class="pair"><span class="soft">${shorten(name, 20)}</span> <a href="${pathOf({ view: 'table', text: String(value) })}">${shorten(String(value), 30)}</a></span>`,
    );

/** The code of a failure, or the step, and what it waits for. */
function describeState({ error, step }: RenderSnapshot, waiting: WaitingFor | null): Markup | undefined {
  if (error) return html`<a href="${problemPath(error.code)}"><code>${error.code}</code></a>`;
  if (waiting)
    return html`<span class="soft">waits: <a href="${problemPath(waiting.cause)}">${WAITS[waiting.cause].title}</a></span>`;
  return step && html`<span class="soft">step ${step}</span>`;
}

function describeCost({ purchases }: RenderSnapshot): Markup {
  const { spentMicros, possiblySpentMicros } = sumCost(purchases);
  return html`<span class="number">$${formatDollars(spentMicros)}</span>${
    possiblySpentMicros > 0 &&
    html`<br><span class="soft">+ $${formatDollars(possiblySpentMicros)} possibly</span>`
  }`;
}
