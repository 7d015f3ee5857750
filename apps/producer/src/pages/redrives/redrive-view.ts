import {
  ENDED_REDRIVE_STATUSES,
  type RedriveItem,
  type RedriveResponse,
  type RenderStatus,
} from '@darkroom/api';
import { emptyState, html, type Markup, stat, stateBadge, table } from '../design/index.ts';
import { formatTime } from '../formats.ts';

export const hasRedriveEnded = ({ status }: Pick<RedriveResponse, 'status'>): boolean =>
  (ENDED_REDRIVE_STATUSES as readonly string[]).includes(status);

interface RedriveViewFacts {
  redrive: RedriveResponse;
  /** The renders that failed or were skipped. */
  items: RedriveItem[];
  /** Whether there are more of them. */
  hasMore: boolean;
  mayChange: boolean;
}

/** A redrive: how far it is, what failed, and its controls. */
export const createRedriveView = ({ redrive, items, hasMore, mayChange }: RedriveViewFacts): Markup => {
  const { id, status, total, done, skipped, failed, remaining } = redrive;
  const ended = hasRedriveEnded(redrive);
  const finished = done + skipped + failed;
  return html`
<h1>Redrive</h1>
<p>${stateBadge(STATES[status], status)} <code>${id}</code>
<span class="soft">by ${redrive.actor}${redrive.reason && `: ${redrive.reason}`}${redrive.status_reason && html` · ${redrive.status_reason}`}</span></p>
<p><progress max="${Math.max(1, total)}" value="${finished}">${finished} of ${total}</progress></p>
<div class="stats">
${stat('Renders', String(total), { href: `/redrive-plans/${redrive.plan}`, note: 'the plan' })}
${stat('Done', String(done))}
${stat('Skipped', String(skipped))}
${stat('Failed again', String(failed))}
${stat('Remaining', String(remaining), { note: `${redrive.started} started, ${redrive.rate} per second` })}
${stat('Bought again', String(redrive.purchases), { note: `$${redrive.spend}${redrive.max_spend === null ? '' : ` of at most $${redrive.max_spend}`}` })}
</div>
<p class="soft">Began ${formatTime(Date.parse(redrive.created_at))}${redrive.ended_at ? html`, ended ${formatTime(Date.parse(redrive.ended_at))}` : '; this page reloads automatically'}.
${redrive.max_jobs !== null && `At most ${redrive.max_jobs} renders. `}${redrive.accept_duplicate_charge && 'A second charge is accepted. '}${redrive.poll_again && 'Unclear purchases are polled again, not bought. '}<a href="/redrives">All redrives</a></p>
${mayChange && !ended && status !== 'canceling' && controls(redrive)}
<h2>Failed and skipped renders</h2>
${items.length > 0 ? itemTable(items) : emptyState('None.')}
${hasMore && html`<p class="soft">There are more: <a href="${redrive.links.items}?status=failed,skipped">all of them</a>, as JSON.</p>`}`;
};

const STATES: Record<RedriveResponse['status'], RenderStatus> = {
  waiting: 'queued',
  running: 'rendering',
  paused: 'queued',
  canceling: 'canceled',
  completed: 'completed',
  partial: 'failed',
  canceled: 'canceled',
  stopped: 'failed',
};

const controls = ({ id, status }: RedriveResponse): Markup => {
  const button = (action: string, text: string) =>
    html`<form method="post" action="/redrives/${id}/${action}"><button>${text}</button></form>\n`;
  return html`<div class="row">${status === 'paused' ? button('resume', 'Resume') : button('pause', 'Pause')}${button('cancel', 'Cancel the rest')}</div>`;
};

const itemTable = (items: readonly RedriveItem[]): Markup =>
  table(
    ['Render', 'Result', 'Reason'],
    items.map(({ id, status, error, skip_reason: skipReason }) => [
      html`<a href="/renders/${id}"><code>${id}</code></a>`,
      status,
      error
        ? html`<a href="/problems/${error.code}"><code>${error.code}</code></a> at ${error.step}: ${error.message}`
        : skipReason && html`<code>${skipReason}</code>: ${SKIP_TEXTS[skipReason]}`,
    ]),
  );

const SKIP_TEXTS: Record<NonNullable<RedriveItem['skip_reason']>, string> = {
  changed: 'it is not failed any more, or it failed again since the plan',
  not_found: 'the queue no longer has it',
  acknowledgement_needed: 'it may have been bought already, and no second charge was accepted',
  result_expired: 'its image expired since the plan, which did not buy it',
};

/** All redrives, the latest first. */
export const createRedriveList = (
  redrives: readonly RedriveResponse[],
  next: string | undefined,
): Markup => html`
<h1>Redrives</h1>
<p class="soft">Failed renders that run again, each by a plan. Plans are made on <a href="/dead-letters">the page of dead letters</a>.</p>
${
  redrives.length > 0
    ? table(
        ['Redrive', 'Status', 'Began', 'Done', 'Skipped', 'Failed', 'Remaining', 'Spend', 'By'],
        redrives.map((one) => [
          html`<a href="/redrives/${one.id}"><code>${one.id.slice(0, 12)}…</code></a>`,
          stateBadge(STATES[one.status], one.status),
          formatTime(Date.parse(one.created_at)),
          one.done,
          one.skipped,
          one.failed,
          one.remaining,
          `$${one.spend}`,
          html`${one.actor}${one.reason && `: ${one.reason}`}`,
        ]),
      )
    : emptyState('There is no redrive yet.')
}
${next && html`<p><a class="button" href="/redrives?cursor=${encodeURIComponent(next)}">Older redrives</a></p>`}`;
