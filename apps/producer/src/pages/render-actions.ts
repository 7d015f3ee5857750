import { sumCost } from '@darkroom/shared/render';
import { formatDollars } from '@darkroom/shared/snapshot';
import { describeRedrive, formatPrice } from './dead-letters/index.ts';
import { html, type Markup } from './design/index.ts';
import type { RenderFacts } from './render-facts.ts';

/** The buttons of a render's page: only what can succeed, each with what it costs. */
export function createActions(facts: RenderFacts): Markup {
  const { snapshot, possible, imageLink } = facts;
  const { renderId } = snapshot;
  const post = (action: string, name: string, cost: string, fields?: Markup) =>
    html`<form method="post" action="${action}" class="action">${fields}<button>${name}</button><span class="soft">${cost}</span></form>\n`;
  return html`<div class="actions">
${imageLink && html`<a class="button" href="${imageLink}" download="${renderId}">Download</a>`}
<button type="button" data-copy="${renderId}">Copy the id</button>
${possible.cancel && post(`/renders/${renderId}/cancel`, 'Cancel', describeCancel(facts))}
${
  possible.redrive &&
  post(
    '/redrive-plans',
    'Plan a redrive',
    `the plan costs nothing; a redrive ${describeRedrive(possible.redrive)}`,
    html`<input type="hidden" name="id" value="${renderId}">`,
  )
}
${
  possible.letThrough &&
  post(
    `/renders/${renderId}/let-through`,
    'Let it through',
    `it is submitted although it is paused: ${formatPrice(possible.letThrough.price)}`,
    html`<input name="reason" aria-label="Reason" placeholder="reason" required maxlength="300" size="16">`,
  )
}
${possible.buyAgain && html`<a class="button" href="#buy-again">Buy it again</a>`}
${possible.statement && html`<a class="button" href="#statement">State what was bought</a>`}
${possible.resend && post(`/renders/${renderId}/redeliver`, 'Send the webhooks again', 'costs nothing')}
</div>`;
}

/** A purchase that is under way is not stopped. */
function describeCancel({ snapshot }: RenderFacts): string {
  const { spentMicros, possiblySpentMicros } = sumCost(snapshot.purchases);
  const paid = spentMicros + possiblySpentMicros;
  return paid === 0 ? 'costs nothing yet' : `$${formatDollars(paid)} is, or may be, spent already`;
}
